"""The reference platform: a small education platform that really does what it answers for.

Goes in: the journeys (login, catalogue, course, video, submission, grade book, management), the
storage behind them, exact counters, and faults that can be asked for, so that the load instrument
can be tested against a known truth.
Stays out: TLS and routing (`rehearsal.edge`), load, judging.

In production identity is Keycloak's, data is PostgreSQL's and segments are Ceph's. Here the data
is in SQLite, or, beside a data world, in its PostgreSQL and Ceph: both behind `storage.Storage`.
"""

"""The reference platform: a small education platform that really does what it answers for.

Goes in: the journeys (login, catalogue, course, resource, video, submission, grade book,
management), the storage behind them, exact counters, and faults that can be asked for, so that the
load instrument can be tested against a known truth.
Stays out: TLS and routing (`rehearsal.edge`), load, judging.

In production identity is Keycloak's, data is PostgreSQL's, resources and segments are Ceph's. Here
the data is in SQLite and the rest in files, or, beside a data world, in its PostgreSQL and Ceph:
behind `storage.Storage`, `shelf.Shelf` and `video.Segments`.
"""

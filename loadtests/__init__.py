"""Users by the ten thousand: the dense client, personas, shapes, recording and analysis.

Goes in: what a virtual user does and how it is measured. Stays out: what is being loaded, and
the verdict. Only this room knows Locust and gevent, and only in the processes that Locust runs:
`loadtests.run` and `loadtests.analysis` import neither.
"""

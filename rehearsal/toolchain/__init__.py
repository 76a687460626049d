"""The programs that a rehearsal runs: found, fetched or built, each of a pinned version.

Goes in: pins, the content-addressed cache, builds from Go modules, what this machine lacks.
Stays out: running the tools for what they are for.
"""

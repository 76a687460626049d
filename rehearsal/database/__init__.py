"""The base database on one machine: real PostgreSQL at each holder, from the plans' own values.

Goes in: servers, replication, the archive, promotion and what it refuses, restoring.
Stays out: who reads and writes it, and whether what was written is still there.
"""

"""The data world: object stores and databases at a few sites, written, broken, repaired, checked.

Goes in: composing them with links, the faults, the writer and its ledger, the probes, the checker,
and the process that keeps it all between commands.
Stays out: how an object store or a database works; judging what was found.
"""

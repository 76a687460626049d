"""The rules, a module for each subject.

Goes in: `RULES` of each subject, as data beside the functions that judge.
Stays out: reading files, Pulumi, and which rules run where (`policies.catalogue`).
"""

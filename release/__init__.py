"""Gather, judge and report; the command line that drives every room.

Goes in: stages in their order, the judge, reports, commands. Stays out: doing any room's work.
"""

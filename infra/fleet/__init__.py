"""Drives Pulumi over all sites: one worker process per stack, several at a time.

Goes in: stacks, locks, progress, readiness, drift, leftovers. Stays out: what a site gets.
"""

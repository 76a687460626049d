"""Transcribes plan values into Pulumi resources, one ComponentResource a file.

Goes in: plan values, as they are. Stays out: any choice; what a component needs, the plan says.
"""

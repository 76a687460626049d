"""What was seen: verdicts, figures, typed records, and the append-only run folder.

Goes in: the values that actors write and that the judge reads. Stays out: judging and acting.
"""

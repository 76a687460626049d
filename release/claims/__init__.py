"""One module per claim that something measures: from evidence to a verdict, its reason and figures.

Goes in: pure rules, three-valued. Stays out: reading files, clocks, and how a verdict is shown.
"""

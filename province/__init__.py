"""What was promised and what exists: sites, tiers, audience, addressing, claims.

Goes in: pure values and arithmetic over `stacks/province.yaml`.
Stays out: network, clock, processes, and anything of the other rooms.
"""

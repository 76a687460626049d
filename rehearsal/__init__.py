"""The whole province on one machine: toolchain, machine room, edge, reference platform.

Goes in: whatever plays a data center's part here, driven by the same plans as production.
Stays out: judging, and any path that production would not share.
"""

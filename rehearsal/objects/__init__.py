"""The province's object store on one machine: real Ceph at a few sites, really replicated.

Goes in: a monitor, a disk and a gateway for each zone at every place, the realm as the plan has it.
Stays out: what is stored; how a site is reached.
"""

"""The machine room: a real control plane for each site, on this machine's loopback addresses.

Goes in: booting and ending etcd, API server, controller-manager, scheduler and KWOK from site
plans, and the process that keeps a room standing between commands.
Stays out: what is deployed onto the clusters. Nodes are simulated by KWOK, and every record of
this room says so; everything else is the real thing.
"""

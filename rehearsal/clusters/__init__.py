"""Cluster API in the rehearsal: the machine room plays its controllers and its provider.

Goes in: watching the management cluster's Cluster API objects, deciding what they ask for, and
keeping their status as contract v1beta2 says. Stays out: how a control plane boots
(`rehearsal.machine_room`), and which objects there are (`infra.plan.cluster_objects`).
"""

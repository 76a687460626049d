"""Sites' networks on one machine: a namespace each, and a link for each pair, cut and healed.

Goes in: namespaces, virtual cables, addresses, routes.
Stays out: what is said over them.
"""

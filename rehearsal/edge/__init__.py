"""The edge: real nginx in front of the platform, rendered from the plans of all gateways.

Goes in: TLS, routes, limits, and the exact count of what was asked and answered.
Stays out: what the answers are (`rehearsal.platform`), and any route that no plan has.
"""

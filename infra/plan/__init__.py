"""One immutable plan per site, with every choice made.

Goes in: pure functions from `province.Province` to `SitePlan` and `FleetPlan`.
Stays out: Pulumi, network, clock, processes. A component never decides; what it needs is here.
"""

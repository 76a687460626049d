"""Alert rules from the objectives that the gate judges: one set of numbers for both.

The platform tells its request times as a histogram and its requests as counters, each with the
journey's name. Each bound of an objective has to be one of the histogram's buckets (`buckets`):
then `histogram_quantile` passes a bound just when too few requests were within it, and nothing
is interpolated. What is not measured alerts too: silence is no proof of health.
"""

from __future__ import annotations

from collections.abc import Iterator

from infra.plan.edge import EDGE_NAMESPACE
from infra.plan.values import AlertPlan, GatewayPlan, MonitoringPlan
from province.objectives import JourneyObjective, Objectives
from province.sites import Site

LATENCY = "suyun_request_seconds"
REQUESTS = "suyun_requests_total"
FAILED = "suyun_requests_failed_total"
CONNECTIONS = "nginx_connections_active"
SENT_BYTES = "suyun_edge_sent_bytes_total"
_WINDOW = "5m"
_FOR_SECONDS = 300
"""An alert wakes somebody: what lasts less than this mends itself or comes again."""
_NEARLY_FULL = 0.9
"""Of the edge's connections or of the Internet access: time is left to do something."""
_BITS = 8


def plan_monitoring(
    objectives: Objectives, site: Site, namespace: str, gateway: GatewayPlan
) -> MonitoringPlan:
    """Three alerts for each journey, one for silence, and those that say what is nearly full."""
    return MonitoringPlan(
        name="objectives",
        namespace=namespace,
        alerts=(
            *(alert for goal in objectives.journeys for alert in _journey(goal, site.id)),
            _silence(site.id),
            *_nearly_full(site, gateway),
        ),
        bucket_seconds=buckets(objectives),
    )


def buckets(objectives: Objectives) -> tuple[float, ...]:
    """Every bound of every journey, in seconds, ascending."""
    bounds = {
        bound / 1000
        for goal in objectives.journeys
        for bound in (goal.response_ms_p95_max, goal.response_ms_p99_max)
    }
    return tuple(sorted(bounds))


def _journey(goal: JourneyObjective, site: str) -> Iterator[AlertPlan]:
    chosen = f'site="{site}",journey="{goal.journey}"'
    for percent, bound_ms in ((95, goal.response_ms_p95_max), (99, goal.response_ms_p99_max)):
        rates = f"sum by (le) (rate({LATENCY}_bucket{{{chosen}}}[{_WINDOW}]))"
        yield AlertPlan(
            name=f"{_title(goal.journey)}SlowP{percent}",
            for_seconds=_FOR_SECONDS,
            group=goal.journey,
            expression=f"histogram_quantile({percent / 100:g}, {rates}) > {bound_ms / 1000:g}",
            summary=f"{percent} of 100 {goal.journey} requests at {site} should take at most "
            f"{bound_ms:g} ms",
        )
    failed, all_ = (f"sum(rate({name}{{{chosen}}}[{_WINDOW}]))" for name in (FAILED, REQUESTS))
    yield AlertPlan(
        name=f"{_title(goal.journey)}Errors",
        for_seconds=_FOR_SECONDS,
        group=goal.journey,
        expression=f"{failed} / {all_} > {goal.errors_ratio_max:g}",
        summary=f"at most {goal.errors_ratio_max:.2%} of {goal.journey} requests at {site} "
        "may fail",
    )


def _silence(site: str) -> AlertPlan:
    return AlertPlan(
        name="NothingMeasured",
        for_seconds=_FOR_SECONDS,
        group="edge",
        expression=f'absent({REQUESTS}{{site="{site}"}})',
        summary=f"no request of {site} is counted, so nobody knows whether its objectives hold",
    )


def _nearly_full(site: Site, gateway: GatewayPlan) -> Iterator[AlertPlan]:
    open_now = f'sum({CONNECTIONS}{{site="{site.id}",namespace="{EDGE_NAMESPACE}"}})'
    yield AlertPlan(
        name="ConnectionsNearlyFull",
        for_seconds=_FOR_SECONDS,
        group="edge",
        expression=f"{open_now} > {gateway.connections_max * _NEARLY_FULL:g}",
        summary=f"the edge of {site.id} is built for {gateway.connections_max} connections",
        severity="warning",
    )
    if site.internet_gbps:
        sent = f'sum(rate({SENT_BYTES}{{site="{site.id}"}}[{_WINDOW}])) * {_BITS}'
        yield AlertPlan(
            name="InternetNearlyFull",
            for_seconds=_FOR_SECONDS,
            group="edge",
            expression=f"{sent} > {site.internet_gbps * _NEARLY_FULL * 10**9:.0f}",
            summary=f"the Internet access of {site.id} is {site.internet_gbps:g} Gbit/s wide",
            severity="warning",
        )


def _title(journey: str) -> str:
    return journey.capitalize()

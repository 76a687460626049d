"""Quotas as claims look at them: what was planned beside what the clusters said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from evidence.records import QuotaRecord
from infra.plan.fleet import plan_fleet
from infra.plan.values import FleetPlan
from province.tiers import Amount
from release.claims.grounds import Ground, failed, some, unknown
from release.gathered import Gathered

Key = tuple[str, str]
"""Site, and namespace or queue."""
Amounts = dict[Key, Amount]


def planned_fleet(evidence: Gathered) -> FleetPlan:
    """The plan that was rehearsed, made again from the kept province. Raises PlanError."""
    return plan_fleet(evidence.province, evidence.run.scope)


def planned_walls(fleet: FleetPlan) -> Amounts:
    """What each namespace's ResourceQuota should say."""
    return {
        (plan.site, namespace.name): Amount(
            cpu_millis=namespace.quota.cpu_millis,
            memory_mib=namespace.quota.memory_mib,
            pods=namespace.quota.pods,
        )
        for plan in fleet.sites
        for namespace in plan.namespaces
    }


def planned_queues(fleet: FleetPlan) -> Amounts:
    """What each ClusterQueue should have as its own."""
    return {
        (plan.site, queue.name): queue.nominal
        for plan in fleet.sites
        for queue in plan.compute.queues
    }


def live(records: Iterable[QuotaRecord], kind: str) -> Amounts:
    """What the clusters said; the last word on each counts."""
    return {
        (record.site, record.name): Amount(
            cpu_millis=record.cpu_millis, memory_mib=record.memory_mib, pods=record.pods
        )
        for record in records
        if record.kind == kind
    }


def differences(planned: Amounts, seen: Amounts, what: str) -> Iterator[Ground]:
    """A live quota that is not as planned fails; one that nobody saw is unknown."""
    absent = [_name(key) for key in planned if key not in seen]
    if absent:
        yield unknown(f"no {what} was read of {some(absent)}")
    other = [_name(key) for key in planned if key in seen and seen[key] != planned[key]]
    if other:
        yield failed(f"the {what} is not as planned at {some(other)}")
    strange = [_name(key) for key in seen if key not in planned]
    if strange:
        yield failed(f"there is a {what} that nobody planned at {some(strange)}")


def _name(key: Key) -> str:
    return "/".join(key)

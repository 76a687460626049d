"""Whether what holds data stands: in production by its operator's word, else by being there.

A rehearsal runs no operators, so nobody would ever fill in a status.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from infra.plan.stateful import DatabasePlan, DataPlan

_AVAILABLE = "Available"


class DataLook(Protocol):
    """What has to be seen in a cluster."""

    def databases(self) -> list[Any]:
        """CloudNativePG's clusters, as JSON has them."""

    def backup_locations(self) -> list[Any]:
        """Velero's storage locations, as JSON has them."""


def missing_data(plan: DataPlan, look: DataLook) -> tuple[str, ...]:
    """A sentence for each cluster and each backup location that is not as planned yet."""
    sentences = list(_missing_locations(plan, _by_name(look.backup_locations())))
    if plan.database is not None:
        found = _by_name(look.databases())
        sentences += _missing_database(plan.database, found, has_operator=plan.is_retained)
    return tuple(sentences)


def _missing_locations(plan: DataPlan, found: Mapping[str, Any]) -> Iterator[str]:
    for planned in plan.backup.locations:
        name = f"BackupStorageLocation {plan.backup.namespace}/{planned.name}"
        if planned.name not in found:
            yield f"{name}: is not there"
        elif plan.is_retained and _status(found[planned.name]).get("phase") != _AVAILABLE:
            said = _status(found[planned.name]).get("message") or "its bucket was not reached yet"
            yield f"{name}: {said}"


def _missing_database(
    plan: DatabasePlan, found: Mapping[str, Any], *, has_operator: bool
) -> Iterator[str]:
    name = f"Cluster {plan.namespace}/{plan.name}"
    if plan.name not in found:
        yield f"{name}: is not there"
    elif has_operator:
        status = _status(found[plan.name])
        ready = status.get("readyInstances") or 0
        if ready < plan.instances:
            said = status.get("phase") or "its operator has not seen it yet"
            yield f"{name}: {ready} of {plan.instances} instances ready: {said}"


def _by_name(found: list[Any]) -> dict[str, Any]:
    return {item["metadata"]["name"]: item for item in found}


def _status(item: Mapping[str, Any]) -> Mapping[str, Any]:
    return item.get("status") or {}

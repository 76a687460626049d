"""The values of unified compute: queues at each site, and what the main center manages them by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from province.tiers import Amount


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuePlan:
    """A ClusterQueue: jobs of one namespace, up to `nominal`, and `borrowed` more while it is idle.

    A queue with a `lane` runs nothing itself; its jobs go to one of the lane's clusters.
    """

    name: str
    namespace: str
    door: str
    nominal: Amount
    borrowed: Amount | None = None
    lane: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LanePlan:
    """A set of branch clusters that one queue of the main center sends jobs to."""

    name: str
    clusters: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ComputePlan:
    """A site's flavor of machines (`node_labels` chooses them), its queues, and its lanes.

    Queues with a `cohort` lend each other what they do not use.
    """

    flavor: str
    node_labels: Mapping[str, str]
    cohort: str | None
    queues: tuple[QueuePlan, ...]
    lanes: tuple[LanePlan, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberPlan:
    """A branch as the hub knows it."""

    cluster: str
    region: str


@dataclass(frozen=True, kw_only=True, slots=True)
class HubPlan:
    """The fleet as the main center's Open Cluster Management hub has it."""

    cluster_set: str
    members: tuple[MemberPlan, ...]
    placement: str
    namespace: str

"""One site: everything that its stack holds, put together from its plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_kubernetes as kubernetes

from infra.components.access import Access
from infra.components.alerts import Alerts
from infra.components.backup import Backup
from infra.components.blocks import Blocks
from infra.components.database import Database
from infra.components.gateway import Gateway
from infra.components.hub import Hub
from infra.components.namespace import Namespace
from infra.components.priorities import Priorities
from infra.components.queues import Queues
from infra.components.rig import LoadRig
from infra.components.rook import Rook
from infra.components.service import Service
from infra.components.workload import Workload
from infra.plan.ceph import CephPlan
from infra.plan.labels import site_labels
from infra.plan.protection import standing_of
from infra.plan.rig import MASTER, WORKER
from infra.plan.stateful import DataPlan
from infra.plan.values import SitePlan, WorkloadPlan

Inside = Mapping[str, Sequence[pulumi.Resource]]
"""By namespace: what an object in it needs."""


class Site(pulumi.ComponentResource):
    """A site's namespaces, workloads and edge, in the cluster that `kubeconfig` (a path) names.

    Outputs: `endpoint`, `namespaces`, `workloads` (replicas by name), `users_concurrent`,
    `storage` (each pool's usable bytes, against which the next plan is held), `zones` of the
    object store, and `data` and `operators` where the site has a plan of its data.
    """

    def __init__(self, plan: SitePlan, kubeconfig: str | None) -> None:
        super().__init__("suyun:site:Site", plan.site)
        self._plan = plan
        self._labels = site_labels(plan)
        self._within = pulumi.ResourceOptions(parent=self, provider=_provider(plan, kubeconfig))
        namespaces = {
            namespace.name: Namespace(namespace, self._labels, self._within)
            for namespace in plan.namespaces
        }
        self._workloads(namespaces)
        inside = {name: (component.namespace,) for name, component in namespaces.items()}
        Gateway(plan.gateway, self._labels, inside, self._within)
        Access(plan.access, self._labels, inside, self._within)
        Queues(plan.compute, self._labels, inside, self._within)
        Alerts(plan.monitoring, self._labels, inside[plan.monitoring.namespace], self._within)
        volumes = self._ceph(plan.ceph, inside) if plan.ceph is not None else ()
        if plan.data is not None:
            self._data(plan.data, inside, volumes)
        if plan.hub is not None:
            Hub(plan.hub, self._labels, inside[plan.hub.namespace], self._within)
        self.outputs = {
            "endpoint": f"https://{plan.gateway.hostname}",
            "namespaces": [namespace.name for namespace in plan.namespaces],
            "workloads": {workload.name: workload.replicas for workload in plan.workloads},
            "users_concurrent": plan.users_concurrent,
            "storage": plan.storage.usable_bytes if plan.storage else {},
            "zones": [zone.name for zone in plan.ceph.zones] if plan.ceph else [],
        }
        if plan.data is not None:
            self.outputs["data"] = standing_of(plan.data).model_dump()
            self.outputs["operators"] = dict(plan.data.operators)
        self.register_outputs(self.outputs)

    def _ceph(self, plan: CephPlan, inside: Inside) -> Sequence[pulumi.Resource]:
        """What a claim for a volume needs."""
        rook = Rook(plan, self._labels, inside, self._within)
        return Blocks(plan.blocks, self._labels, rook.pools, self._within).classes

    def _data(self, data: DataPlan, inside: Inside, volumes: Sequence[pulumi.Resource]) -> None:
        needs, retained = inside[data.backup.namespace], data.is_retained
        Backup(data.backup, self._labels, needs, self._within, is_retained=retained)
        if data.database is not None:
            needs = (*inside[data.database.namespace], *volumes)
            Database(data.database, self._labels, needs, self._within, is_retained=retained)

    def _workloads(self, namespaces: dict[str, Namespace]) -> None:
        priorities = Priorities(self._plan.priority_classes, self._labels, self._within)

        def needs(workload: WorkloadPlan) -> tuple[pulumi.Resource, ...]:
            namespace = namespaces[workload.namespace]
            return (
                *namespace.needed_by_pods(workload.service_account),
                priorities.classes[workload.priority_class],
            )

        for workload in self._plan.workloads:
            Workload(workload, self._labels, needs(workload), self._within)
        for service in self._plan.services:
            Service(service, self._labels, needs(service.workload), self._within)
        if self._plan.rig is not None:
            rig, home = self._plan.rig, namespaces[self._plan.rig.namespace]
            of_rig = (
                *dict.fromkeys(r for name in (MASTER, WORKER) for r in home.needed_by_pods(name)),
                priorities.classes[rig.priority_class],
            )
            LoadRig(rig, self._labels, of_rig, self._within)


def _provider(plan: SitePlan, kubeconfig: str | None) -> pulumi.ProviderResource:
    """The site's own provider, whose identity is the cluster's name.

    So a new kubeconfig for the same cluster (a renewed certificate, another address) never
    replaces what stands in it.
    """
    provider: pulumi.ProviderResource = kubernetes.Provider(
        plan.site, cluster_identifier=plan.stack, kubeconfig=kubeconfig
    )
    return provider

"""The stack between the sites: every branch's cluster, made in the main site's cluster."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as kubernetes

from infra.components.cluster import Cluster
from infra.components.namespace import Namespace
from infra.plan.clusters import ClustersPlan
from infra.plan.labels import clusters_labels


class Clusters(pulumi.ComponentResource):
    """The branches' clusters, in the management cluster that `kubeconfig` (a path) names.

    Outputs: `clusters` (machines by site).
    """

    def __init__(self, plan: ClustersPlan, kubeconfig: str | None) -> None:
        super().__init__("suyun:fleet:Clusters", plan.site)
        provider = kubernetes.Provider(
            plan.site, cluster_identifier=plan.stack, kubeconfig=kubeconfig
        )
        within = pulumi.ResourceOptions(parent=self, provider=provider)
        labels = clusters_labels(plan.environment)
        namespace = Namespace(plan.namespace, labels, within)
        for cluster in plan.clusters:
            Cluster(cluster, labels, namespace.namespace, within)
        self.outputs = {
            "clusters": {
                cluster.site: cluster.control.replicas
                + sum(pool.replicas for pool in cluster.workers)
                for cluster in plan.clusters
            }
        }
        self.register_outputs(self.outputs)

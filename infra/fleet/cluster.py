"""Looks into one site's cluster: what the gate, the look for leftovers and the placement need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import urllib3
import yaml
from kubernetes import client, config

from infra.fleet.errors import FleetError
from infra.fleet.jobs import KUEUE_API, Jobs
from infra.plan.labels import POOL_LABEL, site_labels
from infra.plan.values import SitePlan

TIMEOUT_SECONDS = 10
_GATEWAY_API = ("gateway.networking.k8s.io", "v1")
_CLOUDNATIVE_PG = ("postgresql.cnpg.io", "v1")
_VELERO = ("velero.io", "v1")
_ROOK = ("ceph.rook.io", "v1")
_NOT_FOUND = 404


class Cluster:
    """The cluster of one site. Every look raises FleetError when the API server does not answer."""

    def __init__(self, plan: SitePlan, api: Any) -> None:  # noqa: ANN401 - a client without types
        self._plan = plan
        self._api = api
        self._core = client.CoreV1Api(api)
        self._apps = client.AppsV1Api(api)
        self._policy = client.PolicyV1Api(api)
        self._scheduling = client.SchedulingV1Api(api)
        self._rbac = client.RbacAuthorizationV1Api(api)
        self._custom = client.CustomObjectsApi(api)
        labels = ",".join(f"{key}={value}" for key, value in site_labels(plan).items())
        self._ours = {"label_selector": labels, "_request_timeout": TIMEOUT_SECONDS}

    def deployments(self) -> list[Any]:
        """Our Deployments."""
        return list(self._apps.list_deployment_for_all_namespaces(**self._ours).items)

    def namespaces(self) -> list[Any]:
        """Our namespaces."""
        return list(self._core.list_namespace(**self._ours).items)

    def budgets(self) -> list[Any]:
        """Our disruption budgets."""
        listed = self._policy.list_pod_disruption_budget_for_all_namespaces(**self._ours)
        return list(listed.items)

    def pods(self, namespace: str) -> list[Any]:
        """Our pods of one namespace."""
        return list(self._core.list_namespaced_pod(namespace, **self._ours).items)

    def all_pods(self) -> list[Any]:
        """Every pod that has not ended, ours or not: they share the nodes."""
        listed = self._core.list_pod_for_all_namespaces(_request_timeout=TIMEOUT_SECONDS)
        return [pod for pod in listed.items if pod.status.phase not in {"Failed", "Succeeded"}]

    def nodes(self, pool: str) -> list[Any]:
        """The nodes of that pool."""
        listed = self._core.list_node(
            label_selector=f"{POOL_LABEL}={pool}", _request_timeout=TIMEOUT_SECONDS
        )
        return list(listed.items)

    def quotas(self) -> list[Any]:
        """Our resource quotas."""
        return list(self._core.list_resource_quota_for_all_namespaces(**self._ours).items)

    def scale(self, namespace: str, deployment: str, replicas: int) -> None:
        """Asks for that many replicas, as an autoscaler does."""
        self._apps.patch_namespaced_deployment_scale(
            deployment,
            namespace,
            {"spec": {"replicas": replicas}},
            _request_timeout=TIMEOUT_SECONDS,
        )

    def cluster_queues(self) -> list[Any]:
        """Our ClusterQueues; none where Kueue is not known."""
        return self._custom_objects(KUEUE_API, "clusterqueues")

    def databases(self) -> list[Any]:
        """Our clusters of the base database; none where CloudNativePG is not known."""
        return self._custom_objects(_CLOUDNATIVE_PG, "clusters")

    def backup_locations(self) -> list[Any]:
        """Our backup storage locations; none where Velero is not known."""
        return self._custom_objects(_VELERO, "backupstoragelocations")

    def ceph_clusters(self) -> list[Any]:
        """Our Ceph clusters; none where Rook is not known."""
        return self._custom_objects(_ROOK, "cephclusters")

    def ceph_pools(self) -> list[Any]:
        """Our Ceph pools; none where Rook is not known."""
        return self._custom_objects(_ROOK, "cephblockpools")

    def object_stores(self) -> list[Any]:
        """Our object stores; none where Rook is not known."""
        return self._custom_objects(_ROOK, "cephobjectstores")

    def services(self) -> list[Any]:
        """Our Services."""
        return list(self._core.list_service_for_all_namespaces(**self._ours).items)

    def gateways(self) -> list[Any]:
        """Our Gateways; none where the Gateway API is not known."""
        return self._custom_objects(_GATEWAY_API, "gateways")

    def jobs(self, namespace: str) -> Jobs:
        """Jobs of a batch in that namespace."""
        return Jobs(self._api, namespace)

    def leftovers(self) -> tuple[str, ...]:
        """What of ours is still there: namespaces with all that is in them, cluster objects."""
        classes = self._scheduling.list_priority_class(**self._ours).items
        return (
            *(f"Namespace {namespace.metadata.name}" for namespace in self.namespaces()),
            *(f"PriorityClass {found.metadata.name}" for found in classes),
            *(f"ClusterRole {name}" for name in self._cluster_roles()),
            *(f"GatewayClass {name}" for name in self._gateway_classes()),
        )

    def _cluster_roles(self) -> list[str]:
        """A role that is gone is given to nobody, so its bindings need no look of their own."""
        listed = self._rbac.list_cluster_role(**self._ours)
        return [role.metadata.name for role in listed.items]

    def _gateway_classes(self) -> list[str]:
        listed = self._custom_objects(_GATEWAY_API, "gatewayclasses")
        return [item["metadata"]["name"] for item in listed]

    def _custom_objects(self, api: tuple[str, str], plural: str) -> list[Any]:
        try:
            listed = self._custom.list_cluster_custom_object(*api, plural, **self._ours)
        except client.ApiException as error:
            if error.status == _NOT_FOUND:
                return []  # without the kind there can be no object of it
            raise
        return list(listed["items"])


@contextmanager
def cluster(plan: SitePlan, kubeconfig: Path) -> Iterator[Cluster]:
    """The site's cluster, open. Raises FleetError when it cannot be reached or its file read."""
    with reached(plan.site, kubeconfig) as api:
        yield Cluster(plan, api)


@contextmanager
def reached(site: str, kubeconfig: Path) -> Iterator[Any]:
    """A client of that site's API server. Raises FleetError when there is no speaking with it."""
    try:
        api = config.new_client_from_config(str(kubeconfig))
    except (config.ConfigException, OSError, yaml.YAMLError) as error:
        raise FleetError(
            f"the kubeconfig of {site} cannot be used: {error}", f"look into {kubeconfig}"
        ) from error
    api.rest_client.pool_manager.connection_pool_kw["retries"] = False
    try:
        yield api
    except (urllib3.exceptions.HTTPError, client.ApiException) as error:
        raise FleetError(
            f"the cluster of {site} does not answer: {_first_line(error)}",
            "see that its API server runs and that the kubeconfig is its own",
        ) from error
    finally:
        api.close()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]

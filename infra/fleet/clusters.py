"""The branches' clusters as the management cluster shows them: how they stand, and the way in."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from kubernetes import client

from infra.fleet.cluster import TIMEOUT_SECONDS, reached
from infra.fleet.errors import FleetError
from infra.plan.cluster_objects import CONTRACT, CONTROL_PLANE_GROUP, CORE_GROUP
from infra.plan.clusters import NAMESPACE, ClustersPlan
from processes.files import write_private

_NOT_FOUND = 404
_SECRET_KEY = "value"  # noqa: S105 - the key's name, by Cluster API's contract
Objects = Mapping[str, Mapping[str, Any]]


def missing_clusters(plan: ClustersPlan, kubeconfig: Path) -> tuple[str, ...]:
    """A sentence for each planned cluster that is not whole yet, and why.

    Raises FleetError when the management cluster does not answer.
    """
    with reached(plan.management, kubeconfig) as api:
        clusters = _objects(api, CORE_GROUP, "clusters")
        owners = {
            **_objects(api, CORE_GROUP, "machinedeployments"),
            **_objects(api, CONTROL_PLANE_GROUP, "kubeadmcontrolplanes"),
        }
    unavailable = (_missing(cluster.site, clusters) for cluster in plan.clusters)
    return (*chain.from_iterable(unavailable), *_short_of(plan, owners))


def clusters_left(plan: ClustersPlan, kubeconfig: Path) -> tuple[str, ...]:
    """The Clusters and the namespace that are still there."""
    with reached(plan.management, kubeconfig) as api:
        left = [f"Cluster {name}" for name in _objects(api, CORE_GROUP, "clusters")]
        found = client.CoreV1Api(api).list_namespace(
            field_selector=f"metadata.name={NAMESPACE}", _request_timeout=TIMEOUT_SECONDS
        )
        return (*left, *(f"Namespace {item.metadata.name}" for item in found.items))


def branch_kubeconfigs(
    plan: ClustersPlan, kubeconfig: Path, folder: Path, sites: Sequence[str]
) -> dict[str, Path]:
    """Each branch's kubeconfig, out of its Secret, as a file of mode 0600 in `folder`.

    Raises FleetError when the management cluster has none for one of `sites`.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files: dict[str, Path] = {}
    with reached(plan.management, kubeconfig) as api:
        core = client.CoreV1Api(api)
        for site in sites:
            files[site] = folder / f"{site}.yaml"
            write_private(files[site], _secret(core, site))
    return files


def _secret(core: Any, site: str) -> bytes:  # noqa: ANN401 - a client without types
    name = f"{site}-kubeconfig"
    try:
        found = core.read_namespaced_secret(name, NAMESPACE, _request_timeout=TIMEOUT_SECONDS)
    except client.ApiException as error:
        if error.status != _NOT_FOUND:
            raise
        raise FleetError(
            f"the management cluster has no Secret {NAMESPACE}/{name}",
            f"the cluster of {site} is not there yet: ./suyun up makes it",
        ) from error
    return base64.b64decode(found.data[_SECRET_KEY])


def _objects(api: Any, group: str, plural: str) -> Objects:  # noqa: ANN401 - a client without types
    custom = client.CustomObjectsApi(api)
    try:
        listed = custom.list_namespaced_custom_object(
            group, CONTRACT, NAMESPACE, plural, _request_timeout=TIMEOUT_SECONDS
        )
    except client.ApiException as error:
        if error.status == _NOT_FOUND:
            return {}  # without the kind there can be no object of it
        raise
    return {item["metadata"]["name"]: item for item in listed["items"]}


def _missing(site: str, clusters: Objects) -> Iterator[str]:
    if site not in clusters:
        yield f"Cluster {site}: is not there"
        return
    status = clusters[site].get("status", {})
    conditions = {c["type"]: c for c in status.get("conditions", ())}
    available = conditions.get("Available", {"status": "Unknown", "message": "nobody said so far"})
    if available["status"] != "True":
        yield f"Cluster {site}: {available['message']}"


def _short_of(plan: ClustersPlan, owners: Objects) -> Iterator[str]:
    """What is available may still be less than what the newest plan asks for."""
    for cluster in plan.clusters:
        wanted = {cluster.site: cluster.control, **{pool.name: pool for pool in cluster.workers}}
        for name, pool in wanted.items():
            status = owners.get(name, {}).get("status", {})
            ready = status.get("availableReplicas", 0)
            if ready != pool.replicas or status.get("replicas", 0) != pool.replicas:
                yield f"{name}: {ready} of {pool.replicas} machines are ready"

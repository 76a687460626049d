"""The objects that the provider makes: Machines, their counterparts in the room, the Secret."""

from __future__ import annotations

import base64
import json

from infra.plan.cluster_objects import CLUSTER_LABEL, CONTRACT, CORE_GROUP, INFRASTRUCTURE_GROUP
from infra.plan.clusters import NAMESPACE
from rehearsal.clusters.seen import Owner, Size
from rehearsal.machine_room.api import Answer

CLUSTER_FINALIZER = f"cluster.{CORE_GROUP}"
MACHINE_FINALIZER = f"machine.{CORE_GROUP}"
CONTROL_PLANE_LABEL = f"{CORE_GROUP}/control-plane"
DEPLOYMENT_LABEL = f"{CORE_GROUP}/deployment-name"
SECRET_TYPE = f"{CORE_GROUP}/secret"
_MACHINE_KIND = "MachineRoomMachine"


def machine_body(cluster: str, owner: Owner, name: str) -> bytes:
    """A Machine of that owner; the garbage collector ends it with its owner."""
    control = owner.kind == "KubeadmControlPlane"
    role = {CONTROL_PLANE_LABEL: ""} if control else {DEPLOYMENT_LABEL: owner.name}
    group = f"controlplane.{CORE_GROUP}" if control else CORE_GROUP
    body = {
        "apiVersion": f"{CORE_GROUP}/{CONTRACT}",
        "kind": "Machine",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "labels": {**owner.labels, **role},
            "finalizers": [MACHINE_FINALIZER],
            "ownerReferences": [_owner(f"{group}/{CONTRACT}", owner.kind, owner.name, owner.uid)],
        },
        "spec": {
            "clusterName": cluster,
            "version": owner.version,
            "providerID": provider_id(cluster, name),
            # The room boots no system, so there is no bootstrap data; the field has to be there.
            "bootstrap": {"dataSecretName": ""},
            "infrastructureRef": {
                "apiGroup": INFRASTRUCTURE_GROUP,
                "kind": _MACHINE_KIND,
                "name": name,
            },
        },
    }
    return json.dumps(body).encode()


def room_machine_body(cluster: str, machine: Answer, size: Size) -> bytes:
    """The infrastructure's side of a Machine, which ends with it."""
    metadata = machine["metadata"]
    spec = {
        "pool": size.pool,
        "cpuCores": size.cpu_cores,
        "memoryGiB": size.memory_gib,
        "podsMax": size.pods_max,
        "labels": dict(size.labels),
        "providerID": provider_id(cluster, metadata["name"]),
        **({"taint": size.taint} if size.taint else {}),
    }
    body = {
        "apiVersion": f"{INFRASTRUCTURE_GROUP}/v1beta1",
        "kind": _MACHINE_KIND,
        "metadata": {
            "name": metadata["name"],
            "namespace": NAMESPACE,
            "labels": {CLUSTER_LABEL: cluster},
            "ownerReferences": [
                _owner(f"{CORE_GROUP}/{CONTRACT}", "Machine", metadata["name"], metadata["uid"])
            ],
        },
        "spec": spec,
        "status": {"initialization": {"provisioned": True}},
    }
    return json.dumps(body).encode()


def secret_body(cluster: str, uid: str, kubeconfig: bytes) -> bytes:
    """`<cluster>-kubeconfig`, as the contract for control planes has it."""
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": SECRET_TYPE,
        "metadata": {
            "name": secret_name(cluster),
            "namespace": NAMESPACE,
            "labels": {CLUSTER_LABEL: cluster},
            "ownerReferences": [_owner(f"{CORE_GROUP}/{CONTRACT}", "Cluster", cluster, uid)],
        },
        "data": {"value": base64.b64encode(kubeconfig).decode()},
    }
    return json.dumps(body).encode()


def secret_name(cluster: str) -> str:
    """The kubeconfig's Secret."""
    return f"{cluster}-kubeconfig"


def provider_id(cluster: str, name: str) -> str:
    """How the room knows a machine."""
    return f"machineroom://{cluster}/{name}"


def _owner(api_version: str, kind: str, name: str, uid: str) -> dict[str, object]:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "name": name,
        "uid": uid,
        "controller": True,
    }

"""The objects that a booting site is given: nodes, KWOK's permissions, resource definitions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import yaml

from infra.plan.values import AddressPlan, NodePlan, SitePlan
from processes.errors import ProcessError
from rehearsal.machine_room.access import KWOK_USER
from rehearsal.machine_room.commands import NODE_ANNOTATION

_STAGE_FOLDERS = ("node/fast", "node/heartbeat-with-lease", "pod/fast")
_JOB_MS = 3000
_PODS_IPV4_LENGTH = 24
_PODS_IPV6_LENGTH = 64
_FIRST_NODE_OFFSET = 32
"""Node addresses begin here in the site's node prefix, past routers and control plane."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition:
    """A CustomResourceDefinition, ready to be sent."""

    name: str
    body: bytes


def read_definitions(folders: Sequence[Path]) -> tuple[Definition, ...]:
    """All CustomResourceDefinitions in those folders' YAML files, each name once.

    Raises ProcessError when a folder has none.
    """
    found: dict[str, Definition] = {}
    for folder in folders:
        of_folder = [_definition(item) for item in _documents(folder) if _is_definition(item)]
        if not of_folder:
            raise ProcessError(
                f"{folder} holds no CustomResourceDefinition", "./suyun tools finds them anew"
            )
        found.update((definition.name, definition) for definition in of_folder)
    return tuple(found.values())


def _documents(folder: Path) -> Iterable[object]:
    # The C loader reads the same YAML an order of magnitude faster; it is safe as well.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for file in sorted(folder.glob("*.yaml")):
        yield from yaml.load_all(file.read_bytes(), Loader=loader)


def _is_definition(item: object) -> bool:
    return isinstance(item, dict) and item.get("kind") == "CustomResourceDefinition"


def _definition(item: object) -> Definition:
    assert isinstance(item, dict)  # noqa: S101 - told by _is_definition, for the type checker
    item.pop("status", None)
    terse = _without_descriptions(item)
    return Definition(name=item["metadata"]["name"], body=json.dumps(terse).encode())


def _without_descriptions(schema: object) -> object:
    """All that is validated, and none of the prose, which nobody reads in a cluster of ours.

    It is most of a definition, and every API server and every client that asks for the schemas
    works through it. A property that is called `description` is an object, not text.
    """
    if isinstance(schema, list):
        return [_without_descriptions(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: value if key == "default" else _without_descriptions(value)
        for key, value in schema.items()
        if not (key == "description" and isinstance(value, str))
    }


def kwok_configuration(stages: Path) -> str:
    """KWOK's stages for nodes and pods, as its module has them, in one file.

    Raises ProcessError when the folder is not KWOK's `kustomize/stage`.
    """
    files = [
        file
        for folder in _STAGE_FOLDERS
        for file in sorted((stages / folder).glob("*.yaml"))
        if file.name != "kustomization.yaml"
    ]
    if not files:
        raise ProcessError(f"{stages} holds no KWOK stages", "./suyun tools finds them anew")
    return "\n---\n".join(_stage(file) for file in files)


def _stage(file: Path) -> str:
    """A stage's text; a Job's pods run for a while, for work that took no time would need no room.

    KWOK's own `pod/fast` ends them at once.
    """
    text = file.read_text("utf-8")
    if file.name != "pod-complete.yaml":
        return text
    return text.replace("\n  next:", f"\n  delay:\n    durationMilliseconds: {_JOB_MS}\n  next:", 1)


def node_bodies(plan: SitePlan) -> tuple[bytes, ...]:
    """The site's Node objects as JSON, with capacity, addresses and pod prefixes."""
    return tuple(node_body(node, index, plan.addresses) for index, node in enumerate(plan.nodes))


def node_body(node: NodePlan, index: int, addresses: AddressPlan) -> bytes:
    """One Node object as JSON; `index` is the machine's own at its site: its addresses."""
    return json.dumps(_node(node, index, addresses)).encode()


def _node(node: NodePlan, index: int, addresses: AddressPlan) -> object:
    capacity = {
        "cpu": str(node.cpu_cores),
        "memory": f"{node.memory_gib}Gi",
        "pods": str(node.pods_max),
    }
    metadata = {
        "name": node.name,
        "labels": {**node.labels, "kubernetes.io/hostname": node.name, "kubernetes.io/os": "linux"},
        "annotations": {NODE_ANNOTATION: "fake"},
    }
    pods = _pod_prefixes(index, addresses)
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": metadata,
        "spec": {"podCIDR": pods[0], "podCIDRs": pods, "taints": _taints(node.taint)},
        "status": {
            "capacity": capacity,
            "allocatable": capacity,
            "addresses": [
                {"type": "Hostname", "address": node.name},
                {"type": "InternalIP", "address": _address(index, addresses)},
            ],
        },
    }


def _taints(taint: str | None) -> list[dict[str, str]]:
    """`key[=value]:effect`, as kubectl writes it."""
    if taint is None:
        return []
    name, _, effect = taint.rpartition(":")
    key, _, value = name.partition("=")
    return [{"key": key, "value": value, "effect": effect}]


def _address(index: int, addresses: AddressPlan) -> str:
    """The node's IPv4 address. KWOK's stage cannot keep a second one (a merge key's limit)."""
    return str(addresses.nodes.ipv4.network_address + _FIRST_NODE_OFFSET + index)


def _pod_prefixes(index: int, addresses: AddressPlan) -> list[str]:
    """One node's share of the site's pod prefixes."""
    ipv4 = addresses.pods.ipv4.subnets(new_prefix=_PODS_IPV4_LENGTH)
    ipv6 = addresses.pods.ipv6.subnets(new_prefix=_PODS_IPV6_LENGTH)
    return [str(next(islice(subnets, index, None))) for subnets in (ipv4, ipv6)]


def kwok_permissions() -> tuple[tuple[str, bytes], ...]:
    """What KWOK may do, as (path, body) to apply: play nodes and pods, and nothing else."""
    name = "suyun-kwok"
    subject = {"kind": "User", "name": KWOK_USER, "apiGroup": "rbac.authorization.k8s.io"}
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": [
            _rule("", ("nodes",), ("get", "list", "watch")),
            _rule("", ("nodes/status", "pods/status"), ("patch", "update")),
            _rule("", ("pods",), ("delete", "get", "list", "patch", "update", "watch")),
            _rule("", ("events",), ("create", "patch", "update")),
            _rule(
                "coordination.k8s.io",
                ("leases",),
                ("create", "get", "list", "patch", "update", "watch"),
            ),
        ],
    }
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": name,
        },
        "subjects": [subject],
    }
    group = "/apis/rbac.authorization.k8s.io/v1"
    return (
        (f"{group}/clusterroles/{name}", json.dumps(role).encode()),
        (f"{group}/clusterrolebindings/{name}", json.dumps(binding).encode()),
    )


def _rule(group: str, resources: Sequence[str], verbs: Sequence[str]) -> object:
    return {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}

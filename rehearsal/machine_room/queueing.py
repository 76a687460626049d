"""What a site's queue controller (Kueue) is given: definitions, permissions, settings, ways out.

It has no webhooks here (see tools/kueue/main.go), elects no leader and listens nowhere.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml

from processes.errors import ProcessError
from rehearsal.machine_room.access import DISPATCH_USER, KUEUE_USER
from rehearsal.machine_room.objects import Definition, read_definitions

_NAMESPACE = "kueue-system"
"""Kueue's own, where it looks for the ways to other sites."""
_RBAC = "rbac.authorization.k8s.io"
_KUEUE = "kueue.x-k8s.io"
_CONFIGURATION = {
    "apiVersion": "config.kueue.x-k8s.io/v1beta1",
    "kind": "Configuration",
    "namespace": _NAMESPACE,
    "health": {"healthProbeBindAddress": "0"},
    "metrics": {"bindAddress": "0"},
    "leaderElection": {"leaderElect": False},
    "internalCertManagement": {"enable": False},
    "clientConnection": {"qps": 100, "burst": 200},
    "integrations": {"frameworks": ["batch/job"]},
    # A job of the main center says itself that it is run elsewhere, and has its state from there.
    "featureGates": {"MultiKueueBatchJobWithManagedBy": True},
}

Bodies = tuple[tuple[str, bytes], ...]
"""Objects to apply, as (path, body)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueAssets:
    """Folders out of Kueue's module: definitions of its own making, and its role."""

    definitions: Path
    role: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueSetup:
    """One site's part."""

    definitions: tuple[Definition, ...]
    objects: Bodies
    configuration: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueSetups:
    """What all sites' parts are made from, read once."""

    definitions: tuple[Definition, ...]
    rules: Sequence[Any]
    configuration: Path

    @classmethod
    def read(cls, assets: QueueAssets, configuration: Path) -> Self:
        """Reads the assets and writes the configuration. Raises ProcessError on other assets."""
        role = yaml.safe_load((assets.role / "role.yaml").read_bytes())
        if role.get("kind") != "ClusterRole":
            raise ProcessError(f"{assets.role} holds no role", "./suyun tools finds it anew")
        configuration.write_text(json.dumps(_CONFIGURATION, indent=1), "utf-8")
        definitions = read_definitions([assets.definitions])
        return cls(definitions=definitions, rules=role["rules"], configuration=configuration)

    def of_worker(self) -> QueueSetup:
        """For a site that jobs are sent to."""
        dispatch = _permissions(DISPATCH_USER, _DISPATCH_RULES)
        return self._setup(*self._own(), *dispatch)

    def of_manager(self, ways: Mapping[str, bytes]) -> QueueSetup:
        """For the site that sends them; `ways` are kubeconfigs of the others, by site."""
        secrets = (_secret(site, kubeconfig) for site, kubeconfig in ways.items())
        return self._setup(*self._own(), *secrets)

    def _own(self) -> Bodies:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _NAMESPACE}}
        home = (f"/api/v1/namespaces/{_NAMESPACE}", json.dumps(namespace).encode())
        return (home, *_permissions(KUEUE_USER, self.rules))

    def _setup(self, *objects: tuple[str, bytes]) -> QueueSetup:
        return QueueSetup(
            definitions=self.definitions, objects=objects, configuration=self.configuration
        )


def _permissions(user: str, rules: Sequence[Any]) -> Bodies:
    name = user.replace(":", "-")
    role = {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": list(rules),
    }
    binding = {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": name},
        "subjects": [{"kind": "User", "name": user, "apiGroup": _RBAC}],
    }
    return (
        (f"/apis/{_RBAC}/v1/clusterroles/{name}", json.dumps(role).encode()),
        (f"/apis/{_RBAC}/v1/clusterrolebindings/{name}", json.dumps(binding).encode()),
    )


def _secret(site: str, kubeconfig: bytes) -> tuple[str, bytes]:
    name = f"multikueue-{site}"
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": _NAMESPACE},
        "data": {"kubeconfig": base64.b64encode(kubeconfig).decode()},
    }
    return f"/api/v1/namespaces/{_NAMESPACE}/secrets/{name}", json.dumps(body).encode()


def _rule(group: str, resource: str, *verbs: str) -> Mapping[str, Sequence[str]]:
    return {"apiGroups": [group], "resources": [resource], "verbs": list(verbs)}


_DISPATCH_RULES = (
    _rule("batch", "jobs", "create", "delete", "get", "list", "watch"),
    _rule("batch", "jobs/status", "get"),
    _rule(_KUEUE, "workloads", "create", "delete", "get", "list", "watch"),
    _rule(_KUEUE, "workloads/status", "get", "patch", "update"),
)
"""As Kueue's documentation gives them to a MultiKueue manager, for Jobs alone."""

"""Previews one small stack under the policy pack: `preview_program.py FOLDER PACK CHANGE`.

The provider renders to a folder, so that no cluster is needed. `CHANGE` says what is wrong with
the stack. Standard output gets each violation as a JSON line, then the outcome.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi import automation

LABELS = {"app": "catalogue"}
PLACE = {"name": "catalogue", "namespace": "city"}
AMOUNTS = {"cpu": "250m", "memory": "256Mi"}
PROBE = {"tcpSocket": {"port": 8080}}


def main(folder: Path, pack: str, change: str) -> None:
    """Previews, and prints what the pack said."""
    stack = automation.create_stack(
        "test",
        "suyun-policies",
        lambda: program(folder, change),
        opts=automation.LocalWorkspaceOptions(work_dir=str(folder)),
    )
    try:
        stack.preview(on_event=tell, policy_packs=[pack], color="never")
    except automation.CommandError:
        sys.stdout.write(json.dumps({"outcome": "refused"}) + "\n")
    else:
        sys.stdout.write(json.dumps({"outcome": "accepted"}) + "\n")


def tell(event: automation.EngineEvent) -> None:
    """One violation as a line."""
    violation = event.policy_event
    if violation is not None:
        told = {"rule": violation.policy_name, "message": violation.message}
        sys.stdout.write(json.dumps({**told, "level": violation.enforcement_level}) + "\n")


def program(folder: Path, change: str) -> None:
    """A Deployment and its budget, and a note whose id no preview knows."""
    provider = kubernetes.Provider("rendered", render_yaml_to_directory=str(folder / "rendered"))
    opts = pulumi.ResourceOptions(provider=provider)
    note = kubernetes.core.v1.ConfigMap("note", metadata={**PLACE, "name": "note"}, opts=opts)
    image: Any = note.id if change == "unknown-image" else "catalogue@sha256:" + "a" * 64
    kubernetes.apps.v1.Deployment(
        "catalogue", metadata=PLACE, spec=deployment(image, limited=change != "limits"), opts=opts
    )
    if change != "budget":
        kubernetes.policy.v1.PodDisruptionBudget(
            "catalogue",
            metadata=PLACE,
            spec={"minAvailable": 1, "selector": {"matchLabels": LABELS}},
            opts=opts,
        )
    if change == "custom-resource":
        kubernetes.apiextensions.CustomResource(
            "edge",
            api_version="gateway.networking.k8s.io/v1",
            kind="Gateway",
            metadata={"name": "edge", "namespace": "edge"},
            spec={"listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]},
            opts=opts,
        )


def deployment(image: object, *, limited: bool) -> dict[str, Any]:
    """A Deployment's spec that keeps every rule, but perhaps has no limits."""
    return {
        "replicas": 2,
        "selector": {"matchLabels": LABELS},
        "template": {"metadata": {"labels": LABELS}, "spec": pod(image, limited=limited)},
    }


def pod(image: object, *, limited: bool) -> dict[str, Any]:
    """The pod's spec."""
    return {
        "serviceAccountName": "catalogue",
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "topology.kubernetes.io/zone",
                "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabels": LABELS},
            }
        ],
        "containers": [
            {
                "name": "catalogue",
                "image": image,
                "resources": {"requests": AMOUNTS} | ({"limits": AMOUNTS} if limited else {}),
                "readinessProbe": PROBE,
                "livenessProbe": PROBE,
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
        ],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])

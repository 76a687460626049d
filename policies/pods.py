"""Where pods hide: bare, in workloads' templates, and in the templates of templates."""

from __future__ import annotations

from collections.abc import Iterator

from policies.field import Field
from policies.manifest import Manifest

_TEMPLATES = {
    ("Pod", ""): (),
    ("PodTemplate", ""): ("template",),
    ("ReplicationController", ""): ("spec", "template"),
    ("Deployment", "apps"): ("spec", "template"),
    ("ReplicaSet", "apps"): ("spec", "template"),
    ("StatefulSet", "apps"): ("spec", "template"),
    ("DaemonSet", "apps"): ("spec", "template"),
    ("Job", "batch"): ("spec", "template"),
    ("CronJob", "batch"): ("spec", "jobTemplate", "spec", "template"),
}
_FINITE = {"Job", "CronJob"}


def pods(manifest: Manifest) -> Iterator[Field]:
    """The pod, or pod template, that the manifest describes: none or one."""
    keys = _TEMPLATES.get((manifest.kind, manifest.group))
    if keys is not None:
        yield manifest.root.at(*keys)


def containers(pod: Field) -> Iterator[Field]:
    """All containers of a pod, init containers first."""
    yield from pod.at("spec", "initContainers").each()
    yield from pod.at("spec", "containers").each()
    yield from pod.at("spec", "ephemeralContainers").each()


def resident_containers(pod: Field) -> Iterator[Field]:
    """The containers that run as long as the pod does: the main ones and the sidecars."""
    for container in pod.at("spec", "initContainers").each():
        if container["restartPolicy"].value == "Always" or container.is_unknown:
            yield container
    yield from pod.at("spec", "containers").each()


def ends_by_itself(manifest: Manifest) -> bool:
    """Whether the workload is meant to finish."""
    return manifest.kind in _FINITE

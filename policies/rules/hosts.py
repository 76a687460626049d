"""Rules about the machines below the pods."""

from __future__ import annotations

from collections.abc import Iterator

from policies.field import Problem, anything, equals, forbid
from policies.manifest import Manifest
from policies.norms import cis, gbt, pss
from policies.pods import containers, pods
from policies.rule import ManifestRule


def _no_host_access(manifest: Manifest) -> Iterator[Problem]:
    for pod in pods(manifest):
        for key in ("hostNetwork", "hostPID", "hostIPC"):
            field = pod["spec"][key]
            yield from forbid(field, lambda value: value is not False, f"remove {field.path}")
        for volume in pod.at("spec", "volumes").each():
            path = volume["hostPath"]
            hint = f"replace {path.path} by an emptyDir, a PersistentVolumeClaim or a ConfigMap"
            yield from forbid(path, anything, hint)
        for container in containers(pod):
            for port in container["ports"].each():
                hint = f"remove {port['hostPort'].path} and reach the pod through a Service"
                yield from forbid(port["hostPort"], lambda value: not equals(0)(value), hint)


RULES = (
    ManifestRule(
        id="no-host-access",
        sentence="No pod reaches into the machine that it runs on",
        claim="security",
        rationale="A pod with its host's network, processes or files sees and changes what belongs "
        "to every other pod there, past all network policies; a host port is a way round the edge.",
        references=(
            gbt("8.1.3.1 ABS1-01 (only controlled interfaces)"),
            gbt("8.1.4.4 CES1-18 (no needless services and ports)"),
            cis("5.2.3, 5.2.4, 5.2.5 (host PID, IPC and network)"),
            pss("baseline: Host Namespaces, HostPath Volumes, Host Ports"),
        ),
        judge=_no_host_access,
        keeps="""\
apiVersion: v1
kind: Pod
metadata: {name: catalogue, namespace: city}
spec:
  volumes: [{name: scratch, emptyDir: {}}]
  containers: [{name: catalogue, ports: [{containerPort: 8080}]}]
""",
        breaks="""\
apiVersion: v1
kind: Pod
metadata: {name: catalogue, namespace: city}
spec:
  volumes: [{name: scratch, hostPath: {path: /var/lib}}]
  containers: [{name: catalogue, ports: [{containerPort: 8080}]}]
""",
    ),
)

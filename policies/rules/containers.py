"""Rules about containers: what they may use, what they may do, how their health is known."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.field import Field, Problem, equals, forbid, is_false, is_true, require
from policies.manifest import Manifest
from policies.norms import gbt, k8s, nsa, pss
from policies.pods import containers, ends_by_itself, pods, resident_containers
from policies.rule import ManifestRule

_POSITIVE_QUANTITY = re.compile(r"(?=.*[1-9])[0-9.]+([eE][+-]?[0-9]+|[numk]|[KMGTPE]i?)?")
_EXAMPLE_QUANTITY = {
    "requests.cpu": "250m",
    "requests.memory": "256Mi",
    "limits.cpu": "500m",
    "limits.memory": "512Mi",
}
_ADDABLE = equals("NET_BIND_SERVICE")


def _have_limits(manifest: Manifest) -> Iterator[Problem]:
    for pod in pods(manifest):
        for container in containers(pod):
            if "ephemeralContainers" in container.path:
                continue  # the API has no resources for them: they live off the pod's
            for name, example in _EXAMPLE_QUANTITY.items():
                field = container["resources"].at(*name.split("."))
                yield from require(field, _is_positive, f"set {field.path}, such as {example}")


def _is_positive(value: object) -> bool:
    if isinstance(value, (int, float)):
        return value > 0 and value is not True
    return isinstance(value, str) and _POSITIVE_QUANTITY.fullmatch(value) is not None


def _run_restricted(manifest: Manifest) -> Iterator[Problem]:
    for pod in pods(manifest):
        for container in containers(pod):
            yield from _restricted_by_itself(container["securityContext"])
            yield from _restricted_with_pod(pod.at("spec", "securityContext"), container)


def _restricted_by_itself(context: Field) -> Iterator[Problem]:
    escalation = context["allowPrivilegeEscalation"]
    yield from require(escalation, is_false, f"set {escalation.path} to false")
    read_only = context["readOnlyRootFilesystem"]
    yield from require(read_only, is_true, f"set {read_only.path} to true")
    privileged = context["privileged"]
    yield from forbid(privileged, lambda value: not is_false(value), f"remove {privileged.path}")
    drop = context.at("capabilities", "drop")
    yield from require(drop, _names_all, f"set {drop.path} to [ALL]")
    for added in context.at("capabilities", "add").each():
        hint = f"remove it; only NET_BIND_SERVICE may be added: {added.path}"
        yield from forbid(added, lambda value: not _ADDABLE(value), hint)


def _names_all(value: object) -> bool:
    return isinstance(value, list) and "ALL" in value


def _restricted_with_pod(pod_context: Field, container: Field) -> Iterator[Problem]:
    """Settings that a container takes from its pod unless it has its own."""
    own = container["securityContext"]
    non_root = _own_or_pods(own["runAsNonRoot"], pod_context["runAsNonRoot"])
    yield from require(non_root, is_true, f"set {non_root.path} to true")
    user = _own_or_pods(own["runAsUser"], pod_context["runAsUser"])
    yield from forbid(user, equals(0), f"set {user.path} to a user other than 0")
    profile = _own_or_pods(
        own.at("seccompProfile", "type"), pod_context.at("seccompProfile", "type")
    )
    hint = f"set {profile.path} to RuntimeDefault"
    yield from require(profile, equals("RuntimeDefault"), hint)


def _own_or_pods(own: Field, pods_own: Field) -> Field:
    return pods_own if own.is_missing else own


def _have_probes(manifest: Manifest) -> Iterator[Problem]:
    for pod in pods(manifest):
        for container in () if ends_by_itself(manifest) else resident_containers(pod):
            for probe in ("readinessProbe", "livenessProbe"):
                field = container[probe]
                hint = f"set {field.path}, such as {{httpGet: {{path: /healthz, port: http}}}}"
                yield from require(field, lambda value: value != {}, hint)


RULES = (
    ManifestRule(
        id="containers-have-limits",
        sentence="Each container says how much CPU and memory it needs and may take at most",
        claim="compute",
        rationale="Quotas, placement and the arithmetic of a failed site add up requests; without "
        "limits one container can starve its node, and all else that was promised on it.",
        references=(
            nsa("Resource policies"),
            k8s("Resource Management for Pods and Containers"),
        ),
        judge=_have_limits,
        keeps="""\
apiVersion: apps/v1
kind: Deployment
metadata: {name: catalogue, namespace: city}
spec:
  template:
    spec:
      containers:
        - name: catalogue
          resources:
            requests: {cpu: 250m, memory: 256Mi}
            limits: {cpu: 500m, memory: 512Mi}
""",
        breaks="""\
apiVersion: apps/v1
kind: Deployment
metadata: {name: catalogue, namespace: city}
spec:
  template:
    spec:
      containers:
        - name: catalogue
          resources:
            requests: {cpu: 250m, memory: 256Mi}
""",
    ),
    ManifestRule(
        id="containers-run-restricted",
        sentence="Each container runs as an ordinary user, without any privilege it could misuse",
        claim="security",
        rationale="Whoever takes over a container then has neither root, nor capabilities, nor a "
        "file system to leave tools in, and only the system calls that a program usually needs.",
        references=(
            gbt("8.1.4.4 CES1-17 (least installation)"),
            pss("baseline: Privileged Containers"),
            pss("restricted: Privilege Escalation, Running as Non-root, Seccomp, Capabilities"),
            nsa("Non-root containers; Immutable container file systems"),
        ),
        judge=_run_restricted,
        keeps="""\
apiVersion: v1
kind: Pod
metadata: {name: catalogue, namespace: city}
spec:
  securityContext:
    runAsNonRoot: true
    seccompProfile: {type: RuntimeDefault}
  containers:
    - name: catalogue
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
""",
        breaks="""\
apiVersion: v1
kind: Pod
metadata: {name: catalogue, namespace: city}
spec:
  securityContext:
    runAsNonRoot: true
    seccompProfile: {type: RuntimeDefault}
  containers:
    - name: catalogue
      securityContext:
        allowPrivilegeEscalation: true
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
""",
    ),
    ManifestRule(
        id="containers-have-probes",
        sentence="Each container that stays says when it can serve and when it has to be restarted",
        claim="site-loss",
        rationale="Without readiness, requests reach replicas that cannot answer; without "
        "liveness, a hung replica stays hung. Either costs users errors in each failure.",
        references=(k8s("Liveness, Readiness, and Startup Probes"),),
        judge=_have_probes,
        keeps="""\
apiVersion: apps/v1
kind: Deployment
metadata: {name: catalogue, namespace: city}
spec:
  template:
    spec:
      containers:
        - name: catalogue
          readinessProbe: {httpGet: {path: /readyz, port: 8080}}
          livenessProbe: {httpGet: {path: /healthz, port: 8080}}
""",
        breaks="""\
apiVersion: apps/v1
kind: Deployment
metadata: {name: catalogue, namespace: city}
spec:
  template:
    spec:
      containers:
        - name: catalogue
          readinessProbe: {httpGet: {path: /readyz, port: 8080}}
""",
    ),
)

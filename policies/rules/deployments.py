"""Rules about replicated workloads: a zone may fail."""

from __future__ import annotations

from collections.abc import Iterator

from infra.plan.labels import ZONE_LABEL
from policies.field import Field, Problem, require
from policies.manifest import Manifest, Stack
from policies.norms import gbt, k8s
from policies.pods import pods
from policies.rule import StackRule
from policies.selector import selects

_KINDS = ("Deployment", "StatefulSet")
_REPLICAS_MIN = 2


def _survive_a_zone(stack: Stack) -> Iterator[tuple[Manifest, Problem]]:
    for kind in _KINDS:
        for workload in stack.of(kind, group="apps"):
            for problem in _problems(stack, workload):
                yield workload, problem


def _problems(stack: Stack, workload: Manifest) -> Iterator[Problem]:
    for pod in pods(workload):
        floor = _floor(stack, workload)
        hint = f"set {floor.path} to {_REPLICAS_MIN} or more"
        yield from require(floor, _is_enough, hint)
        yield from _spread_over_zones(pod)
        yield from _has_budget(stack, workload, pod.at("metadata", "labels"))


def _floor(stack: Stack, workload: Manifest) -> Field:
    """Where the least number of replicas is said: by the autoscaler, where there is one."""
    for scaler in stack.of("HorizontalPodAutoscaler", "autoscaling", workload.namespace):
        target = scaler.root.at("spec", "scaleTargetRef")
        if (target["kind"].value, target["name"].value) == (workload.kind, workload.name):
            least = scaler.root.at("spec", "minReplicas")
            return Field(f"{scaler.subject}: {least.path}", least.value)
    return workload.root.at("spec", "replicas")


def _is_enough(value: object) -> bool:
    return isinstance(value, (int, float)) and value >= _REPLICAS_MIN


def _spread_over_zones(pod: Field) -> Iterator[Problem]:
    constraints = pod.at("spec", "topologySpreadConstraints")
    labels = pod.at("metadata", "labels")
    if not any(_is_by_zone(constraint, labels) for constraint in constraints.each()):
        yield Problem(
            f"no element of {constraints.path} spreads its pods over zones",
            f"add {{topologyKey: {ZONE_LABEL}, maxSkew: 1, whenUnsatisfiable: DoNotSchedule}} "
            f"with the pods' own labelSelector to {constraints.path}",
        )


def _is_by_zone(constraint: Field, labels: Field) -> bool:
    return (
        constraint["topologyKey"].value == ZONE_LABEL
        and constraint["whenUnsatisfiable"].value == "DoNotSchedule"
        and selects(constraint["labelSelector"], labels)
    )


def _has_budget(stack: Stack, workload: Manifest, labels: Field) -> Iterator[Problem]:
    budgets = stack.of("PodDisruptionBudget", "policy", workload.namespace)
    if not any(_protects(budget.root["spec"], labels) for budget in budgets):
        yield Problem(
            "no PodDisruptionBudget of the stack keeps any of its pods",
            "add a PodDisruptionBudget with the pods' labels as selector and maxUnavailable 1",
        )


def _protects(spec: Field, labels: Field) -> bool:
    bound = spec["minAvailable"] if spec["maxUnavailable"].is_missing else spec["maxUnavailable"]
    worthless = (0, "0", "0%") if spec["maxUnavailable"].is_missing else ("100%",)
    said = not bound.is_missing and not bound.is_unknown and bound.value not in worthless
    return said and selects(spec["selector"], labels)


RULES = (
    StackRule(
        id="deployments-survive-a-zone",
        sentence="Each workload goes on when a zone fails or a machine is drained",
        claim="site-loss",
        rationale="Two replicas in one zone fall together, and a drain without a budget may take "
        "the last one; the placement of a failed site's users counts on what stays.",
        references=(
            gbt("8.1.2.1 CNS1-05 (redundant key equipment)"),
            gbt("8.1.4.9 CES1-31 (hot redundancy)"),
            k8s("Pod Topology Spread Constraints; Disruptions"),
        ),
        judge=_survive_a_zone,
        keeps="""\
apiVersion: apps/v1
kind: Deployment
metadata: {name: catalogue, namespace: city}
spec:
  replicas: 2
  template:
    metadata: {labels: {app: catalogue}}
    spec:
      topologySpreadConstraints:
        - topologyKey: topology.kubernetes.io/zone
          maxSkew: 1
          whenUnsatisfiable: DoNotSchedule
          labelSelector: {matchLabels: {app: catalogue}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: catalogue, namespace: city}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: catalogue}}}
""",
        breaks="""\
apiVersion: apps/v1
kind: Deployment
metadata: {name: catalogue, namespace: city}
spec:
  replicas: 2
  template:
    metadata: {labels: {app: catalogue}}
    spec:
      topologySpreadConstraints:
        - topologyKey: topology.kubernetes.io/zone
          maxSkew: 1
          whenUnsatisfiable: DoNotSchedule
          labelSelector: {matchLabels: {app: catalogue}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: catalogue, namespace: city}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: video}}}
""",
    ),
)

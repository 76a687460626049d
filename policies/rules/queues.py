"""Rules about Kueue's objects: what Kueue itself would find only when no job is admitted."""

from __future__ import annotations

from collections.abc import Iterator

from infra.plan.compute import LANE_CLUSTERS_MAX
from infra.plan.labels import SITE_LABEL
from policies.field import Field, Problem, require
from policies.manifest import Manifest, Stack
from policies.norms import gbt, kueue
from policies.rule import ManifestRule, StackRule

_GROUP = "kueue.x-k8s.io"
Named = Iterator[tuple[Field, str]]


def _without_cycle(stack: Stack) -> Iterator[tuple[Manifest, Problem]]:
    cohorts = {cohort.name: cohort for cohort in stack.of("Cohort", _GROUP)}
    parents = {name: _parent(cohort) for name, cohort in cohorts.items()}
    for name, cohort in cohorts.items():
        parent = cohort.root.at("spec", "parent")
        if parent.is_unknown:
            yield cohort, Problem(parent.seen, f"set {parent.path} to a name known to the plan")
        elif _returns(name, parents):
            hint = f"remove {parent.path}, or name a Cohort that does not lie below this one"
            yield cohort, Problem(f"{parent.seen}, and leads back to it", hint)


def _parent(cohort: Manifest) -> str:
    return cohort.root.at("spec", "parent").text


def _returns(name: str, parents: dict[str, str]) -> bool:
    """Whether the way up from there comes back to it."""
    above, seen = parents[name], set[str]()
    while above in parents and above not in seen:
        if above == name:
            return True
        seen.add(above)
        above = parents[above]
    return False


def _lead_somewhere(stack: Stack) -> Iterator[tuple[Manifest, Problem]]:
    there = {(m.kind, m.name) for m in stack.manifests if m.group == _GROUP}
    for manifest in (m for m in stack.manifests if m.group == _GROUP):
        for field, kind in _named(manifest):
            if (kind, field.text) not in there:
                hint = f"set {field.path} to a {kind} of the stack"
                yield manifest, Problem(f"{field.seen}: no such {kind} is in the stack", hint)


def _named(manifest: Manifest) -> Named:
    """Each place where one of Kueue's objects names another, and of which kind that is."""
    spec = manifest.root["spec"]
    match manifest.kind:
        case "LocalQueue":
            yield spec["clusterQueue"], "ClusterQueue"
        case "ClusterQueue":
            for group in spec["resourceGroups"].each():
                for flavor in group["flavors"].each():
                    yield flavor["name"], "ResourceFlavor"
            for check in spec["admissionChecks"].each():
                yield check, "AdmissionCheck"
        case "AdmissionCheck":
            yield spec["parameters"]["name"], spec["parameters"]["kind"].text
        case "MultiKueueConfig":
            for cluster in spec["clusters"].each():
                yield cluster, "MultiKueueCluster"


def _worker_is_another(manifest: Manifest) -> Iterator[Problem]:
    if manifest.is_a("MultiKueueConfig", _GROUP):
        clusters = manifest.root["spec"]["clusters"]
        hint = f"divide {clusters.path} among several configurations, each with its own queue"
        yield from require(clusters, _is_few, hint)
    if manifest.is_a("MultiKueueCluster", _GROUP):
        site = manifest.root.at("metadata", "labels", SITE_LABEL)
        hint = "name a cluster of another site: a manager cannot be its own worker"
        yield from require(site, lambda value: value != manifest.name, hint)


def _is_few(clusters: object) -> bool:
    return isinstance(clusters, list) and 0 < len(clusters) <= LANE_CLUSTERS_MAX


RULES = (
    StackRule(
        id="cohorts-have-no-cycle",
        sentence="No Cohort lies below itself",
        claim="compute",
        rationale="Kueue stops all admission in every member of a cycle, and says so only in its "
        "log.",
        references=(kueue("Cohort: hierarchical cohorts, cycles"),),
        judge=_without_cycle,
        keeps="""\
apiVersion: kueue.x-k8s.io/v1alpha1
kind: Cohort
metadata: {name: city}
spec: {parent: province}
""",
        breaks="""\
apiVersion: kueue.x-k8s.io/v1alpha1
kind: Cohort
metadata: {name: city}
spec: {parent: city}
""",
    ),
    StackRule(
        id="queues-lead-somewhere",
        sentence="Each queue, check and lane names what is there",
        claim="compute",
        rationale="A queue that names a flavor, check or queue that is not there is accepted by "
        "the API server and stands inactive: its jobs wait without a word.",
        references=(kueue("ClusterQueue: status conditions, Active"),),
        judge=_lead_somewhere,
        keeps="""\
apiVersion: kueue.x-k8s.io/v1beta1
kind: ClusterQueue
metadata: {name: city}
spec: {}
---
apiVersion: kueue.x-k8s.io/v1beta1
kind: LocalQueue
metadata: {name: jobs, namespace: city}
spec: {clusterQueue: city}
""",
        breaks="""\
apiVersion: kueue.x-k8s.io/v1beta1
kind: ClusterQueue
metadata: {name: city}
spec: {}
---
apiVersion: kueue.x-k8s.io/v1beta1
kind: LocalQueue
metadata: {name: jobs, namespace: city}
spec: {clusterQueue: town}
""",
    ),
    ManifestRule(
        id="jobs-are-sent-to-other-sites",
        sentence="A lane leads to other sites only, and to no more than Kueue dispatches over",
        claim="compute",
        rationale="A MultiKueue manager that is its own worker sends jobs to itself again and "
        "again; a configuration with more than ten clusters is refused in the middle of an up.",
        references=(
            kueue("MultiKueue: limitations"),
            gbt("8.2.5.1 SMC2-01 (resources are scheduled as one)"),
        ),
        judge=_worker_is_another,
        keeps="""\
apiVersion: kueue.x-k8s.io/v1beta1
kind: MultiKueueCluster
metadata: {name: wuxi, labels: {suyun.io/site: main}}
""",
        breaks="""\
apiVersion: kueue.x-k8s.io/v1beta1
kind: MultiKueueCluster
metadata: {name: main, labels: {suyun.io/site: main}}
""",
    ),
)

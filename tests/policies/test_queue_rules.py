"""Rules about Kueue's objects: cycles of any length, names of nothing, too many clusters."""

from __future__ import annotations

import pytest

from tests.policies.judging import evidence

API = "apiVersion: kueue.x-k8s.io/v1beta1\n"


def cohorts(**parents: str) -> str:
    return "\n---\n".join(
        f"apiVersion: kueue.x-k8s.io/v1alpha1\nkind: Cohort\n"
        f"metadata: {{name: {name}}}\nspec: {{parent: {parent}}}"
        for name, parent in parents.items()
    )


def one(kind: str, name: str, spec: str) -> str:
    return f"---\n{API}kind: {kind}\nmetadata: {{name: {name}}}\nspec: {spec}\n"


@pytest.mark.parametrize(
    ("parents", "found"),
    [
        ({"a": "b", "b": "c"}, 0),
        ({"a": "root", "b": "root"}, 0),
        ({"a": "b", "b": "a"}, 2),
        ({"a": "b", "b": "c", "c": "a"}, 3),
        ({"a": "b", "b": "c", "c": "b"}, 2),
    ],
)
def test_a_cycle_is_found_in_each_that_lies_in_it(parents: dict[str, str], found: int) -> None:
    seen = evidence("cohorts-have-no-cycle", cohorts(**parents))
    assert len(seen) == found
    assert all("leads back to it" in text for text in seen)


LANE = (
    one("ResourceFlavor", "elsewhere", "{}")
    + one("MultiKueueCluster", "wuxi", "{}")
    + one("MultiKueueConfig", "lane", "{clusters: [wuxi]}")
    + one("AdmissionCheck", "lane", "{parameters: {kind: MultiKueueConfig, name: lane}}")
    + one(
        "ClusterQueue",
        "lane",
        "{admissionChecks: [lane], resourceGroups: [{flavors: [{name: elsewhere}]}]}",
    )
    + one("LocalQueue", "lane", "{clusterQueue: lane}")
)


@pytest.mark.parametrize(
    ("old", "new", "seen"),
    [
        ("lane", "lane", []),
        ("name: elsewhere}\n", "name: here}\n", ["no such ResourceFlavor"]),
        ("clusters: [wuxi]", "clusters: [wuxi, suzhou]", ["no such MultiKueueCluster"]),
        ("kind: MultiKueueConfig, name: lane", "kind: Queue, name: q", ["no such Queue"]),
        ("admissionChecks: [lane]", "admissionChecks: [line]", ["no such AdmissionCheck"]),
        ("clusterQueue: lane", "clusterQueue: null", ["no such ClusterQueue"]),
    ],
)
def test_each_name_has_to_be_of_something(old: str, new: str, seen: list[str]) -> None:
    assert old in LANE
    found = evidence("queues-lead-somewhere", LANE.replace(old, new, 1))
    assert len(found) == len(seen)
    assert all(part in text for part, text in zip(seen, found, strict=True))


@pytest.mark.parametrize(("count", "found"), [(0, 1), (1, 0), (10, 0), (11, 1)])
def test_a_lane_has_as_many_clusters_as_kueue_takes(count: int, found: int) -> None:
    names = ", ".join(f"c{i}" for i in range(count))
    text = one("MultiKueueConfig", "lane", f"{{clusters: [{names}]}}")
    assert len(evidence("jobs-are-sent-to-other-sites", text)) == found

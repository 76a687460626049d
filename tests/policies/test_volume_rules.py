"""Claims for volumes, in every shape that the two smallest examples do not show."""

from __future__ import annotations

import pytest

from policies.rules.volumes import RULES
from tests.policies.judging import evidence

(COME,) = RULES
POOL = """{apiVersion: ceph.rook.io/v1, kind: CephBlockPool,
  metadata: {name: blocks, namespace: storage}, spec: {replicated: {size: 3}}}"""
CEPH = "rook-ceph.rbd.csi.ceph.com"


def a_class(parameters: str, provisioner: str = CEPH) -> str:
    return f"""{{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {{name: ceph-block}},
  provisioner: {provisioner}, parameters: {parameters}}}"""


def database(spec: str) -> str:
    return f"""{{apiVersion: postgresql.cnpg.io/v1, kind: Cluster,
  metadata: {{name: base, namespace: database}}, spec: {spec}}}"""


def found(*documents: str) -> list[str]:
    return evidence(COME.id, "\n---\n".join(documents))


@pytest.mark.parametrize("volume", ["storage", "walStorage"])
def test_a_database_names_a_class_for_data_and_for_wal(volume: str) -> None:
    whole = dict.fromkeys(("storage", "walStorage"), "{storageClass: ceph-block}")
    made = (POOL, a_class("{clusterID: storage, pool: blocks}"))

    def spec(volumes: dict[str, str]) -> str:
        return "{" + ", ".join(f"{name}: {of}" for name, of in volumes.items()) + "}"

    assert found(*made, database(spec(whole))) == []
    other = spec({**whole, volume: "{storageClass: fast}"})
    assert found(*made, database(other)) == [f'spec.{volume}.storageClass is "fast"']
    none = spec({**whole, volume: "{size: 1Gi}"})
    assert found(*made, database(none)) == [f"spec.{volume}.storageClass is missing"]


@pytest.mark.parametrize(
    "parameters",
    ["{clusterID: storage, pool: metadata}", "{clusterID: ceph, pool: blocks}", "{pool: blocks}"],
)
def test_a_class_is_cut_from_a_pool_of_its_cluster(parameters: str) -> None:
    assert len(found(POOL, a_class(parameters))) == 1


def test_another_driver_knows_its_own_parameters() -> None:
    assert found(a_class("{tier: fast}", "csi.example.org")) == []

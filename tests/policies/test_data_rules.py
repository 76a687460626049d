"""What holds data, judged in every shape that the two smallest examples do not show."""

from __future__ import annotations

import pytest

from policies.rules.data import RULES
from tests.policies.judging import evidence

PROTECTED, ELSEWHERE = RULES


@pytest.mark.parametrize(
    ("labels", "breaks"),
    [
        ("{suyun.io/environment: production, suyun.io/protection: retained}", False),
        ("{suyun.io/environment: rehearsal, suyun.io/protection: removable}", False),
        ("{suyun.io/environment: production}", True),
        ("{suyun.io/environment: staging, suyun.io/protection: removable}", True),
        ("{}", True),
    ],
)
@pytest.mark.parametrize(
    "kind", ["velero.io/v1, kind: Schedule", "ceph.rook.io/v1, kind: CephObjectZone"]
)
def test_only_a_rehearsals_data_may_go(labels: str, kind: str, *, breaks: bool) -> None:
    text = f"{{apiVersion: {kind}, metadata: {{name: it, namespace: data, labels: {labels}}}}}"
    assert bool(evidence(PROTECTED.id, text)) is breaks


def test_another_sites_copies_may_be_let_go_of() -> None:
    text = """\
apiVersion: velero.io/v1
kind: BackupStorageLocation
metadata: {name: of-main, namespace: backup, labels: {suyun.io/environment: production}}
spec: {accessMode: ReadOnly}
"""
    assert evidence(PROTECTED.id, text) == []


@pytest.mark.parametrize(
    ("labels", "count"),
    [
        ("{suyun.io/prefecture: nanjing, suyun.io/kept-in: xuzhou}", 0),
        ("{suyun.io/prefecture: nanjing, suyun.io/kept-in: nanjing}", 1),
        ("{suyun.io/prefecture: nanjing}", 1),
        ("{}", 2),
    ],
)
def test_an_archive_says_where_it_lies_and_it_is_elsewhere(labels: str, count: int) -> None:
    text = (
        "{apiVersion: barmancloud.cnpg.io/v1, kind: ObjectStore, "
        f"metadata: {{name: base-main, namespace: database, labels: {labels}}}}}"
    )
    assert len(evidence(ELSEWHERE.id, text)) == count

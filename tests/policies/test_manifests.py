"""Reading manifests from files."""

from __future__ import annotations

from pathlib import Path

import pytest

from evidence.verdict import ExitCode
from policies.manifests import ManifestError, parse_manifests, read_manifests

TWO = """\
# two documents
apiVersion: v1
kind: Namespace
metadata: {name: city, labels: {tier: city, year: 2026}}
---
---
apiVersion: v1
kind: Service
metadata: {name: catalogue, namespace: city}
"""


def test_documents_have_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    file.write_text(TWO)
    namespace, service = read_manifests(file)
    assert namespace.location == f"{file}:2"
    assert service.location == f"{file}:7"
    assert namespace.subject == "Namespace city"
    assert service.subject == "Service city/catalogue"
    assert namespace.labels == {"tier": "city", "year": "2026"}


def test_a_list_is_opened() -> None:
    text = "{apiVersion: v1, kind: List, items: [{kind: Pod, metadata: {name: a}}, {kind: Pod}]}"
    assert [manifest.kind for manifest in parse_manifests(text, "list")] == ["Pod", "Pod"]


def test_dates_and_numbers_that_yaml_sees_become_text() -> None:
    text = "{kind: Pod, metadata: {name: a, labels: {2026-01-01: 2026-01-02, 5: on}}}"
    (manifest,) = parse_manifests(text, "dates")
    assert manifest.labels == {"2026-01-01": "2026-01-02", "5": "True"}


def test_a_folder_is_read_in_path_order(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "pod.json").write_text('{"kind": "Pod", "metadata": {"name": "second"}}')
    (tmp_path / "a.yml").write_text("{kind: Pod, metadata: {name: first}}")
    (tmp_path / "notes.txt").write_text("not a manifest")
    assert [manifest.name for manifest in read_manifests(tmp_path)] == ["first", "second"]


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"kind: [", "broken.yaml:1: not YAML: "),
        (b"a: 1\nb: :\n  c", "broken.yaml:2: not YAML: "),
        (b"kind: Pod\n\x00", "not YAML: a character that YAML does not allow"),
        (b"kind: &a [*a]", "broken.yaml: nested too deeply, or in itself"),
        (b"\xff", "broken.yaml is not UTF-8"),
        (b"", "broken.yaml holds no manifest"),
        (b"name: x", "broken.yaml:1: not a Kubernetes object: it has no 'kind'"),
        (b"- 1", "broken.yaml:1: not a Kubernetes object: it has no 'kind'"),
    ],
)
def test_what_is_no_manifest_is_said_with_its_place(
    tmp_path: Path, content: bytes, cause: str
) -> None:
    file = tmp_path / "broken.yaml"
    file.write_bytes(content)
    with pytest.raises(ManifestError) as caught:
        read_manifests(file)
    assert cause in caught.value.cause
    assert caught.value.hint
    assert caught.value.exit_code is ExitCode.BAD_INPUT


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        read_manifests(tmp_path / "missing.yaml")
    assert (
        caught.value.cause
        == f"{tmp_path / 'missing.yaml'} cannot be read: no such file or directory"
    )


def test_an_empty_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="holds no manifest"):
        read_manifests(tmp_path)

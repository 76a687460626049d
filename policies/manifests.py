"""Reads manifest files: YAML or JSON, several documents in one, Lists opened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from evidence.verdict import ExitCode
from policies.manifest import Manifest, manifests_of

_SUFFIXES = (".yaml", ".yml", ".json")


class ManifestError(Exception):
    """A path that holds no manifests, or a file that is not one of manifests."""

    exit_code = ExitCode.BAD_INPUT

    def __init__(self, cause: str, hint: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.hint = hint


def read_manifests(path: Path) -> tuple[Manifest, ...]:
    """All manifests of a file, or of the manifest files anywhere in a folder, in path order.

    Raises ManifestError. Each manifest's location is the line on which its document begins.
    """
    found = tuple(manifest for file in _files(path) for manifest in _read(file))
    if not found:
        raise ManifestError(f"{path} holds no manifest", "name a file with a Kubernetes object")
    return found


def _files(path: Path) -> tuple[Path, ...]:
    if not path.is_dir():
        return (path,)
    return tuple(sorted(file for file in path.rglob("*") if file.suffix in _SUFFIXES))


def _read(file: Path) -> Iterator[Manifest]:
    text = _text(file)
    try:
        for node in yaml.compose_all(text, Loader=yaml.CSafeLoader):
            if node is not None:
                yield from _manifests(file, node)
    except yaml.YAMLError as error:
        raise ManifestError(f"{file}{_place(error)}: {_problem(error)}", "mend the YAML") from error


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ManifestError(f"{file} is not UTF-8", "save it as UTF-8") from error
    except OSError as error:
        cause = f"{file} cannot be read: {(error.strerror or str(error)).lower()}"
        raise ManifestError(cause, "name a manifest file, or a folder of them") from error


def _manifests(file: Path, node: yaml.Node) -> Iterator[Manifest]:
    location = f"{file}:{node.start_mark.line + 1}"
    document = yaml.SafeLoader("").construct_document(node)
    if not isinstance(document, dict) or "kind" not in document:
        raise ManifestError(
            f"{location}: not a Kubernetes object: it has no 'kind'",
            "begin the document with apiVersion and kind",
        )
    yield from manifests_of(document, location)


def _place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f":{mark.line + 1}" if mark else ""


def _problem(error: yaml.YAMLError) -> str:
    return f"not YAML: {getattr(error, 'problem', None) or 'a character that YAML does not allow'}"

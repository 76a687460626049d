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
    texts = ((file, _text(file)) for file in _files(path))
    found = tuple(manifest for file, text in texts for manifest in parse_manifests(text, str(file)))
    if not found:
        raise ManifestError(f"{path} holds no manifest", "name a file with a Kubernetes object")
    return found


def parse_manifests(text: str, name: str) -> Iterator[Manifest]:
    """All manifests of a text, which is called `name` in locations. Raises ManifestError."""
    try:
        for node in yaml.compose_all(text, Loader=yaml.SafeLoader):
            yield from _manifests(f"{name}:{node.start_mark.line + 1}", node)
    except yaml.YAMLError as error:
        raise ManifestError(
            f"{name}{_place(error)}: {_problem(error)}",
            "mend this line or the one before it; indentation and quotes are usual causes",
        ) from error
    except RecursionError as error:
        raise ManifestError(f"{name}: nested too deeply, or in itself", "unfold it") from error


def _files(path: Path) -> tuple[Path, ...]:
    if not path.is_dir():
        return (path,)
    return tuple(sorted(file for file in path.rglob("*") if file.suffix in _SUFFIXES))


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ManifestError(f"{file} is not UTF-8", "save it as UTF-8") from error
    except OSError as error:
        cause = f"{file} cannot be read: {(error.strerror or str(error)).lower()}"
        raise ManifestError(cause, "name a manifest file, or a folder of them") from error


def _manifests(location: str, node: yaml.Node) -> Iterator[Manifest]:
    document = _as_json(yaml.SafeLoader("").construct_document(node))
    if document is None:
        return
    if not isinstance(document, dict) or "kind" not in document:
        raise ManifestError(
            f"{location}: not a Kubernetes object: it has no 'kind'",
            "begin the document with apiVersion and kind",
        )
    yield from manifests_of(document, location)


def _as_json(value: object) -> object:
    """The value as JSON has it: YAML's dates, and its keys of other types, as text."""
    if isinstance(value, dict):
        return {str(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f":{mark.line + 1}" if mark else ""


def _problem(error: yaml.YAMLError) -> str:
    return f"not YAML: {getattr(error, 'problem', None) or 'a character that YAML does not allow'}"

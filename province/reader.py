"""Reads `stacks/province.yaml` into a `Province`, or says all that is wrong with it at once.

The only module that knows YAML. The node tree is kept beside the data, so that each finding points
to a line: a key's own line where a key is at fault, else the line of the nearest thing that exists.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml
from pydantic import ValidationError

from province import relations
from province.findings import Finding, errors
from province.messages import value_finding
from province.province import Province

Part = int | str
"""A step of a path: a key, an index, or the name of a list's entry."""
NAMING_KEYS = ("id", "purpose", "journey")
"""Keys by whose value an entry of a list is named."""

_KEY_TAGS = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"}
_FLOAT_TAG = "tag:yaml.org,2002:float"
_NODE_HINTS = {
    "keys-are-text": "write the key's name, in quotes if it looks like a number or a date",
    "keys-are-unique": "keep one of the two",
    "values-are-valid": "give a number in digits",
}


class ProvinceError(Exception):
    """The province cannot be read or does not hold together; `findings` says why, in file order."""

    exit_code = 3
    """The input was wrong (`evidence.verdict.ExitCode.BAD_INPUT`, which lies above this room)."""

    def __init__(self, path: Path, findings: Sequence[Finding]) -> None:
        self.findings = tuple(sorted(findings, key=_line_of))
        count = f"{len(findings)} errors" if len(findings) > 1 else "1 error"
        self.cause = f"{path} does not describe a province: {count}"
        self.hint = "mend what is listed; editors show it as you type, by province.schema.json"
        lines = (f"{found.location}: {found.subject}: {found.evidence}" for found in self.findings)
        super().__init__("\n".join((self.cause, *lines)))


def read(path: Path) -> Province:
    """The province that the file describes.

    Raises ProvinceError with every finding: of the file; else of its YAML; else of its keys and
    values; else of the relations between them. Each later kind needs the earlier ones to hold.
    """
    root = _compose(path, _text(path))
    province = _validate(path, root, list(_node_findings(path, root)))
    broken = errors(relations.check(province))
    if broken:
        raise ProvinceError(path, [_located(finding, path, root) for finding in broken])
    return province


def _line_of(finding: Finding) -> int:
    return int((finding.location or ":0").rpartition(":")[2])


def _located(finding: Finding, path: Path, root: yaml.Node) -> Finding:
    parts: tuple[Part, ...] = tuple(finding.subject.split("."))
    return finding.model_copy(update={"location": f"{path}:{_place(root, parts)[1]}"})


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        evidence = f"it is not UTF-8: byte {error.object[error.start]:#04x}"
        finding = _file_finding(path, line, "file-is-readable", evidence, "save it as UTF-8")
    except OSError as error:
        evidence = f"it cannot be read: {(error.strerror or str(error)).lower()}"
        hint = "name the file that describes the province; ours is stacks/province.yaml"
        finding = _file_finding(path, 1, "file-is-readable", evidence, hint)
    raise ProvinceError(path, [finding])


def _compose(path: Path, text: str) -> yaml.MappingNode:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ProvinceError(path, [_syntax_finding(path, text, error)]) from error
    if isinstance(root, yaml.MappingNode):
        return root
    evidence = "it holds no mapping of keys to values" if root else "it is empty"
    hint = "begin with 'schema: 1'; stacks/province.schema.json tells how to go on"
    raise ProvinceError(path, [_file_finding(path, 1, "yaml-is-well-formed", evidence, hint)])


def _syntax_finding(path: Path, text: str, error: Exception) -> Finding:
    mark = getattr(error, "problem_mark", None)
    position = getattr(error, "position", 0)
    line = mark.line + 1 if mark else text[:position].count("\n") + 1
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    hint = "mend this line or the one before; indentation, quotes and colons are the usual causes"
    return _file_finding(path, line, "yaml-is-well-formed", f"not YAML: {problem}", hint)


def _node_findings(path: Path, root: yaml.Node) -> Iterator[Finding]:
    """What the data cannot show once it is made: keys given twice, keys that are no text."""
    pending, seen = [("", root)], set[int]()
    while pending:
        subject, node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        pending += [(f"{subject}.{name}".lstrip("."), child) for name, child in _children(node)]
        if isinstance(node, yaml.MappingNode):
            yield from _key_findings(path, subject, node)
        elif node.tag == _FLOAT_TAG and node.value.lower().lstrip("+-") in {".inf", ".nan"}:
            evidence = f"{node.value} is not a finite number"
            yield _node_finding(path, subject, node, "values-are-valid", evidence)


def _key_findings(path: Path, subject: str, mapping: yaml.MappingNode) -> Iterator[Finding]:
    lines: dict[str, int] = {}
    for key, _ in mapping.value:
        name = f"{subject}.{key.value}".lstrip(".")
        if key.tag not in _KEY_TAGS:
            yield _node_finding(path, subject, key, "keys-are-text", "this key is not text")
        elif key.value in lines:
            evidence = f"'{key.value}' stands already in line {lines[key.value]}"
            yield _node_finding(path, name, key, "keys-are-unique", evidence)
        else:
            lines[key.value] = key.start_mark.line + 1


def _node_finding(path: Path, subject: str, node: yaml.Node, rule: str, evidence: str) -> Finding:
    return Finding(
        rule=rule,
        subject=subject or path.name,
        evidence=evidence,
        hint=_NODE_HINTS[rule],
        location=f"{path}:{node.start_mark.line + 1}",
    )


def _children(node: yaml.Node) -> list[tuple[str, yaml.Node]]:
    """The parts of a node under the names that subjects give them."""
    if isinstance(node, yaml.MappingNode):
        return [(str(key.value), value) for key, value in node.value]
    if isinstance(node, yaml.SequenceNode):
        return [(_name(entry) or str(index), entry) for index, entry in enumerate(node.value)]
    return []


def _name(entry: yaml.Node) -> str | None:
    if not isinstance(entry, yaml.MappingNode):
        return None
    named = {key.value: value.value for key, value in entry.value if key.value in NAMING_KEYS}
    return next((str(named[key]) for key in NAMING_KEYS if isinstance(named.get(key), str)), None)


def _place(root: yaml.Node, parts: Sequence[Part]) -> tuple[str, int]:
    """The path's name for people, and the line of the last part of it that exists.

    A merged key (`<<`) is found where it was written, once the data has been made.
    """
    node, line, names = root, root.start_mark.line + 1, list[str]()
    for position, part in enumerate(parts):
        step = _step(node, part)
        if step is None:
            names += map(str, parts[position:])
            break
        name, line, node = step
        names.append(name)
    return ".".join(names), line


def _step(node: yaml.Node, part: Part) -> tuple[str, int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in reversed(node.value):  # a mapping's own keys follow the merged ones
            if key.value == part:
                return str(part), key.start_mark.line + 1, value
    elif isinstance(node, yaml.SequenceNode):
        for index, (name, entry) in enumerate(_children(node)):
            if part in {index, str(index), name}:
                return name, entry.start_mark.line + 1, entry
    return None


def _validate(path: Path, root: yaml.MappingNode, found: list[Finding]) -> Province:
    """Through JSON, because its strict mode takes lists for tuples but `yes` for no number."""
    if any(finding.rule == "keys-are-text" for finding in found):
        raise ProvinceError(path, found)
    try:
        data = json.dumps(yaml.SafeLoader("").construct_document(root), default=str)
        province = Province.model_validate_json(data, strict=True)
    except ValidationError as error:
        found += _value_findings(path, root, error)
        raise ProvinceError(path, found) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ProvinceError(path, [*found, _syntax_finding(path, "", error)]) from error
    if found:
        raise ProvinceError(path, found)
    return province


def _value_findings(path: Path, root: yaml.Node, error: ValidationError) -> list[Finding]:
    """One finding for each place and complaint, though many aliases may lead to the place."""
    found: dict[tuple[str, str], Finding] = {}
    for detail in error.errors(include_url=False):
        if detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]:
            continue  # pydantic counted the valid entries alone; the others have their own errors
        subject, line = _place(root, detail["loc"])
        finding = value_finding(detail, subject, f"{path}:{line}")
        found.setdefault((str(finding.location), finding.evidence), finding)
    return list(found.values())


def _file_finding(path: Path, line: int, rule: str, evidence: str, hint: str) -> Finding:
    return Finding(
        rule=rule, subject=path.name, evidence=evidence, hint=hint, location=f"{path}:{line}"
    )

from __future__ import annotations

import json
from collections.abc import Iterator

from province.messages import FORMS
from province.schema import schema
from tests import worlds

FILE = worlds.PROVINCE_FILE.with_name("province.schema.json")


def patterns(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("pattern"), str):
            yield node["pattern"]
        for value in node.values():
            yield from patterns(value)
    if isinstance(node, list):
        for value in node:
            yield from patterns(value)


def test_the_committed_schema_is_current() -> None:
    renew = "python -m province.schema > stacks/province.schema.json"
    assert FILE.read_text("utf-8") == schema(), renew


def test_the_province_names_its_schema_to_editors() -> None:
    first = worlds.PROVINCE_FILE.read_text("utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema={FILE.name}"


def test_an_editor_refuses_unknown_keys() -> None:
    document = json.loads(schema())
    assert document["additionalProperties"] is False
    assert "schema" in document["properties"]


def test_every_pattern_has_words() -> None:
    assert set(patterns(json.loads(schema()))) == set(FORMS)

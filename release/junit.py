"""JUnit XML of a judgement, for CI systems: one test case a claim, and one a stage.

FAIL is a `failure`. UNKNOWN is an `error`, JUnit's word for a test that came to no result: it has
to block, and CI systems let `skipped` pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree import ElementTree

from evidence.verdict import Verdict
from release.judge import Judgement

_TAGS = {Verdict.FAIL: "failure", Verdict.UNKNOWN: "error"}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 (section 2.2) cannot hold, not even escaped."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _TestCase:
    name: str
    title: str
    seconds: float
    verdict: Verdict
    reason: str


def junit_xml(judgement: Judgement) -> str:
    """The file's text. Raises nothing: characters that XML cannot hold are replaced."""
    root = ElementTree.Element("testsuites", name=f"suyun {judgement.run}")
    _add_suite(root, f"claims ({judgement.scope})", _claims(judgement))
    _add_suite(root, f"stages ({judgement.scope})", _stages(judgement))
    ElementTree.indent(root)
    return "<?xml version='1.0' encoding='utf-8'?>\n" + _text(root)


def _text(root: ElementTree.Element) -> str:
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _claims(judgement: Judgement) -> list[_TestCase]:
    return [
        _TestCase(
            name=claim.id,
            title=claim.promise,
            seconds=0.0,
            verdict=claim.verdict,
            reason=f"{claim.reason}\n{claim.where}",
        )
        for claim in judgement.claims
    ]


def _stages(judgement: Judgement) -> list[_TestCase]:
    return [
        _TestCase(
            name=stage.name,
            title=stage.name,
            seconds=stage.seconds,
            verdict=stage.verdict,
            reason=stage.reason,
        )
        for stage in judgement.stages
    ]


def _add_suite(root: ElementTree.Element, name: str, cases: list[_TestCase]) -> None:
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name=name,
        tests=str(len(cases)),
        failures=str(_count(cases, Verdict.FAIL)),
        errors=str(_count(cases, Verdict.UNKNOWN)),
        skipped="0",
        time=f"{sum(case.seconds for case in cases):.3f}",
    )
    for case in cases:
        _add_case(suite, name, case)


def _add_case(suite: ElementTree.Element, suite_name: str, case: _TestCase) -> None:
    element = ElementTree.SubElement(
        suite,
        "testcase",
        classname=f"suyun.{suite_name.split(maxsplit=1)[0]}",
        name=_xml(f"{case.name}: {case.title}" if case.title != case.name else case.name),
        time=f"{case.seconds:.3f}",
    )
    tag = _TAGS.get(case.verdict)
    if tag is None:
        return
    first = case.reason.splitlines()[0] if case.reason else case.verdict.value
    outcome = ElementTree.SubElement(element, tag, message=_xml(first), type=case.verdict.value)
    outcome.text = _xml(case.reason)


def _count(cases: Iterable[_TestCase], verdict: Verdict) -> int:
    return sum(case.verdict is verdict for case in cases)


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)

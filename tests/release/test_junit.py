"""JUnit XML: it parses, it counts, UNKNOWN blocks, and hostile text does no harm."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from release.judge import judge, judge_gathered
from release.junit import junit_xml
from tests.release import runs


def parsed(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # noqa: S314 - our own output, just made


def test_there_is_a_case_for_each_claim_and_each_stage(tmp_path: Path) -> None:
    root = parsed(junit_xml(judge(runs.rehearsed(tmp_path))))
    claims, stages = root.findall("testsuite")
    assert (claims.get("tests"), claims.get("failures"), claims.get("errors")) == ("13", "0", "12")
    assert (stages.get("tests"), stages.get("failures"), stages.get("errors")) == ("9", "0", "0")
    assert len(root.findall(".//testcase")) == 22
    assert stages.get("time") == "112.500"


def test_a_broken_claim_is_a_failure_and_an_open_one_an_error() -> None:
    evidence = runs.gathered(*runs.whole(), runs.stack("main", "up", ready=False))
    root = parsed(junit_xml(judge_gathered(evidence)))
    failure = root.find(".//testcase/failure")
    assert failure is not None
    assert "did not become ready at main" in (failure.get("message") or "")
    assert root.find(".//testcase/error") is not None
    assert root.find(".//testcase/skipped") is None


def test_text_that_xml_cannot_hold_is_replaced() -> None:
    hostile = runs.stack("main", "up", error="\x1b[31m <b>&\x00 ]]>")
    root = parsed(junit_xml(judge_gathered(runs.gathered(*runs.whole(), hostile))))
    text = "".join(error.get("message") or "" for error in root.iter("error"))
    assert "\ufffd[31m <b>&\ufffd ]]>" in text

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.verdict import ExitCode
from province.findings import Finding
from province.reader import ProvinceError, read
from province.sites import Purpose
from tests import worlds

TEXT = worlds.PROVINCE_FILE.read_text("utf-8")
Findings = Callable[[str], tuple[Finding, ...]]


@pytest.fixture
def findings(tmp_path: Path) -> Findings:
    """Writes a text to a file and gives what the reader finds wrong with it."""

    def of(text: str) -> tuple[Finding, ...]:
        path = tmp_path / "province.yaml"
        path.write_text(text, "utf-8")
        with pytest.raises(ProvinceError) as caught:
            read(path)
        return caught.value.findings

    return of


def change(old: str, new: str) -> tuple[str, int]:
    """The province's text with one change, and the line of it."""
    assert old in TEXT
    return TEXT.replace(old, new, 1), TEXT[: TEXT.index(old)].count("\n") + 1


def line(finding: Finding) -> int:
    return int(str(finding.location).rpartition(":")[2])


def test_the_province_stands() -> None:
    jiangsu = worlds.province()
    assert jiangsu.main.id == "main"
    assert len(jiangsu.branches) == 13
    assert sum(len(site.counties) for site in jiangsu.branches) == 95
    assert jiangsu.users_concurrent >= 200_000
    assert jiangsu.site("suzhou").prefixes.ipv4 == IPv4Network("10.40.0.0/13")


def test_population_adds_up_to_the_census_of_jiangsu() -> None:
    audiences = [site.audience for site in worlds.province().branches]
    assert sum(one.population.value for one in audiences if one) == 84_748_016


def test_users_are_shared_out_by_students() -> None:
    jiangsu = worlds.province()
    students = {site.id: site.audience.students.value for site in jiangsu.branches if site.audience}
    for site in jiangsu.branches:
        share = 200_000 * students[site.id] / sum(students.values())
        assert share <= site.users_concurrent < share + 100


def test_nodes_of_all_sites_can_be_simulated_on_one_machine() -> None:
    assert sum(pool.count for site in worlds.province().sites for pool in site.nodes) <= 350


CONTROL = "sites.main.nodes.control"
XUANWU = "sites.nanjing.counties.nanjing-xuanwu"
IDENTITY = "platform.workloads.identity"


@pytest.mark.parametrize(
    ("old", "new", "subject", "words"),
    [
        ("role: main", "role: mian", "sites.main.role", "did you mean 'main'"),
        ("role: main", "role: 3", "sites.main.role", "one of 'main' or 'branch'"),
        ("cpu_cores: 8", "cpu_cores: -8", f"{CONTROL}.cpu_cores", "greater than 0"),
        ("cpu_cores: 8", "cpu_cores: yes", f"{CONTROL}.cpu_cores", "a whole number"),
        ("cpu_cores: 8", 'cpu_cores: "8"', f"{CONTROL}.cpu_cores", "a whole number"),
        ("cpu_cores: 8", "cpu_cores: 8.5", f"{CONTROL}.cpu_cores", "a whole number"),
        ("egress_gbps_min: 20", "egress_gbps_min: .inf", "objectives.egress_gbps_min", "finite"),
        ("egress_gbps_min: 20", "egress_gbps_min:", "objectives.egress_gbps_min", "null is not"),
        ('code: "320102"', "code: 320102", f"{XUANWU}.code", "text in quotes"),
        ('code: "320102"', 'code: "330102"', f"{XUANWU}.code", "code of Jiangsu"),
        ("id: nanjing-xuanwu", "id: Xuanwu", "sites.nanjing.counties.Xuanwu.id", "lower-case"),
        ("ipv4: 10.0.0.0/13", "ipv4: 10.0.0.1/13", "sites.main.prefixes.ipv4", "host bits"),
        ("ipv4: 10.0.0.0/13", "ipv4: ten", "sites.main.prefixes.ipv4", "such as 10.8.0.0/13"),
        (
            "errors_ratio_max: 0.001",
            "errors_ratio_max: 2",
            "objectives.journeys.login.errors_ratio_max",
            "at most 1",
        ),
        ("path_prefixes: [/login]", "path_prefixes: []", f"{IDENTITY}.path_prefixes", "at least 1"),
        ("path_prefixes: [/login]", "path_prefixes: /", f"{IDENTITY}.path_prefixes", "a list"),
        ("identity@sha256:", "identity:v1", f"{IDENTITY}.image", "pinned by its digest"),
        ("schema: 1", "schema: 2", "schema", "2 is not 1"),
        ("name: 江苏省", "name: {}", "name", "text in quotes"),
    ],
)
def test_a_wrong_value_is_named_with_its_line(
    findings: Findings, old: str, new: str, subject: str, words: str
) -> None:
    text, at = change(old, new)
    [found, *_] = findings(text)
    assert (found.rule, found.subject, line(found)) == ("values-are-valid", subject, at)
    assert words in f"{found.evidence} {found.hint}"


def test_one_mistake_behind_many_aliases_is_said_once(findings: Findings) -> None:
    text, _ = change("cpu_cores: 8", "cpu_cores: -8")
    assert len(findings(text)) == 1


def test_a_mistyped_key_is_refused_with_the_key_that_was_meant(findings: Findings) -> None:
    text, at = change("uplink_gbps: 100", "uplink_gpbs: 100")
    unknown, missing = sorted(findings(text), key=lambda found: found.rule, reverse=True)
    assert (unknown.rule, unknown.subject) == ("keys-are-known", "sites.main.uplink_gpbs")
    assert (line(unknown), unknown.hint) == (at, "did you mean 'uplink_gbps'?")
    assert (missing.rule, missing.evidence) == ("keys-are-complete", "key 'uplink_gbps' is missing")


def test_an_unlike_key_is_told_the_keys_that_may_stand_there(findings: Findings) -> None:
    text, _ = change("schema: 1", "schema: 1\nzzz: 1")
    [found] = findings(text)
    assert found.hint.startswith("one of: schema, id, name")


def test_a_figure_needs_exactly_one_origin(findings: Findings) -> None:
    text, _ = change("source: &census", "assumption: ours, source: &census")
    [found] = findings(text)
    assert found.subject == "sites.nanjing.audience.population"
    assert "exactly one of 'source' and 'assumption'" in found.evidence


def test_a_key_given_twice_is_refused(findings: Findings) -> None:
    text, at = change("    uplink_gbps: 100\n", "    uplink_gbps: 100\n    uplink_gbps: 40\n")
    [found] = findings(text)
    assert (found.rule, found.subject) == ("keys-are-unique", "sites.main.uplink_gbps")
    assert (line(found), found.evidence) == (at + 1, f"'uplink_gbps' stands already in line {at}")


def test_a_key_that_overrides_a_merged_one_is_no_duplicate(tmp_path: Path) -> None:
    text, _ = change("- *platform\n", "- {<<: *platform, count: 15}\n")
    path = tmp_path / "province.yaml"
    path.write_text(text, "utf-8")
    pool = read(path).site("xuzhou").pool(Purpose.PLATFORM)
    assert pool is not None
    assert pool.count == 15


def test_a_merged_key_is_found_where_it_was_written(findings: Findings) -> None:
    text, _ = change("{<<: *edge, count: 2}", "{<<: *edge, count: -2}")
    [found] = findings(text)
    assert found.subject == "sites.nanjing.nodes.edge.count"
    assert "count: -2" in text.splitlines()[line(found) - 1]


def test_findings_of_every_kind_come_at_once_and_in_order(findings: Findings) -> None:
    text, _ = change("schema: 1", "schema: 2")
    text = text.replace("role: main", "role: mian", 1).replace("racks:", "rakcs:", 1)
    text += "    uplink_gbps: 40\n    uplink_gbps: 40\n"
    found = findings(text)
    assert {one.rule for one in found} >= {"values-are-valid", "keys-are-known", "keys-are-unique"}
    assert [line(one) for one in found] == sorted(line(one) for one in found)


def test_a_broken_relation_is_named_with_its_line(findings: Findings) -> None:
    text, at = change("ipv4: 10.16.0.0/13", "ipv4: 10.8.0.0/13")
    [found] = findings(text)
    assert (found.rule, line(found)) == ("prefixes-are-disjoint", at)
    assert found.subject == "sites.wuxi.prefixes.ipv4"


def test_a_relation_of_an_entry_deep_in_a_list_is_named_with_its_line(findings: Findings) -> None:
    text, at = change('code: "320104"', 'code: "320204"')
    [found] = findings(text)
    assert (found.rule, line(found)) == ("codes-follow-the-prefecture", at)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("schema: 1\nid: [\n", 3),
        ("schema: 1\nid: 'jiangsu\n", 3),
        ("schema: 1\n\tid: x\n", 2),
        ("schema: 1\nid: a: b\n", 2),
        ("schema: 1\nid: *nobody\n", 2),
        ("schema: 1\nid: !python/object x\n", 2),
        ("schema: 1\nid: \x01\n", 2),
        ("schema: 1\n---\nschema: 1\n", 2),
        ("schema: 1\nid: &loop [*loop]\n", 1),
        ("a: " + "[" * 3000, 1),
        ("schema: 2015-99-99\n", 1),
    ],
)
def test_what_is_not_yaml_is_named_with_its_line(findings: Findings, text: str, at: int) -> None:
    [found] = findings(text)
    assert (found.rule, line(found)) == ("yaml-is-well-formed", at)


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n", "jiangsu\n"])
def test_a_file_without_keys_is_refused(findings: Findings, text: str) -> None:
    [found] = findings(text)
    assert (found.rule, line(found)) == ("yaml-is-well-formed", 1)


@pytest.mark.parametrize("key", ["7", "[a]", "2015-03-19", "~", "{a: b}"])
def test_a_key_that_is_not_text_is_refused(findings: Findings, key: str) -> None:
    [found] = findings(f"schema: 1\n? {key}\n: 1\n")
    assert (found.rule, line(found)) == ("keys-are-text", 2)


def test_a_missing_file_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(ProvinceError) as caught:
        read(tmp_path / "nowhere.yaml")
    assert "no such file" in str(caught.value)
    assert "nowhere.yaml" in caught.value.cause
    assert caught.value.exit_code == ExitCode.BAD_INPUT


def test_a_folder_is_no_province(tmp_path: Path) -> None:
    with pytest.raises(ProvinceError, match="is a directory"):
        read(tmp_path)


def test_another_encoding_is_told_by_line(tmp_path: Path) -> None:
    path = tmp_path / "province.yaml"
    path.write_bytes("schema: 1\nname: 江苏省\n".encode("gb18030"))
    with pytest.raises(ProvinceError) as caught:
        read(path)
    [found] = caught.value.findings
    assert (found.rule, line(found)) == ("file-is-readable", 2)


LINES = TEXT[: TEXT.index("  - id: wuxi")].splitlines(keepends=True)
"""As far as the first branch, for speed: whatever is spoiled, the other branches are missing."""


@given(st.integers(0, len(LINES) - 1), st.text(alphabet="{}[]:,#&*!|>'\"%@- \t\nax1é", max_size=12))
def test_no_line_however_spoiled_escapes_as_another_error(
    tmp_path_factory: pytest.TempPathFactory, index: int, garbage: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "spoiled.yaml"
    path.write_text("".join((*LINES[:index], garbage, *LINES[index + 1 :])), "utf-8")
    with pytest.raises(ProvinceError) as caught:
        read(path)
    assert all(0 < line(found) <= len(LINES) + 12 for found in caught.value.findings)


def test_a_world_that_is_written_is_read_again_as_it_was(tmp_path: Path) -> None:
    assert read(worlds.write(worlds.small(), tmp_path / "small.yaml")) == worlds.small()

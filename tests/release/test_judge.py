"""The judge: the whole from its parts, from the folder alone, the same each time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from evidence.records import StackRecord, StageRecord
from evidence.run import RunFolder, RunFolderError
from evidence.verdict import ExitCode, Verdict
from province.claims import CLAIMS
from province.reader import ProvinceError
from release.judge import JUDGES, judge, judge_gathered
from release.publish import publish
from release.verdict_file import verdict_json
from tests.release import runs

WHOLE = runs.whole()


def test_a_rehearsal_at_20_000_users_ends_unknown_for_honest_reasons(tmp_path: Path) -> None:
    judgement = judge(runs.rehearsed(tmp_path))
    claims = {claim.id: claim for claim in judgement.claims}
    assert [claim.id for claim in judgement.claims] == [claim.id for claim in CLAIMS]
    assert (judgement.verdict, judgement.exit_code) == (Verdict.UNKNOWN, ExitCode.UNKNOWN)
    assert claims["fleet"].verdict is Verdict.PASS
    assert claims["users"].reason == "20,000 of 200,000 users were reached"
    assert all(
        claim.reason.startswith("no evidence yet; needed: ")
        for claim in judgement.claims
        if claim.id not in JUDGES
    )
    assert judgement.faults == ()


def test_judging_again_gives_the_same_bytes_even_elsewhere(tmp_path: Path) -> None:
    run = runs.rehearsed(tmp_path / "here")
    first = {path.name: path.read_bytes() for path in publish(run, judge(run))}
    shutil.copytree(run.path, tmp_path / "elsewhere" / "renamed")
    again = RunFolder.open(tmp_path / "elsewhere" / "renamed")
    assert {path.name: path.read_bytes() for path in publish(again, judge(again))} == first


def test_judging_changes_nothing_in_the_folder(tmp_path: Path) -> None:
    run = runs.rehearsed(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in run.path.rglob("*")}
    judge(run)
    assert {path: path.stat().st_mtime_ns for path in run.path.rglob("*")} == before


@pytest.mark.parametrize(
    ("verdict", "whole"),
    [(Verdict.FAIL, Verdict.FAIL), (Verdict.UNKNOWN, Verdict.UNKNOWN)],
)
def test_a_stage_that_did_not_end_well_counts(verdict: Verdict, whole: Verdict) -> None:
    record = runs.stage("destroy", verdict=verdict)
    assert judge_gathered(runs.gathered(*WHOLE, record)).verdict is whole


def test_a_broken_claim_fails_the_whole() -> None:
    broken = runs.stack("main", "second-preview", updated=1)
    judgement = judge_gathered(runs.gathered(*WHOLE, broken))
    assert (judgement.verdict, judgement.exit_code) == (Verdict.FAIL, ExitCode.FAIL)


def test_a_stage_that_never_ended_is_unknown_and_named() -> None:
    stages = [judged.name for judged in judge_gathered(runs.gathered(*WHOLE)).stages]
    assert stages[-1] == "judge"
    kept = (r for r in WHOLE if not (isinstance(r, StageRecord) and r.name == "load"))
    last = judge_gathered(runs.gathered(*kept)).stages[-1]
    assert (last.name, last.verdict, last.seconds) == ("load", Verdict.UNKNOWN, 0)
    assert last.reason == "it never ended"


def test_only_a_rehearsal_owes_the_rehearsals_stages() -> None:
    kept = runs.without(WHOLE, StageRecord)
    assert judge_gathered(runs.gathered(*kept, scope="load")).stages == ()


@pytest.mark.parametrize(
    ("scope", "where"),
    [
        ("rehearsal", "rehearsed (this machine; nodes simulated by KWOK)"),
        ("load", "rehearsed (this machine; edge and reference platform alone)"),
        ("production", "proven in production"),
    ],
)
def test_every_verdict_says_where_it_was_seen(scope: str, where: str) -> None:
    judgement = judge_gathered(runs.gathered(*WHOLE, scope=scope))
    assert {claim.where for claim in judgement.claims} == {where}


def test_a_killed_runs_torn_line_leaves_its_claims_open(tmp_path: Path) -> None:
    run = runs.rehearsed(tmp_path)
    file = run.path / "deploy.jsonl"
    line = runs.stack("main", "up", ready=False).model_dump_json()
    file.write_bytes(file.read_bytes() + line[:-30].encode())
    judgement = judge(run)
    claims = {claim.id: claim for claim in judgement.claims}
    assert claims["fleet"].verdict is Verdict.UNKNOWN
    assert "the last line is unfinished" in claims["fleet"].reason
    assert claims["users"].reason == "20,000 of 200,000 users were reached"
    assert [fault.subject for fault in judgement.faults] == ["deploy.jsonl"]


def test_an_unreadable_line_never_lets_the_whole_pass(tmp_path: Path) -> None:
    run = runs.rehearsed(tmp_path)
    with (run.path / "toolchain.jsonl").open("a") as file:
        file.write("{}\n")
    judgement = judge(run)
    assert judgement.verdict is Verdict.UNKNOWN
    assert len(judgement.faults) == 1


def test_a_failure_stays_one_beside_a_torn_line(tmp_path: Path) -> None:
    run = runs.rehearsed(tmp_path)
    run.append(runs.stack("main", "up", ready=False))
    with (run.path / "deploy.jsonl").open("a") as file:
        file.write('{"site":"wu')
    assert judge(run).verdict is Verdict.FAIL


def test_a_run_that_ended_at_once_is_unknown_in_all(tmp_path: Path) -> None:
    judgement = judge(runs.written(tmp_path))
    assert {claim.verdict for claim in judgement.claims} == {Verdict.UNKNOWN}
    assert {stage.reason for stage in judgement.stages} == {"it never ended"}


def test_a_folder_without_its_province_is_refused(tmp_path: Path) -> None:
    run = runs.rehearsed(tmp_path)
    (run.path / "inputs" / "province.yaml").unlink()
    with pytest.raises(RunFolderError, match="cannot be judged"):
        judge(run)


def test_a_province_that_was_changed_afterwards_is_refused(tmp_path: Path) -> None:
    run = runs.rehearsed(tmp_path)
    path = run.path / "inputs" / "province.yaml"
    path.write_text(path.read_text("utf-8").replace("200000", "20000"), "utf-8")
    with pytest.raises(RunFolderError, match="checksum differs"):
        judge(run)


def test_a_province_that_cannot_be_read_is_the_readers_error(tmp_path: Path) -> None:
    run = runs.written(tmp_path, province_sha256=runs.sha256(b"nonsense"))
    run.store_input("province.yaml", b"nonsense")
    with pytest.raises(ProvinceError):
        judge(run)


def test_a_folder_of_two_runs_is_refused(tmp_path: Path) -> None:
    run = runs.rehearsed(tmp_path)
    run.append(runs.run_record())
    with pytest.raises(RunFolderError, match="holds 2 runs"):
        judge(run)


def test_each_judge_is_of_a_claim() -> None:
    assert set(JUDGES) <= {claim.id for claim in CLAIMS}


def test_the_verdict_file_has_the_issues_form(tmp_path: Path) -> None:
    judgement = judge(runs.rehearsed(tmp_path))
    data = json.loads(verdict_json(judgement))
    assert list(data) == [
        "schema", "run", "scope", "verdict", "exit_code", "claims", "stages", "drills",
    ]  # fmt: skip
    assert (data["schema"], data["scope"], data["exit_code"]) == (1, "rehearsal", 2)
    claim = data["claims"][0]
    assert list(claim) == [
        "id", "promise", "verdict", "where", "reason", "figures", "evidence",
    ]  # fmt: skip
    assert list(claim["figures"]["sites_standing"].values()) == [14, "sites", None, None, 14]
    assert {tuple(stage) for stage in data["stages"]} == {("name", "seconds", "verdict")}
    assert {"toolchain", "machine-room", "policies", "deploy", "load", "judge"} <= {
        stage["name"] for stage in data["stages"]
    }


def test_only_files_that_exist_are_named_as_evidence() -> None:
    claim = judge_gathered(runs.gathered(*runs.without(WHOLE, StackRecord))).claims[0]
    assert claim.evidence == ("machine-room.jsonl",)

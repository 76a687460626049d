"""The main job, end to end, on a small province: three sites, real servers, real users."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from evidence.verdict import ExitCode
from infra.plan.fleet import plan_fleet
from province.reader import read
from tests import binaries, worlds
from tests.release.commandline import CommandLine, nothing_is_left

pytestmark = [pytest.mark.live, pytest.mark.slow]

STAGES = (
    "toolchain",
    "machine-room",
    "policies",
    "deploy",
    "placement",
    "jobs",
    "destroy",
    "load",
    "judge",
)
_DOING = {
    "machine-room": "booting the control planes",
    "deploy": "bringing every site up",
}
"""Previews and teardown are the same engine's operations as bringing up, and cost a run each."""


@pytest.fixture(autouse=True)
def _toolchain() -> None:
    binaries.require("kube-apiserver", "pulumi")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return worlds.write(worlds.small(), tmp_path / "small.yaml")


@pytest.fixture
def smaller(tmp_path: Path) -> Path:
    return worlds.write(worlds.pair(), tmp_path / "smaller.yaml")


def begun(
    command: Sequence[str], province: Path, folder: Path, *, hold_seconds: int = 10
) -> CommandLine:
    load = ("--users", "300", "--ramp", "5", "--hold", str(hold_seconds))
    return CommandLine([*command, "--province", str(province), *load], folder)


def rehearse(province: Path, folder: Path) -> CommandLine:
    """Without drills: those have tests of their own."""
    return begun(("rehearse", "--no-drills"), province, folder)


def test_a_branch_is_added_and_after_kill_nine_a_rehearsal_runs_through(tmp_path: Path) -> None:
    """One test for both, because a rehearsal takes a minute or two."""
    small = worlds.write(worlds.joined(), tmp_path / "joined.yaml")
    killed = rehearse(small, tmp_path)
    killed.until(_DOING["deploy"])
    killed.signal(signal.SIGKILL)
    killed.end(60)
    nothing_is_left(tmp_path)
    command = rehearse(small, tmp_path)
    assert command.end() == ExitCode.UNKNOWN, command.text
    nothing_is_left(tmp_path)
    run = tmp_path / "runs" / "latest"
    verdict = json.loads((run / "verdict.json").read_text("utf-8"))
    claims = {claim["id"]: claim for claim in verdict["claims"]}
    assert claims["fleet"]["verdict"] == "PASS", claims["fleet"]["reason"]
    assert claims["users"]["verdict"] == "UNKNOWN"
    assert "every pod to simulated nodes" in claims["site-loss"]["reason"]
    figures = claims["site-loss"]["figures"]
    assert (figures["losses_placed"]["value"], figures["pods_pending"]["value"]) == (3, 0)
    assert figures["pods_placed_max"]["value"] > 2 * len(worlds.joined().platform.workloads)
    for claim in ("compute", "ipv6"):
        assert claims[claim]["verdict"] == "PASS", claims[claim]["reason"]
    assert claims["compute"]["figures"]["sites_landed"]["value"] == 2
    assert claims["tiers"]["figures"]["counties_reached"]["value"] > 2
    assert "300 of 9,000 users" in claims["users"]["reason"]
    assert tuple(stage["name"] for stage in verdict["stages"]) == STAGES
    assert {stage["verdict"] for stage in verdict["stages"]} == {"PASS"}
    _the_new_branch_stands_and_no_other_plan_changed(run)
    _counts_agree(run)
    _judged_again_it_says_the_same(run, tmp_path)
    assert (run / "report.html").is_file()
    assert (run / "junit.xml").is_file()


def _the_new_branch_stands_and_no_other_plan_changed(run: Path) -> None:
    before = plan_fleet(worlds.pair(), "rehearsal")
    after = plan_fleet(read(run / "inputs" / "province.yaml"), "rehearsal")
    others = {plan.site for plan in after.sites if plan not in before.sites} - {"xuzhou"}
    assert others <= {"main", "suzhou"}  # where clusters are known, and whose copies go there now
    lines = map(json.loads, (run / "deploy.jsonl").read_text("utf-8").splitlines())
    of_it = {r["operation"]: r for r in lines if r["site"] == "xuzhou"}
    assert of_it["preview"]["created"] == of_it["up"]["created"] > 0
    assert of_it["up"]["ready"]
    assert of_it["drift"]["updated"] == of_it["drift"]["created"] == 0


def _counts_agree(run: Path) -> None:
    load, edge = _record(run, "load"), _record(run, "edge")
    assert load["started"] == load["completed"] + load["failed"] + load["in_flight"]
    assert load["completed"] == edge["completed"] > 0
    destroyed = [
        record
        for record in map(json.loads, (run / "deploy.jsonl").read_text("utf-8").splitlines())
        if record["operation"] == "destroy"
    ]
    assert len(destroyed) == len(worlds.joined().sites) + 1  # and what lies between them
    assert all(record["error"] is None for record in destroyed)


def _judged_again_it_says_the_same(run: Path, folder: Path) -> None:
    again = CommandLine(["judge", str(run), "--json"], folder)
    assert again.end() == ExitCode.UNKNOWN
    assert again.text + "\n" == (run / "verdict.json").read_text("utf-8")


def _record(run: Path, topic: str) -> Mapping[str, Any]:
    (line,) = (run / f"{topic}.jsonl").read_text("utf-8").splitlines()
    record: Mapping[str, Any] = json.loads(line)
    return record


@pytest.mark.parametrize("stage", _DOING)
def test_an_interrupt_leaves_nothing(stage: str, smaller: Path, tmp_path: Path) -> None:
    _interrupted(rehearse(smaller, tmp_path), _DOING[stage])
    nothing_is_left(tmp_path)


def test_an_interrupt_of_the_load_leaves_nothing(smaller: Path, tmp_path: Path) -> None:
    """Alone: of a rehearsal nothing else stands any more when the load begins.

    In whichever phase it is first seen: progress is told every few seconds, and a quick machine is
    past the ramp by then. The hold is far longer than an interrupt takes.
    """
    _interrupted(begun(("load", "run"), smaller, tmp_path, hold_seconds=120), " of 300 · ")
    nothing_is_left(tmp_path)


def _interrupted(command: CommandLine, doing: str) -> None:
    command.until(doing)
    command.signal(signal.SIGINT)
    assert command.end(120) == ExitCode.INTERRUPTED, command.text
    assert "Traceback" not in command.text


def test_a_held_port_is_named_and_nothing_is_left(smaller: Path, tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # an earlier test used it
        holder.bind(("127.20.2.1", 6443))
        holder.listen()
        command = rehearse(smaller, tmp_path)
        assert command.end(120) == ExitCode.TOOL_FAILED, command.text
    assert f"127.20.2.1:6443 is in use by process {os.getpid()}" in command.text
    nothing_is_left(tmp_path)

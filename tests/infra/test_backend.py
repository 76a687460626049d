from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import yaml

from infra.fleet.backend import Backend
from infra.fleet.errors import FleetError, StackLockedError

STACK = "rehearsal.suzhou"


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    binaries = {name: tmp_path / name for name in ("pulumi", "pulumi-resource-kubernetes")}
    for binary in binaries.values():
        binary.write_text("#!/bin/sh\n")
    made = Backend(tmp_path / "state")
    made.prepare(binaries)
    return made


@pytest.fixture(autouse=True)
def _no_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUYUN_PASSPHRASE", raising=False)


def lock(backend: Backend, pid: int, hostname: str | None = None) -> Path:
    folder = backend.folder / "backend/.pulumi/locks/organization/suyun" / STACK
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "1.json"
    content = {
        "pid": pid,
        "username": "li",
        "hostname": hostname or socket.gethostname(),
        "timestamp": "2026-11-24T07:33:36.123456789Z",
    }
    file.write_text(json.dumps(content))
    return file


def a_dead_pid() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        return process.pid


def test_a_lock_of_a_dead_process_is_cancelled_and_told(backend: Backend) -> None:
    pid = a_dead_pid()
    file = lock(backend, pid)
    assert f"process {pid}" in (backend.unlock(STACK) or "")
    assert not file.exists()
    assert backend.unlock(STACK) is None


def test_a_lock_of_a_process_that_is_no_pulumi_is_cancelled(backend: Backend) -> None:
    lock(backend, os.getpid())
    assert backend.unlock(STACK) is not None


def test_a_lock_of_a_live_pulumi_says_who_and_since_when(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil.Process, "name", lambda _: "pulumi")
    file = lock(backend, os.getpid())
    with pytest.raises(StackLockedError, match=r"locked by li@.*since 2026-11-24 07:33:36") as got:
        backend.unlock(STACK)
    assert "stop it" in got.value.hint
    assert file.exists()


def test_a_lock_of_another_machine_is_never_cancelled(backend: Backend) -> None:
    lock(backend, a_dead_pid(), hostname="elsewhere")
    with pytest.raises(StackLockedError, match="elsewhere"):
        backend.unlock(STACK)


def test_a_missing_binary_is_named(tmp_path: Path) -> None:
    with pytest.raises(FleetError, match="pulumi is missing"):
        Backend(tmp_path).prepare({})


def test_the_passphrase_is_made_once_and_is_nobody_elses(backend: Backend) -> None:
    first = backend.environment("rehearsal", "up")["PULUMI_CONFIG_PASSPHRASE"]
    assert backend.environment("rehearsal", "up")["PULUMI_CONFIG_PASSPHRASE"] == first
    assert (backend.folder / "passphrase").stat().st_mode & 0o777 == 0o600


def test_production_is_never_encrypted_with_a_passphrase_that_we_made(backend: Backend) -> None:
    with pytest.raises(FleetError, match="no passphrase") as caught:
        backend.environment("production", "up")
    assert "SUYUN_PASSPHRASE" in caught.value.hint
    assert not (backend.folder / "passphrase").exists()


def test_only_what_can_be_done_again_saves_its_state_once(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "PULUMI_SKIP_CHECKPOINTS" in backend.environment("rehearsal", "destroy")
    assert "PULUMI_SKIP_CHECKPOINTS" in backend.environment("rehearsal", "up")
    monkeypatch.setenv("SUYUN_PASSPHRASE", "x")
    assert "PULUMI_SKIP_CHECKPOINTS" not in backend.environment("production", "up")


def test_a_stack_file_takes_what_is_committed_and_keeps_its_salt(backend: Backend) -> None:
    config = {"site": "suzhou", "kubeconfig": "/one"}
    folder = backend.workspace(STACK, "suzhou", config)
    file = folder / f"Pulumi.{STACK}.yaml"
    written = yaml.safe_load(file.read_text())
    assert written["config"]["suyun:environment"] == "rehearsal"
    assert written["config"]["suyun:kubeconfig"] == "/one"
    file.write_text(yaml.safe_dump({**written, "encryptionsalt": "v1:salt"}))
    backend.workspace(STACK, "suzhou", {**config, "kubeconfig": "/two"})
    again = yaml.safe_load(file.read_text())
    assert again["encryptionsalt"] == "v1:salt"
    assert again["config"]["suyun:kubeconfig"] == "/two"


def test_what_a_killed_run_had_begun_is_known(backend: Backend) -> None:
    assert backend.pending(STACK) == ()
    file = backend.folder / "backend/.pulumi/stacks/suyun" / f"{STACK}.json"
    file.parent.mkdir(parents=True)
    operation = {"resource": {"urn": "urn:x"}, "type": "creating"}
    file.write_text(json.dumps({"checkpoint": {"latest": {"pending_operations": [operation]}}}))
    assert backend.pending(STACK) == ("urn:x",)
    file.write_text(json.dumps({"checkpoint": {"latest": None}}))
    assert backend.pending(STACK) == ()


def test_the_analyzer_starts_this_python(backend: Backend) -> None:
    analyzer = backend.folder / "bin" / "pulumi-analyzer-policy-python"
    assert "-m pulumi.policy" in analyzer.read_text()
    assert os.access(analyzer, os.X_OK)

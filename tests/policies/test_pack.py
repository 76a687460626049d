"""The pack under the real engine: what it refuses, and in which words."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import binaries

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = Path(__file__).parent / "preview_program.py"

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What Pulumi needs around it: its plugins on PATH, a home and a backend of its own."""
    tools = binaries.require("pulumi", "pulumi-resource-kubernetes")
    folder = tmp_path_factory.mktemp("pulumi")
    analyzer = folder / "pulumi-analyzer-policy-python"
    analyzer.write_text(
        f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -u -m pulumi.policy "$1" "$2"\n'
    )
    analyzer.chmod(0o755)
    (folder / "backend").mkdir()
    found = [str(folder), *sorted({str(path.parent) for path in tools.values()})]
    return {
        "PATH": os.pathsep.join([*found, os.environ["PATH"]]),
        "HOME": str(folder),
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": (folder / "backend").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "a test has no secrets",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }


def preview(folder: Path, environment: dict[str, str], change: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(folder), str(ROOT / "policies"), change],
        env={**environment, "PULUMI_BACKEND_URL": folder.as_uri()},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_stack_that_keeps_every_rule_is_accepted(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    assert preview(tmp_path, environment, "nothing") == [{"outcome": "accepted"}]


@pytest.mark.parametrize(
    ("change", "rule", "seen", "hint"),
    [
        (
            "limits",
            "containers-have-limits",
            "spec.template.spec.containers[0].resources.limits.cpu is missing",
            "set spec.template.spec.containers[0].resources.limits.cpu, such as 500m",
        ),
        (
            "budget",
            "deployments-survive-a-zone",
            "no PodDisruptionBudget of the stack keeps any of its pods",
            "add a PodDisruptionBudget",
        ),
        (
            "unknown-image",
            "images-pinned-by-digest",
            "spec.template.spec.containers[0].image is not known before the deployment",
            "set spec.template.spec.containers[0].image to ",
        ),
        (
            "custom-resource",
            "gateways-are-tls-only",
            'spec.listeners[0].protocol is "HTTP"',
            "set spec.listeners[0].protocol to HTTPS",
        ),
    ],
)
def test_what_breaks_a_rule_is_refused_with_rule_resource_and_fix(
    tmp_path: Path, environment: dict[str, str], change: str, rule: str, seen: str, hint: str
) -> None:
    *violations, outcome = preview(tmp_path, environment, change)
    assert outcome == {"outcome": "refused"}
    assert {violation["rule"] for violation in violations} == {rule}
    assert {violation["level"] for violation in violations} == {"mandatory"}
    lines = violations[0]["message"].strip().splitlines()
    subject = "Gateway edge/edge" if change == "custom-resource" else "Deployment city/catalogue"
    assert lines[-2] == f"{subject}: {seen}"
    assert lines[-1].startswith(f"Fix: {hint}")

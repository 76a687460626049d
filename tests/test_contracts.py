"""The import contracts hold, and each is broken by one forbidden import."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
NAMES = {contract["id"]: contract["name"] for contract in LINTER["contracts"]}

FORBIDDEN = (
    ("rooms", "evidence/figure.py", "release.errors"),
    ("rooms", "policies/field.py", "rehearsal.pki"),
    ("processes-know-nothing", "processes/ports.py", "province.claims"),
    ("plan-only", "policies/field.py", "infra.fleet"),
    ("plan-only", "rehearsal/pki.py", "infra.components"),
    ("loadtests-apart", "loadtests/__init__.py", "infra.plan.values"),
    ("plan-decides", "infra/plan/values.py", "yaml"),
    ("pulumi-where-it-belongs", "release/errors.py", "pulumi"),
    ("policy-pack-in-one-place", "policies/catalogue.py", "pulumi_policy"),
    ("locust-where-it-belongs", "rehearsal/pki.py", "locust"),
    ("checker-apart", "rehearsal/data/accounts.py", "rehearsal.data.writer"),
    ("values-are-pure", "province/claims.py", "time"),
    ("values-are-pure", "evidence/verdict.py", "subprocess"),
)


def lint(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs import-linter on the packages of that folder, which comes first on the import path."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages and their contracts, to be broken."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in LINTER["root_packages"]:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    return tmp_path


def test_every_contract_is_kept() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("contract", "file", "imported"), FORBIDDEN)
def test_a_forbidden_import_breaks_its_contract(
    copy: Path, contract: str, file: str, imported: str
) -> None:
    with (copy / file).open("a", encoding="utf-8") as module:
        module.write(f"\nimport {imported}\n")
    done = lint(copy, "--contract", contract)
    assert done.returncode == 1, done.stdout
    assert f"{NAMES[contract]} BROKEN" in done.stdout
    assert imported in done.stdout


def test_every_contract_is_shown_to_break() -> None:
    assert {contract for contract, _, _ in FORBIDDEN} == set(NAMES)

"""`./suyun test`: all that CI runs, in one command, the quickest first."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import typer

from evidence.verdict import ExitCode
from release.workspace import ROOT


def run_checks(*, fast: bool) -> ExitCode:
    """Runs every check, even after one failed, and says which failed."""
    started = time.monotonic()
    with TemporaryDirectory() as folder:
        checks = _checks(fast=fast, folder=Path(folder))
        failed = [name for name, arguments in checks if not _passes(name, arguments)]
    typer.echo(f"checks took {time.monotonic() - started:.0f} s")
    if failed:
        typer.echo(f"failed: {', '.join(failed)}")
        return ExitCode.FAIL
    return ExitCode.PASS


def _checks(*, fast: bool, folder: Path) -> tuple[tuple[str, tuple[str, ...]], ...]:
    quick = (
        ("format", ("ruff", "format", "--check", "--quiet", ".")),
        ("lint", ("ruff", "check", "--quiet", ".")),
        ("types", ("mypy", "--no-error-summary")),
    )
    # Live tests wait as much as they work: two modules of them side by side (`tests/conftest.py`),
    # in a folder of their own, for with xdist's the paths of Unix sockets became too long.
    beside = ("-n", "2", "--dist", "loadscope", "--no-loadscope-reorder", f"--basetemp={folder}/t")
    tests = ("tests", ("pytest", "-q", "-n", "logical", "-m", "not live and not slow"))
    if fast:
        return (*quick, tests)
    live = ("pytest", "-q", "--durations=12")
    toolchain = ("toolchain", ("release", "tools", "--build"))
    return (
        *quick,
        tests,
        toolchain,
        ("live tests", (*live, *beside, "-m", "(live or slow) and not alone")),
        # A late generator's verdict is UNKNOWN, as it should be: such a test gets the machine.
        ("live tests, alone", (*live, "-m", "alone")),
    )


def _passes(name: str, arguments: tuple[str, ...]) -> bool:
    typer.echo(f"== {name}: {' '.join(arguments)}")
    sys.stdout.flush()
    return subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, check=False).returncode == 0

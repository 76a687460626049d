"""`./suyun test`: all that CI runs, in one command, the quickest first."""

from __future__ import annotations

import subprocess
import sys
import time

import typer

from evidence.verdict import ExitCode
from release.workspace import ROOT


def run_checks(*, fast: bool) -> ExitCode:
    """Runs every check, even after one failed, and says which failed."""
    started = time.monotonic()
    failed = [name for name, arguments in _checks(fast=fast) if not _passes(name, arguments)]
    typer.echo(f"checks took {time.monotonic() - started:.0f} s")
    if failed:
        typer.echo(f"failed: {', '.join(failed)}")
        return ExitCode.FAIL
    return ExitCode.PASS


def _checks(*, fast: bool) -> tuple[tuple[str, tuple[str, ...]], ...]:
    quick = (
        ("format", ("ruff", "format", "--check", "--quiet", ".")),
        ("lint", ("ruff", "check", "--quiet", ".")),
        ("types", ("mypy", "--no-error-summary")),
    )
    # Only tests that start nothing run side by side: real servers hold ports, and measure.
    tests = ("tests", ("pytest", "-q", "-n", "logical", "-m", "not live and not slow"))
    if fast:
        return (*quick, tests)
    toolchain = ("toolchain", ("release", "tools", "--build"))
    return (
        *quick,
        tests,
        toolchain,
        ("live tests", ("pytest", "-q", "--durations=12", "-m", "live or slow")),
    )


def _passes(name: str, arguments: tuple[str, ...]) -> bool:
    typer.echo(f"== {name}: {' '.join(arguments)}")
    sys.stdout.flush()
    return subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, check=False).returncode == 0

"""`./suyun policies`: the rules, told and applied to files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from evidence.verdict import ExitCode
from policies.catalogue import CATALOGUE, check, explain
from policies.manifests import read_manifests
from province.findings import errors
from release.commands.output import print_json, print_table
from release.errors import InputError, finding_line


def list_rules(*, as_json: bool) -> ExitCode:
    """A line a rule."""
    texts = [explain(rule.id) for rule in CATALOGUE]
    if as_json:
        print_json(texts)
    else:
        print_table(
            ("rule", "severity", "upholds"), [(t.id, t.severity, t.sentence) for t in texts]
        )
    return ExitCode.PASS


def explain_rule(rule: str) -> ExitCode:
    """All that a reviewer wants to know of one rule."""
    try:
        typer.echo(str(explain(rule)))
    except KeyError as error:
        raise InputError(
            f"there is no rule '{rule}'", "./suyun policies list names them"
        ) from error
    return ExitCode.PASS


def check_files(paths: Sequence[Path], *, as_json: bool) -> ExitCode:
    """Checks the files' manifests together, so that rules across resources see all of them."""
    manifests = [manifest for path in paths for manifest in read_manifests(path)]
    findings = check(manifests)
    if as_json:
        print_json(findings)
    else:
        for finding in findings:
            typer.echo(finding_line(finding))
        typer.echo(f"{len(manifests)} resources, {len(findings)} findings")
    return ExitCode.FAIL if errors(findings) else ExitCode.PASS

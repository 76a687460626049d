"""A judgement on the console: what was judged, why, and what that means."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from evidence.figure import ClaimVerdict
from evidence.verdict import Verdict
from release.judge import Judgement
from release.wording import bounds, label, printable, quantity

_STYLES = {Verdict.PASS: "bold green", Verdict.FAIL: "bold red", Verdict.UNKNOWN: "bold yellow"}
_FIGURES_SHOWN = 6
"""The report has them all."""


def print_judgement(judgement: Judgement, console: Console) -> None:
    """Prints claims, stages and the verdict, which stands last, where a terminal's eye is."""
    console.print(_claims(judgement))
    console.print()
    console.print(_stages(judgement))
    for fault in judgement.faults:
        console.print(_line("evidence", f"{fault.location}: {fault.evidence}"))
    console.print()
    console.print(_verdict(judgement))


def _claims(judgement: Judgement) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for claim in judgement.claims:
        table.add_row(_word(claim.verdict), Text(claim.id), _told(claim))
    return table


def _told(claim: ClaimVerdict) -> Text:
    text = Text(claim.promise)
    text.append(f"\n{printable(claim.reason)}", style="dim")
    shown = list(claim.figures.items())[:_FIGURES_SHOWN]
    for name, figure in shown:
        more = bounds(figure)
        text.append(f"\n  {label(name)}: {quantity(figure.value, figure.unit)}", style="dim")
        text.append(f" ({more})" if more else "", style="dim")
    return text


def _stages(judgement: Judgement) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(overflow="fold")
    for stage in judgement.stages:
        table.add_row(
            _word(stage.verdict),
            Text(stage.name),
            Text(f"{stage.seconds:,.1f} s"),
            Text(printable(stage.reason), style="dim"),
        )
    return table


def _verdict(judgement: Judgement) -> Text:
    counted = ", ".join(
        f"{sum(claim.verdict is verdict for claim in judgement.claims)} {verdict}"
        for verdict in Verdict
    )
    text = _word(judgement.verdict)
    text.append(
        f"  run {judgement.run}, {judgement.scope}: {counted} of ", style="not bold default"
    )
    text.append(f"{len(judgement.claims)} claims", style="not bold default")
    text.append(f"; exit code {judgement.exit_code.value}", style="not bold default")
    return text


def _word(verdict: Verdict) -> Text:
    return Text(verdict.value, style=_STYLES[verdict])


def _line(name: str, text: str) -> Text:
    return Text(f"{name}: {printable(text)}", style="yellow")

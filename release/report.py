"""The report: one HTML file that explains a judgement, readable offline, on a phone and on paper.

It shows what the judge said and the evidence it was said on; it judges nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from evidence.figure import ClaimVerdict, Figure
from evidence.records import (
    BinaryRecord,
    BootRecord,
    EdgeRecord,
    LoadRecord,
    LoadStepRecord,
    PolicyRecord,
    RecoveryRecord,
    StackRecord,
    StageRecord,
)
from evidence.run import RunFolder
from evidence.verdict import Verdict
from province.claims import BY_ID
from province.findings import Finding
from province.sites import Site
from release.claims.generator import samples_lost
from release.claims.journeys import seen_journeys
from release.drills_table import drill_rows, lag_rows
from release.gathered import Gathered, gather
from release.judge import Judgement
from release.load_charts import drill_charts, load_charts
from release.losses_table import are_simulated, loss_rows
from release.wording import bounds, label, printable, quantity, sentence, told_recovery, told_steps

_FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True, kw_only=True, slots=True)
class StageBar:
    """A stage on the timeline; `left` and `width` in percent of all stages' time."""

    stage: StageRecord
    left: float
    width: float


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteRow:
    """What was seen of one site."""

    site: Site
    boot: BootRecord | None
    up: StackRecord | None
    second_preview: StackRecord | None
    policy: PolicyRecord | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Balance:
    """One line of the reconciliation: two counts that should be the same."""

    what: str
    left: int
    right: int

    @property
    def difference(self) -> int:
        """Right minus left."""
        return self.right - self.left


def report_html(run: RunFolder, judgement: Judgement) -> str:
    """The report's text. Equal folders give equal bytes. Raises what `gather` raises."""
    evidence = gather(run)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            judgement=judgement,
            run=evidence.run,
            province=evidence.province,
            started=datetime.fromtimestamp(evidence.run.started_at, UTC),
            reading=reading(judgement),
            counts={v: sum(c.verdict is v for c in judgement.claims) for v in Verdict},
            sentences={claim.id: BY_ID[claim.id].sentence for claim in judgement.claims},
            bars=stage_bars(judgement.stages),
            sites=site_rows(evidence),
            losses=loss_rows(evidence),
            losses_simulated=are_simulated(evidence),
            drills=drill_rows(judgement.drills),
            lags=lag_rows(evidence),
            findings=policy_findings(evidence),
            load=next(iter(evidence.of(LoadRecord)), None),
            edges=evidence.of(EdgeRecord),
            samples_lost=_samples_lost(evidence),
            steps=evidence.of(LoadStepRecord),
            told_steps=told_steps(evidence.of(LoadStepRecord)),
            recoveries=[told_recovery(seen) for seen in evidence.of(RecoveryRecord)],
            journeys=tuple(seen_journeys(evidence).values()),
            objectives={one.journey.value: one for one in evidence.province.objectives.journeys},
            balances=balances(evidence),
            charts=load_charts(evidence),
            drill_charts=drill_charts(evidence),
            binaries=evidence.of(BinaryRecord),
        )
    )


def reading(judgement: Judgement) -> str:
    """What the verdict on the whole comes from, in a sentence."""
    decisive = [
        *(claim.id for claim in judgement.claims if claim.verdict is judgement.verdict),
        *(f"stage {s.name}" for s in judgement.stages if s.verdict is judgement.verdict),
        *(f"unreadable {fault.location}" for fault in judgement.faults),
    ]
    if judgement.verdict is Verdict.PASS:
        return "Every claim holds, and every stage ended well."
    if judgement.verdict is Verdict.FAIL:
        return f"Evidence shows that this does not hold: {', '.join(decisive)}."
    return f"Nothing was seen to be broken, but evidence is wanting for: {', '.join(decisive)}."


def stage_bars(stages: Sequence[StageRecord]) -> tuple[StageBar, ...]:
    """The stages one after another on a line of 100 percent."""
    whole = sum(stage.seconds for stage in stages) or 1.0
    bars: list[StageBar] = []
    begin = 0.0
    for stage in stages:
        width = 100 * stage.seconds / whole
        bars.append(StageBar(stage=stage, left=begin, width=width))
        begin += width
    return tuple(bars)


def site_rows(evidence: Gathered) -> tuple[SiteRow, ...]:
    """A row for each site of the province, whether anything was seen of it or not."""
    boots = {record.site: record for record in evidence.of(BootRecord)}
    stacks = {(r.site, str(r.operation)): r for r in evidence.of(StackRecord)}
    policies = {record.site: record for record in evidence.of(PolicyRecord)}
    return tuple(
        SiteRow(
            site=site,
            boot=boots.get(site.id),
            up=stacks.get((site.id, "up")),
            second_preview=stacks.get((site.id, "drift"), stacks.get((site.id, "second-preview"))),
            policy=policies.get(site.id),
        )
        for site in evidence.province.sites
    )


def policy_findings(evidence: Gathered) -> tuple[tuple[str, Finding], ...]:
    """Each finding with the site at whose preview it was made."""
    return tuple(
        (record.site, finding)
        for record in evidence.of(PolicyRecord)
        for finding in record.findings
    )


def balances(evidence: Gathered) -> tuple[Balance, ...]:
    """What has to agree to the request before a load run is believed."""
    loads, edges = evidence.of(LoadRecord), evidence.of(EdgeRecord)
    lines = [
        Balance(
            what="requests started = completed + failed + in flight",
            left=load.started,
            right=load.completed + load.failed + load.in_flight,
        )
        for load in loads
    ]
    if edges:
        lines += [
            Balance(
                what="responses that clients read = responses that the edge sent whole",
                left=load.completed,
                right=sum(edge.completed for edge in edges),
            )
            for load in loads
        ]
    return tuple(lines)


def _samples_lost(evidence: Gathered) -> int:
    """Those that went with lost workers, of the load run that is shown."""
    edges = evidence.of(EdgeRecord)
    return next((samples_lost(load, edges) for load in evidence.of(LoadRecord)), 0)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    environment.filters.update(
        label=label, bounds=bounds, sentence=sentence, shown=_shown, own_figures=_own_figures
    )
    environment.globals.update(GLYPHS=_GLYPHS, MEANINGS=_MEANINGS)
    return environment


def _finalize(value: object) -> object:
    """Cleans what evidence says; what the template itself marked as safe stays as it is."""
    return printable(value) if type(value) is str else value


def _shown(figure: Figure) -> str:
    return quantity(figure.value, figure.unit)


def _own_figures(claim: ClaimVerdict) -> dict[str, Figure]:
    """The figures that are not shown in the table of journeys."""
    journeys = ("_response_ms_p95", "_response_ms_p99", "_errors_ratio")
    return {name: fig for name, fig in claim.figures.items() if not name.endswith(journeys)}


_GLYPHS = {Verdict.PASS: "✓", Verdict.FAIL: "✕", Verdict.UNKNOWN: "?"}
"""So that no verdict is told by colour alone."""

_MEANINGS = {
    Verdict.PASS: "Evidence was seen, it was whole and valid, and it shows that the promise holds.",
    Verdict.FAIL: "Valid evidence was seen, and it shows that the promise does not hold.",
    Verdict.UNKNOWN: "There is no evidence, or not enough, or it cannot be trusted: something was "
    "not measured, a sample is missing, a count does not agree, or the instrument itself was at "
    "its limit. It blocks a release as FAIL does, and it is never turned into PASS.",
}

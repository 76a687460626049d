"""What a run folder tells of a drill: which steps ended well, and which stand to be taken back."""

from __future__ import annotations

from evidence.drills import DrillStepBegunRecord, DrillStepRecord
from evidence.run import RunFolder
from evidence.verdict import Verdict


def ended_well(run: RunFolder, drill: str) -> dict[int, str]:
    """The title of each step whose last word is PASS and that was not taken back since."""
    titles: dict[int, str] = {}
    for record in run.read(DrillStepRecord):
        if record.drill != drill:
            continue
        if record.verdict is Verdict.PASS and not record.is_undo:
            titles[record.step] = record.title
        else:
            titles.pop(record.step, None)
    return titles


def standing(run: RunFolder, drill: str) -> tuple[int, ...]:
    """The steps that were begun and not taken back, the highest first.

    One that did not end well, or never ended, may have done a part of its work.
    """
    back = [record for record in run.read(DrillStepRecord) if record.is_undo]
    taken_back = {
        record.step: record.ended_at
        for record in back
        if record.drill == drill and record.verdict is Verdict.PASS
    }
    begun = {
        record.step: record.began_at
        for record in run.read(DrillStepBegunRecord)
        if record.drill == drill and not record.is_undo
    }
    left = [step for step, at in begun.items() if at >= taken_back.get(step, 0.0)]
    return tuple(sorted(left, reverse=True))

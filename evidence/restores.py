"""The last proven restore of each class of data, looked up in all run folders, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evidence.records import RestoreRecord
from evidence.run import RunFolder, newest_first
from province.findings import Finding
from province.province import Province


@dataclass(frozen=True, kw_only=True, slots=True)
class ProvenRestore:
    """A restore that proves something, and the run that saw it."""

    run: str
    record: RestoreRecord


@dataclass(frozen=True, kw_only=True, slots=True)
class Restores:
    """The newest proof for each holding that has one, by its id; and lines nobody can read."""

    proven: dict[str, ProvenRestore]
    faults: tuple[Finding, ...]


def last_restores(runs: Path, province: Province) -> Restores:
    """Of all runs in that folder. A restore counts that is whole and from another prefecture."""
    proven: dict[str, ProvenRestore] = {}
    faults: list[Finding] = []
    for run in newest_first(runs):
        reading = run.reading(RestoreRecord)
        faults += [_placed(fault, run) for fault in reading.faults]
        for record in sorted(reading.records, key=lambda record: -record.ended_at):
            if record.is_whole and _is_elsewhere(record, province):
                proven.setdefault(record.holding, ProvenRestore(run=run.id, record=record))
    return Restores(proven=proven, faults=tuple(faults))


def _is_elsewhere(record: RestoreRecord, province: Province) -> bool:
    places = {site.id: site.prefecture for site in province.sites}
    ends = (places.get(record.site), places.get(record.backup_site))
    return None not in ends and ends[0] != ends[1]


def _placed(fault: Finding, run: RunFolder) -> Finding:
    return fault.model_copy(update={"location": f"{run.path.name}/{fault.location}"})

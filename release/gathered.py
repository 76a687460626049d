"""All that a run folder says, read once: what claims are judged from and reports are made of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from evidence import drills, load, records
from evidence.reading import Reading
from evidence.records import Record, RunRecord
from evidence.run import RunFolder, RunFolderError
from province.findings import Finding
from province.province import Province
from province.reader import read

R = TypeVar("R", bound=Record)

KINDS: tuple[type[Record], ...] = tuple(
    kind
    for module in (records, load, drills)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Record) and kind not in {Record, RunRecord}
)
"""Every kind of record, besides the run's own: a kind that is added is gathered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """A run's records in their order, the province it was about, and the lines nobody can read."""

    run: RunRecord
    province: Province
    records: tuple[Record, ...]
    faults: tuple[Finding, ...] = ()

    def of(self, kind: type[R]) -> tuple[R, ...]:
        """The records of that kind."""
        return tuple(record for record in self.records if isinstance(record, kind))

    def faults_of(self, kinds: Iterable[type[Record]]) -> tuple[Finding, ...]:
        """The unreadable lines among those kinds."""
        files = {file_of(kind) for kind in kinds}
        return tuple(fault for fault in self.faults if fault.subject in files)

    def files_of(self, kinds: Iterable[type[Record]]) -> tuple[str, ...]:
        """Relative paths of the files in which those kinds were found, whole or not."""
        seen = {file_of(type(record)) for record in self.records}
        seen |= {fault.subject for fault in self.faults}
        return tuple(name for name in (file_of(kind) for kind in kinds) if name in seen)


def file_of(kind: type[Record]) -> str:
    """The file of a kind's records, relative to the run folder."""
    return f"{kind.topic}.jsonl"


def gather(run: RunFolder) -> Gathered:
    """Reads the folder. Raises RunFolderError when it does not say what was run, or of what.

    Raises ProvinceError when the kept province cannot be read.
    """
    first = _first(run)
    path = run.input("province.yaml")
    if hashlib.sha256(path.read_bytes()).hexdigest() != first.province_sha256:
        raise RunFolderError(
            f"{path} is not the province that was run: its checksum differs from run.jsonl's",
            "restore the folder as the run left it, or rehearse again",
        )
    readings: list[Reading[Record]] = [run.reading(kind) for kind in KINDS]
    return Gathered(
        run=first,
        province=read(path),
        records=tuple(record for reading in readings for record in reading.records),
        faults=tuple(fault for reading in readings for fault in reading.faults),
    )


def _first(run: RunFolder) -> RunRecord:
    records = run.read(RunRecord)
    if len(records) != 1:
        raise RunFolderError(
            f"{run.path} holds {len(records)} runs in run.jsonl, not one",
            "a run folder is written by one run; restore it, or rehearse again",
        )
    return records[0]

"""The run folder: `runs/<id>/`, append-only, one file of JSON lines per topic, inputs beside them.

All that the judge needs lies in the folder, so that an old run can be judged again.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from evidence.reading import Reading, read_lines
from evidence.records import Record
from evidence.verdict import ExitCode

R = TypeVar("R", bound=Record)
RUN_ID = re.compile(r"^[0-9]{8}-[0-9]{6}-[0-9a-f]{4}$")


class RunFolderError(Exception):
    """A run folder that is missing, unreadable or not a run folder."""

    exit_code = ExitCode.BAD_INPUT

    def __init__(self, cause: str, hint: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.hint = hint


class RunFolder:
    """Reads and appends records. A line is written whole or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, root: Path, run_id: str) -> RunFolder:
        """A new folder, with `root/latest` pointing to it. Raises FileExistsError if it exists."""
        path = root / run_id
        path.mkdir(parents=True)
        pointer = root / f".latest-{run_id}"
        pointer.symlink_to(run_id)
        pointer.replace(root / "latest")
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """An existing folder. Raises RunFolderError when it holds no run."""
        if not path.is_dir():
            raise RunFolderError(
                f"{path} is not a folder", "runs lie in runs/; runs/latest is the newest"
            )
        if not (path / "run.jsonl").is_file():
            raise RunFolderError(
                f"{path} holds no run: run.jsonl is missing",
                "name one run's folder; runs lie in runs/, and runs/latest is the newest",
            )
        return cls(path.resolve())

    @property
    def id(self) -> str:
        """The run's id: the folder's name."""
        return self.path.name

    def append(self, record: Record) -> None:
        """One record at the end of its topic's file, in a single write.

        Raises OSError when it does not fit; the file is then as it was.
        """
        line = record.model_dump_json().encode() + b"\n"
        file = os.open(self._file(record.topic), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            written = os.write(file, line)
            if written < len(line):
                os.ftruncate(file, os.fstat(file).st_size - written)
                raise OSError(
                    errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._file(record.topic))
                )
        finally:
            os.close(file)

    def read(self, kind: type[R]) -> tuple[R, ...]:
        """All records of that kind, in order. Raises RunFolderError when a line is not whole."""
        reading = self.reading(kind)
        for fault in reading.faults:
            raise RunFolderError(f"{fault.location}: {fault.evidence}", fault.hint)
        return reading.records

    def reading(self, kind: type[R]) -> Reading[R]:
        """The records of that kind that can be read, and a finding for each line that cannot."""
        return read_lines(self._file(kind.topic), kind)

    def topics(self) -> tuple[str, ...]:
        """Relative paths of all evidence files, sorted."""
        return tuple(sorted(p.name for p in self.path.glob("*.jsonl")))

    def store_input(self, name: str, content: bytes) -> Path:
        """Keeps a copy of what the run was made from, under `inputs/`, whole or not at all."""
        path = self.path / "inputs" / name
        path.parent.mkdir(exist_ok=True)
        new = path.with_name(f".{name}.new")
        new.write_bytes(content)
        return new.replace(path)

    def input(self, name: str) -> Path:
        """The path of a kept input. Raises RunFolderError when the folder lacks it."""
        path = self.path / "inputs" / name
        if not path.is_file():
            raise RunFolderError(
                f"{self.path} cannot be judged: inputs/{name} is missing",
                "restore the folder as the run left it, or rehearse again",
            )
        return path

    def _file(self, topic: str) -> Path:
        return self.path / f"{topic}.jsonl"


def newest_first(runs: Path) -> Iterator[RunFolder]:
    """All run folders in there. A run's id begins with the moment of its start."""
    folders = [path for path in runs.glob("*") if RUN_ID.match(path.name) and path.is_dir()]
    return (RunFolder(path) for path in sorted(folders, reverse=True))

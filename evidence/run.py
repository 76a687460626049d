"""The run folder: `runs/<id>/`, append-only, one file of JSON lines per topic."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from evidence.records import Record

R = TypeVar("R", bound=Record)
RUN_ID = re.compile(r"^[0-9]{8}-[0-9]{6}-[0-9a-f]{4}$")


class RunFolderError(Exception):
    """A run folder that is missing, unreadable or not a run folder."""


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
        if not (path / "run.jsonl").is_file():
            raise RunFolderError(f"{path} holds no run: run.jsonl is missing")
        return cls(path.resolve())

    @property
    def id(self) -> str:
        """The run's id: the folder's name."""
        return self.path.name

    def append(self, record: Record) -> None:
        """One record at the end of its topic's file, in a single write."""
        line = record.model_dump_json() + "\n"
        file = os.open(self._file(record.topic), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(file, line.encode())
        finally:
            os.close(file)

    def read(self, kind: type[R]) -> tuple[R, ...]:
        """All records of that kind, in order. Raises RunFolderError on a broken line."""
        file = self._file(kind.topic)
        if not file.is_file():
            return ()
        try:
            return tuple(kind.model_validate_json(line) for line in _lines(file))
        except ValidationError as error:
            raise RunFolderError(f"{file}: {error.errors()[0]['msg']}") from error

    def topics(self) -> tuple[str, ...]:
        """Relative paths of all evidence files, sorted."""
        return tuple(sorted(p.name for p in self.path.glob("*.jsonl")))

    def _file(self, topic: str) -> Path:
        return self.path / f"{topic}.jsonl"


def _lines(file: Path) -> list[str]:
    return [line for line in file.read_text("utf-8").splitlines() if line]

"""One PostgreSQL server at one place: made, copied, started, ended."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil

from processes.supervisor import Command, Running, Supervisor
from rehearsal.database.account import PACKAGE, Account
from rehearsal.database.client import SUPERUSER, DatabaseAccess, UnreachableError, session
from rehearsal.database.errors import DatabaseError
from rehearsal.database.settings import HBA, Following, Settings
from rehearsal.debian import command_for
from rehearsal.place import Place

READY_SECONDS = 30.0
END_SECONDS = 15.0
_POLL_SECONDS = 0.1
_TROUBLE = ("PANIC:", "FATAL:", "ERROR:")
_SEGMENT = re.compile("[0-9A-F]{24}")
_ROOT = Path(__file__).resolve().parent.parent.parent
ARCHIVE_PROGRAM = (sys.executable, "-P", "-m", "rehearsal.database.archive")


class Server:
    """A server, whether it runs or not. What it is configured by is in `settings`."""

    def __init__(
        self,
        *,
        settings: Settings,
        place: Place,
        supervisor: Supervisor,
        account: Account,
        programs: Mapping[str, Path],
        access: DatabaseAccess,
    ) -> None:
        """`access` is the superuser's."""
        self.access = access
        self.settings = settings
        self.place = place
        self._supervisor = supervisor
        self._account = account
        self._programs = programs
        self._running: Running | None = None

    @property
    def site(self) -> str:
        """Where it is."""
        return self.place.site

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self._running is not None and self._running.exit_code is None

    @property
    def is_made(self) -> bool:
        """Whether there are data for it to start from."""
        return (self.settings.data / "PG_VERSION").exists()

    @property
    def is_replica(self) -> bool:
        """Whether it would follow, rather than take writes, were it started now."""
        return (self.settings.data / "standby.signal").exists()

    async def make(self) -> None:
        """An empty database with checksums, whose superuser has a password. Raises DatabaseError.

        Nothing is written through to the disk before all of it is there.
        """
        options = ("--data-checksums", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions")
        await self.run(
            "initdb",
            f"--pgdata={self.settings.data}",
            f"--username={SUPERUSER}",
            f"--pwfile={self.access.password_file}",
            "--auth=scram-sha-256",
            *options,
        )

    async def copy(self, following: Following) -> None:
        """The data of the server that it is to follow, whole or not at all. Raises DatabaseError.

        What it had before is replaced.
        """
        new = self.settings.folder / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        await self.run(
            "pg_basebackup",
            f"--pgdata={new}",
            f"--dbname={following.conninfo}",
            "--wal-method=stream",
            "--checkpoint=fast",
        )
        shutil.rmtree(self.settings.data, ignore_errors=True)
        new.replace(self.settings.data)
        self.follow_when_started()

    async def rewind(self, following: Following, timeline: int) -> None:
        """Takes back what it alone has, since it parted from the server that it is to follow.

        Raises DatabaseError when that is not possible, for instance because WAL is gone. What is
        to be followed is on `timeline`; segments of newer ones, which `pg_rewind` leaves, would be
        taken for that server's own once it comes to the same number.
        """
        self.write_settings()
        await self.run(
            "pg_rewind",
            f"--target-pgdata={self.settings.data}",
            f"--config-file={self.settings.file}",
            f"--source-server={following.conninfo} dbname='{SUPERUSER}'",
        )
        for file in self._segments():
            if _timeline(file) > timeline:
                file.unlink()
        self.follow_when_started()

    def timeline(self) -> int:
        """The newest timeline that it has WAL of, whether it runs or not; 0 when it has none.

        Its control file may say an older one: it says that of the last checkpoint.
        """
        return max(map(_timeline, self._segments()), default=0)

    def follow_when_started(self) -> None:
        """From its next start on it is a replica."""
        signal_file = self.settings.data / "standby.signal"
        signal_file.touch()
        self._account.own(signal_file)

    async def start(self) -> None:
        """Starts it and waits until it lets us in. Raises DatabaseError, and what it says itself.

        A replica does so once it has replayed as much as makes its copy whole.
        """
        self.place.require_free(self.settings.port)
        self.write_settings()
        argv = (str(self.program("postgres")), "-c", f"config_file={self.settings.file}")
        self._running = await self._supervisor.start(self._command("postgres", argv))
        deadline = asyncio.get_running_loop().time() + READY_SECONDS
        while not await self.answers():
            self.require_alive()
            if asyncio.get_running_loop().time() > deadline:
                raise DatabaseError(
                    f"PostgreSQL at {self.site} did not answer within {READY_SECONDS:.0f} s: "
                    f"{self._running.log_tail(2)}",
                    f"see {self._running.command.log}",
                )
            await asyncio.sleep(_POLL_SECONDS)

    async def answers(self) -> bool:
        """Whether it lets us in. Raises DatabaseError when it refuses us for good."""
        try:
            async with session(replace(self.access, database=SUPERUSER)):
                return True
        except UnreachableError:
            return False

    async def stop(self) -> None:
        """Ends it in order: clients are sent away, replicas get what was committed."""
        running, self._running = self._running, None
        if running is not None:
            await self._supervisor.stop(running)

    async def kill(self) -> None:
        """Ends it and all that it has started by SIGKILL, as a loss of power would."""
        running, self._running = self._running, None
        if running is None:
            return
        with suppress(psutil.Error):
            postmaster = psutil.Process(running.pid)
            for process in (postmaster, *postmaster.children(recursive=True)):
                with suppress(psutil.Error):
                    process.kill()
        await self._supervisor.stop(running)

    def require_alive(self) -> None:
        """Raises DatabaseError with what it said last when it has ended."""
        if not self.is_running:
            raise DatabaseError(
                f"PostgreSQL at {self.site} has ended: {self.last_words()}",
                f"see {self.settings.folder / 'log' / 'postgres.log'}",
            )

    def last_words(self) -> str:
        """What it said last, as far as it is about trouble."""
        return _fatal(self._running) if self._running else "it does not run"

    def write_settings(self) -> None:
        """Writes its configuration, which it reads when it is started or told to."""
        for file, text in (
            (self.settings.file, self.settings.render()),
            (self.settings.hba_file, HBA),
            (self.settings.ident_file, ""),
        ):
            file.write_text(text, "utf-8")
            self._account.own(file)

    async def configure(self, settings: Settings) -> None:
        """Other settings from now on; of use for those that need no new start."""
        self.settings = settings
        self.write_settings()
        if self._running is not None and self._running.exit_code is None:
            os.kill(self._running.pid, signal.SIGHUP)

    async def run(self, program: str, *arguments: str) -> str:
        """Runs one of PostgreSQL's programs there and returns what it said.

        Raises DatabaseError with its last words when it fails.
        """
        return await self._run(program, (str(self.program(program)), *arguments))

    async def archive(self, *arguments: str) -> None:
        """Runs the archive's program there. Raises DatabaseError with its reason."""
        await self._run("archive", (*ARCHIVE_PROGRAM, *arguments))

    async def _run(self, program: str, argv: Sequence[str]) -> str:
        command = self._command(program, argv)
        command.log.unlink(missing_ok=True)
        status = await self._supervisor.run(command)
        said = command.log.read_text("utf-8", errors="replace")
        if status != 0:
            raise DatabaseError(
                f"{program} failed at {self.site}: {' '.join(said.splitlines()[-2:])}",
                f"the whole of it is {command.log}",
            )
        return said

    def program(self, name: str) -> Path:
        """One of PostgreSQL's programs, which all lie beside each other. Raises DatabaseError."""
        known = self._programs.get(name) or self._programs.get("postgres")
        path = known.with_name(name) if known else None
        if path is None or not path.exists():
            raise DatabaseError(f"{name} of {PACKAGE} is not installed", command_for(PACKAGE))
        return path

    def _segments(self) -> list[Path]:
        folder = self.settings.data / "pg_wal"
        files = folder.iterdir() if folder.exists() else ()
        return [file for file in files if _SEGMENT.fullmatch(file.name)]

    def _command(self, name: str, argv: Sequence[str]) -> Command:
        return Command(
            name=f"{name} of {self.site}",
            argv=(*self.place.prefix, *self._account.prefix, *argv),
            log=self.settings.folder / "log" / f"{name}.log",
            env={"PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            cwd=self.settings.folder,
            grace_seconds=END_SECONDS,
            stop_signal=signal.SIGINT,
        )


def _timeline(segment: Path) -> int:
    return int(segment.name[:8], 16)


def _fatal(running: Running) -> str:
    """Why it ended or does not get on, as it says itself, last of all."""
    lines = running.log_tail(20).splitlines()
    said = [line for line in lines if any(word in line for word in _TROUBLE)]
    about = [line for line in said if "database system is " not in line]
    return (about or said or lines or ["it says nothing"])[-1]

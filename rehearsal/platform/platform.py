"""The platform's processes: made ready, started, asked for their counts, told their faults."""

from __future__ import annotations

import asyncio
import secrets
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from processes.memory import TOGETHER
from processes.supervisor import Command, ProcessError, Running, Supervisor
from province.province import Province
from rehearsal.pki import write_private
from rehearsal.platform.counters import PlatformCounters, total
from rehearsal.platform.faults import Faults
from rehearsal.platform.roster import people
from rehearsal.platform.seeding import seed
from rehearsal.platform.shelf import BODIES
from rehearsal.platform.storage import Person, StorageError
from rehearsal.platform.tokens import KEY_BYTES
from rehearsal.platform.video import SEGMENTS
from rehearsal.unix_http import Answer, ask

READY_SECONDS = 30
SOCKET_PATH_BYTES_MAX = 107
"""sockaddr_un holds 108 bytes with the final zero (unix(7))."""
_POLL_SECONDS = 0.05
_ROOT = Path(__file__).resolve().parents[2]


class Platform:
    """The reference platform for `users` synthetic accounts of the province."""

    def __init__(
        self,
        folder: Path,
        supervisor: Supervisor,
        province: Province,
        users: int,
        secret_file: Path,
        processes: int = 1,
    ) -> None:
        """`secret_file` holds the secret of `province.audience.password`, as raw bytes.

        One process costs less a request than two: it answers more of them at each waking.
        """
        self._folder = folder.absolute()
        self._supervisor = supervisor
        self._province = province
        self._users = users
        self._secret_file = secret_file
        self._processes = processes
        self._running: list[Running] = []

    @property
    def sockets(self) -> tuple[Path, ...]:
        """Where the processes listen: one Unix socket each."""
        return tuple(self._folder / f"{n}.sock" for n in range(self._processes))

    async def start(self) -> None:
        """Makes database and token key, starts the processes and waits until all answer.

        Raises ProcessError when the database cannot be made or a process does not come up.
        """
        self._require_short_paths()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(self._folder / "token.key", secrets.token_bytes(KEY_BYTES))
        await self._make_database()
        for number, socket in enumerate(self.sockets):
            self._running.append(await self._supervisor.start(self._command(number, socket)))
        await asyncio.gather(*(self._until_ready(number) for number in range(self._processes)))

    async def counters(self) -> PlatformCounters:
        """The counts of all processes, since their start, to the request.

        Raises ProcessError when a process is gone, and its counts with it.
        """
        answers = await self._ask_all("/internal/counters")
        return total(PlatformCounters.model_validate_json(answer.body) for answer in answers)

    async def set_faults(self, faults: Faults) -> None:
        """Makes the platform as a whole behave as `faults` say, from now on.

        Raises ProcessError when a process is gone.
        """
        await self._ask_all("/internal/faults", faults.share(self._processes))

    def require_running(self) -> None:
        """Raises ProcessError when a process has ended."""
        for running in self._running:
            if running.exit_code is not None:
                raise ProcessError(
                    f"{running.command.name} ended with status {running.exit_code}: "
                    f"{running.log_tail(1) or 'its log is empty'}",
                    f"its log is {running.command.log}",
                )

    async def _make_database(self) -> None:
        """A thread cannot be cancelled: it is told to give up, and leaves nothing behind."""
        abandoned = threading.Event()
        try:
            await asyncio.to_thread(self._seed, abandoned)
        except asyncio.CancelledError:
            abandoned.set()
            raise

    def _seed(self, abandoned: threading.Event) -> None:
        sites = tuple(site.id for site in self._province.sites)
        try:
            secret = self._secret_file.read_bytes()
            everybody = _until_abandoned(people(self._province, self._users), abandoned)
            seed(self._folder / "platform.sqlite", everybody, sites, secret)
            SEGMENTS.make(self._folder)
            BODIES.make(self._folder)
        except (OSError, StorageError) as error:
            raise ProcessError(
                str(error), f"make room and leave to write in {self._folder}"
            ) from error

    def _command(self, number: int, socket: Path) -> Command:
        order = ("--folder", str(self._folder), "--socket", str(socket), "--process", str(number))
        return Command(
            name=f"platform process {number}",
            argv=(sys.executable, "-m", "rehearsal.platform", *order),
            log=self._folder / f"{number}.log",
            env=TOGETHER,
            cwd=_ROOT,
        )

    async def _until_ready(self, number: int) -> None:
        deadline = asyncio.get_running_loop().time() + READY_SECONDS
        while True:
            self.require_running()
            try:
                await ask(self.sockets[number], "/internal/counters")
            except OSError as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise ProcessError(
                        f"platform process {number} did not answer within {READY_SECONDS} s",
                        f"its log is {self._folder / f'{number}.log'}",
                    ) from error
                await asyncio.sleep(_POLL_SECONDS)
            else:
                return

    async def _ask_all(self, target: str, send: Faults | None = None) -> list[Answer]:
        self.require_running()
        body = None if send is None else send.model_dump_json().encode()
        try:
            answers = await asyncio.gather(*(ask(s, target, send=body) for s in self.sockets))
        except OSError as error:
            self.require_running()
            raise ProcessError(
                f"a platform process does not answer: {error}", f"its log is in {self._folder}"
            ) from error
        return answers

    def _require_short_paths(self) -> None:
        for socket in self.sockets:
            if len(str(socket).encode()) > SOCKET_PATH_BYTES_MAX:
                raise ProcessError(
                    f"{socket} is too long for a Unix socket ({SOCKET_PATH_BYTES_MAX} bytes)",
                    "set SUYUN_STATE to a folder with a shorter path",
                )


def _until_abandoned(everybody: Iterable[Person], abandoned: threading.Event) -> Iterator[Person]:
    for person in everybody:
        if abandoned.is_set():
            raise StorageError("the platform's database was abandoned")
        yield person

"""The platform's processes: made ready, started, asked for their counts, told their faults."""

from __future__ import annotations

import asyncio
import secrets
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from processes.files import write_private
from processes.memory import TOGETHER
from processes.supervisor import Command, ProcessError, Running, Supervisor
from province.province import Province
from rehearsal.platform.counters import PlatformCounters, total
from rehearsal.platform.engines import Engines
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

    def __init__(  # noqa: PLR0913 - all that the platform is made of
        self,
        folder: Path,
        supervisor: Supervisor,
        province: Province,
        users: int,
        secret_file: Path,
        processes: int = 1,
        *,
        engines: Sequence[Engines] = (),
    ) -> None:
        """`secret_file` holds the secret of `province.audience.password`, as raw bytes.

        One process costs less a request than two: it answers more of them at each waking. With
        `engines` there is one process for each of them, which keeps its data there, not in SQLite:
        the same people, under the same secret, are in that database beforehand.
        """
        self._folder = folder.absolute()
        self._supervisor = supervisor
        self._province = province
        self._users = users
        self._secret_file = secret_file
        self._engines = tuple(engines)
        self._processes = len(self._engines) or processes
        self._running: dict[int, Running] = {}

    @property
    def sockets(self) -> tuple[Path, ...]:
        """Where the processes listen: one Unix socket each."""
        return tuple(self._folder / f"{n}.sock" for n in range(self._processes))

    async def start(self) -> None:
        """Makes data and token key, starts the processes and waits until all answer.

        Raises ProcessError when the data cannot be made or a process does not come up.
        """
        self._require_short_paths()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(self._folder / "token.key", secrets.token_bytes(KEY_BYTES))
        await self._make_data()
        for number in range(self._processes):
            await self._start(number)
        await asyncio.gather(*(self._until_ready(number) for number in range(self._processes)))

    async def kill(self, number: int) -> None:
        """SIGKILL to that process, as when its site is lost. Harmless when it is down already."""
        running = self._running.pop(number, None)
        if running is None:
            return
        running.kill()
        await self._supervisor.stop(running)

    async def boot(self, number: int) -> None:
        """Starts that process again and waits until it answers; harmless when it stands.

        Raises ProcessError when it does not come up.
        """
        if number not in self._running:
            await self._start(number)
            await self._until_ready(number)

    async def counters(self) -> PlatformCounters:
        """The counts of all processes that stand, each since its own start, to the request.

        What a process had counted is missing once it was killed, also after it was booted again.
        Raises ProcessError when one is gone that nobody killed.
        """
        answers = await self._ask_all("/internal/counters")
        return total(PlatformCounters.model_validate_json(answer.body) for answer in answers)

    async def set_faults(self, faults: Faults) -> None:
        """Makes the platform as a whole behave as `faults` say, from now on.

        A process that is booted later has none. Raises ProcessError when a process is gone.
        """
        await self._ask_all("/internal/faults", faults.share(self._processes))

    def require_running(self) -> None:
        """Raises ProcessError when a process has ended that was not killed by `kill`."""
        for running in self._running.values():
            if running.exit_code is not None:
                raise ProcessError(
                    f"{running.command.name} ended with status {running.exit_code}: "
                    f"{running.log_tail(1) or 'its log is empty'}",
                    f"its log is {running.command.log}",
                )

    async def _start(self, number: int) -> None:
        command = self._command(number, self.sockets[number])
        self._running[number] = await self._supervisor.start(command)

    async def _make_data(self) -> None:
        """A thread cannot be cancelled: it is told to give up, and leaves nothing behind."""
        abandoned = threading.Event()
        try:
            await asyncio.to_thread(self._make, abandoned)
        except asyncio.CancelledError:
            abandoned.set()
            raise

    def _make(self, abandoned: threading.Event) -> None:
        try:
            for number, engines in enumerate(self._engines):
                write_private(self._engines_file(number), engines.model_dump_json().encode())
            if not self._engines:
                self._seed(abandoned)
            SEGMENTS.make(self._folder)
            BODIES.make(self._folder)
        except (OSError, StorageError) as error:
            raise ProcessError(
                str(error), f"make room and leave to write in {self._folder}"
            ) from error

    def _seed(self, abandoned: threading.Event) -> None:
        sites = tuple(site.id for site in self._province.sites)
        everybody = _until_abandoned(people(self._province, self._users), abandoned)
        file = self._folder / "platform.sqlite"
        seed(file, everybody, sites, self._secret_file.read_bytes())

    def _engines_file(self, number: int) -> Path:
        return self._folder / f"{number}.engines.json"

    def _command(self, number: int, socket: Path) -> Command:
        order = ["--folder", str(self._folder), "--socket", str(socket), "--process", str(number)]
        if self._engines:
            order += ["--engines", str(self._engines_file(number))]
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
            answers = await asyncio.gather(
                *(ask(self.sockets[number], target, send=body) for number in self._running)
            )
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

"""The platform's processes count to the request and misbehave as they are told."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from processes.supervisor import ProcessError, Supervisor
from province.objectives import Journey
from rehearsal.platform.faults import Fault, Faults
from rehearsal.platform.platform import Platform
from rehearsal.platform.roster import people
from rehearsal.platform.tokens import Tokens
from rehearsal.unix_http import ask
from tests import worlds

pytestmark = pytest.mark.live


@asynccontextmanager
async def _platform(processes: int = 2) -> AsyncIterator[Platform]:
    with TemporaryDirectory() as short:  # pytest's own folders are too deep for Unix sockets
        folder = Path(short)
        (folder / "accounts.key").write_bytes(b"s" * 32)
        async with Supervisor(folder / "s") as supervisor:
            platform = Platform(
                folder / "p", supervisor, worlds.small(), 100, folder / "accounts.key", processes
            )
            await platform.start()
            yield platform


def _with_platform(act: Callable[[Platform], Awaitable[None]], processes: int = 2) -> None:
    async def whole() -> None:
        async with _platform(processes) as platform:
            await act(platform)

    asyncio.run(whole())


def test_the_counts_of_all_processes_add_up_and_leave_the_internal_route_out() -> None:
    async def act(platform: Platform) -> None:
        for number in range(30):
            await ask(platform.sockets[number % 2], "/catalogue")
        await ask(platform.sockets[0], "/nowhere")
        counters = await platform.counters()
        assert counters.received == counters.answered == 31
        assert counters.by_route == {"catalogue": 30, "other": 1}
        assert counters.by_status == {"401": 30, "404": 1}

    _with_platform(act)


def test_errors_come_in_the_ratio_asked_for_and_the_same_for_the_same_seed() -> None:
    async def statuses(platform: Platform, seed: int) -> list[int]:
        fault = Fault(error_ratio=0.3)
        await platform.set_faults(Faults(seed=seed, journeys={Journey.CATALOGUE: fault}))
        return [(await ask(platform.sockets[0], "/catalogue")).status for _ in range(200)]

    async def act(platform: Platform) -> None:
        first, again, other = [await statuses(platform, seed) for seed in (1, 1, 2)]
        assert first == again != other
        assert 40 <= first.count(503) <= 80
        await platform.set_faults(Faults())
        assert (await ask(platform.sockets[0], "/catalogue")).status == 401

    _with_platform(act)


def test_a_delay_is_added_to_its_journey_alone() -> None:
    async def act(platform: Platform) -> None:
        delay = Faults(journeys={Journey.COURSE: Fault(delay_ms=500)})
        await platform.set_faults(delay)
        assert await _seconds(platform, "/courses/1") >= 0.5
        assert await _seconds(platform, "/catalogue") < 0.5

    _with_platform(act)


def test_beyond_the_capacity_requests_wait_in_line() -> None:
    async def act(platform: Platform) -> None:
        capacity = Faults(journeys={Journey.CATALOGUE: Fault(capacity_per_second=100)})
        await platform.set_faults(capacity)
        started = time.monotonic()
        await asyncio.gather(*(ask(platform.sockets[n % 2], "/catalogue") for n in range(100)))
        assert time.monotonic() - started >= 0.9

    _with_platform(act)


def test_a_stall_holds_requests_until_it_is_taken_back() -> None:
    async def act(platform: Platform) -> None:
        await platform.set_faults(Faults(journeys={Journey.CATALOGUE: Fault(stalled=True)}))
        waiting = asyncio.create_task(ask(platform.sockets[0], "/catalogue"))
        await asyncio.sleep(0.2)
        counters = await platform.counters()
        assert (counters.received, counters.answered) == (1, 0)
        await platform.set_faults(Faults())
        assert (await waiting).status == 401

    _with_platform(act)


def test_one_connection_carries_both_ways_and_every_request_is_counted() -> None:
    async def act(platform: Platform) -> None:
        who = next(people(worlds.small(), 100))
        token = Tokens((platform.sockets[0].parent / "token.key").read_bytes()).issue(who).token
        reader, writer = await asyncio.open_unix_connection(platform.sockets[0])
        for target in ("courses/7", "courses/7", "nowhere", "courses/7", "videos/1/0"):
            writer.write(_request(target, token))
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 404" if target == "nowhere" else b"HTTP/1.1 200")
            await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
        writer.write(_request("courses/7", token) * 3)  # a client that sends ahead
        for _ in range(3):
            await reader.readuntil(b"}")
        writer.close()
        counters = await platform.counters()
        assert counters.received == counters.answered == 8
        assert counters.by_route == {"course": 6, "other": 1, "video": 1}

    _with_platform(act, processes=1)


def test_requests_whose_client_is_gone_are_received_and_not_answered() -> None:
    async def act(platform: Platform) -> None:
        await platform.counters()
        process = platform._running[0].pid
        os.kill(process, signal.SIGSTOP)
        for _ in range(20):
            _, writer = await asyncio.open_unix_connection(platform.sockets[0])
            writer.write(_request("courses/7", "x"))
            writer.close()
            await writer.wait_closed()
        os.kill(process, signal.SIGCONT)
        assert (await ask(platform.sockets[0], "/catalogue")).status == 401
        counters = await platform.counters()
        assert (counters.received, counters.by_route) == (21, {"catalogue": 1})

    _with_platform(act, processes=1)


def test_faults_that_are_none_are_refused() -> None:
    async def act(platform: Platform) -> None:
        bad = b'{"journeys": {"catalogue": {"error_ratio": 2}}}'
        assert (await ask(platform.sockets[0], "/internal/faults", send=bad)).status == 400

    _with_platform(act)


def test_counts_of_a_platform_that_lost_a_process_are_an_error() -> None:
    async def act(platform: Platform) -> None:
        os.kill(platform._running[1].pid, signal.SIGKILL)
        await platform._running[1].wait()
        with pytest.raises(ProcessError, match="platform process 1 ended with status -9") as caught:
            await platform.counters()
        assert "1.log" in caught.value.hint

    _with_platform(act)


def test_a_process_that_is_killed_comes_back_and_the_others_are_counted_meanwhile() -> None:
    async def act(platform: Platform) -> None:
        for socket in platform.sockets:
            assert (await ask(socket, "/catalogue")).status == 401
        for _ in range(2):
            await platform.kill(1)
        with pytest.raises(OSError, match="refused"):
            await ask(platform.sockets[1], "/catalogue")
        await platform.set_faults(Faults())
        assert (await platform.counters()).received == 1
        for _ in range(2):
            await platform.boot(1)
        assert (await ask(platform.sockets[1], "/catalogue")).status == 401
        assert (await platform.counters()).received == 2

    _with_platform(act)


def test_a_process_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(_platform: Platform) -> None:
        raise AssertionError("it started without its database")

    monkeypatch.setattr(Platform, "_seed", lambda _self, _abandoned: None)
    with pytest.raises(ProcessError, match="is no platform database"):
        _with_platform(act, processes=1)


def test_a_folder_too_deep_for_a_socket_is_told_before_anything_starts(tmp_path: Path) -> None:
    async def act() -> None:
        async with Supervisor(tmp_path / "s") as supervisor:
            deep = tmp_path / ("d" * 100)
            platform = Platform(deep, supervisor, worlds.small(), 1, tmp_path / "accounts.key")
            with pytest.raises(ProcessError, match="too long for a Unix socket"):
                await platform.start()
            assert not deep.exists()

    asyncio.run(act())


def test_a_start_that_is_cancelled_leaves_no_half_made_database() -> None:
    async def act() -> None:
        with TemporaryDirectory() as short:
            folder = Path(short)
            (folder / "accounts.key").write_bytes(b"s" * 32)
            async with Supervisor(folder / "s") as supervisor:
                platform = Platform(
                    folder / "p", supervisor, worlds.small(), 10**7, folder / "accounts.key"
                )
                starting = asyncio.create_task(platform.start())
                await asyncio.sleep(0.3)
                starting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await starting
            await asyncio.get_running_loop().shutdown_default_executor()
            assert {file.name for file in (folder / "p").iterdir()} == {"token.key"}

    asyncio.run(act())


def _request(target: str, token: str) -> bytes:
    return f"GET /{target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


async def _seconds(platform: Platform, target: str) -> float:
    started = time.monotonic()
    await ask(platform.sockets[0], target)
    return time.monotonic() - started

"""Runs a peer once and measures its processes from outside, as any tool can be measured."""

from __future__ import annotations

import asyncio
import shlex
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.peers.site import Scene
from benchmarks.peers.tools import Peer
from benchmarks.peers.values import Row, Task
from processes.supervisor import Command, Running, Supervisor

RAMP_SECONDS = 25.0
SETTLE_SECONDS = 10.0
WINDOW_SECONDS = 15.0
_AFTER_SECONDS = 2.0
_FEW = 2
_FEW_SECONDS = 8.0
_END_SECONDS = 15.0
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """A tool's processes at one time: CPU seconds so far, resident memory."""

    at: float
    cpu_seconds: float
    rss_bytes: int


class Laboratory:
    """Measures peers against the scene."""

    def __init__(self, scene: Scene, supervisor: Supervisor, folder: Path) -> None:
        self._scene = scene
        self._supervisor = supervisor
        self._folder = folder

    async def measure(self, peer: Peer, users: int, *, tls: bool) -> Row:
        """One row: a short run with two users for the base, then the run itself."""
        name = f"{peer.name}-{'tls' if tls else 'plain'}"
        base = await self._base(peer, name, tls=tls)
        edge = await self._scene.edge(tls=tls)
        token = await self._scene.token(edge, tls=tls)
        task = self._task(f"{name}-{users}", self._scene.url(edge, tls=tls), token, users, tls=tls)
        running = await self._start(peer, task)
        await asyncio.sleep(RAMP_SECONDS + SETTLE_SECONDS)
        before = _sample(running)
        await asyncio.sleep(WINDOW_SECONDS)
        after = _sample(running)
        output = await self._end(running)
        await edge.stop()
        seen = self._scene.seen(before.at, after.at)
        if not seen.requests:
            raise SystemExit(f"{name} asked nothing while it was measured: {output[-2000:]}")
        seconds = after.at - before.at
        return Row(
            peer=peer.name,
            tls=tls,
            users=users,
            requests=seen.requests,
            requests_per_second=round(seen.requests / seconds, 1),
            request_us=round((after.cpu_seconds - before.cpu_seconds) * 1e6 / seen.requests, 1),
            user_kib=round((after.rss_bytes - base.rss_bytes) / 1024 / users, 1),
            base_mib=round(base.rss_bytes / 2**20, 1),
            p99_ms_own=peer.p99_ms(output),
            p99_ms_edge=seen.p99_ms,
            command=self._shown(running),
            note=peer.note + (f"; {seen.refused} answers were not 200" if seen.refused else ""),
        )

    async def _base(self, peer: Peer, name: str, *, tls: bool) -> Sample:
        edge = await self._scene.edge(tls=tls)
        token = await self._scene.token(edge, tls=tls)
        task = self._task(f"{name}-base", self._scene.url(edge, tls=tls), token, _FEW, tls=tls)
        running = await self._start(peer, task)
        await asyncio.sleep(_FEW_SECONDS)
        sample = _sample(running)
        await self._supervisor.stop(running)
        await edge.stop()
        return sample

    def _task(self, name: str, url: str, token: str, users: int, *, tls: bool) -> Task:
        folder = self._folder / name
        folder.mkdir(parents=True)
        few = users == _FEW
        return Task(
            folder=folder,
            url=url,
            hostname=self._scene.hostname,
            ca_file=self._scene.ca_file if tls else None,
            accounts=self._scene.accounts,
            token=token,
            users=users,
            ramp_seconds=1.0 if few else RAMP_SECONDS,
            seconds=RAMP_SECONDS + SETTLE_SECONDS + WINDOW_SECONDS + _AFTER_SECONDS,
        )

    async def _start(self, peer: Peer, task: Task) -> Running:
        return await self._supervisor.start(
            Command(
                name=peer.name,
                argv=peer.command(task),
                log=task.folder / "output.log",
                cwd=_ROOT,
                env={"ERL_EPMD_ADDRESS": "127.0.0.1", "HOME": str(task.folder)},
            )
        )

    async def _end(self, running: Running) -> str:
        """Waits until the tool ends by itself, not for ever, and returns what it said."""
        with suppress(TimeoutError):
            await asyncio.wait_for(running.wait(), _END_SECONDS)
        await self._supervisor.stop(running)
        return running.command.log.read_text("utf-8", errors="replace")

    def _shown(self, running: Running) -> str:
        shown = shlex.join(running.command.argv).replace(sys.executable, "python")
        return shown.replace(str(self._folder.parent), "FOLDER").replace(str(_ROOT), ".")


def _sample(running: Running) -> Sample:
    if running.exit_code is not None:
        raise SystemExit(f"{running.command.name} ended too early: {running.log_tail(5)}")
    leader = psutil.Process(running.pid)
    family = [leader, *leader.children(recursive=True)]
    return Sample(
        at=time.time(),
        cpu_seconds=sum(sum(one.cpu_times()[:2]) for one in family),
        rss_bytes=sum(one.memory_info().rss for one in family),
    )

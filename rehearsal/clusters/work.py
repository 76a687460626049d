"""One Cluster's task: boots the branch, has the desk work on every change, ends the branch."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import http.client
import time
from collections.abc import Callable

from evidence.records import BootRecord
from processes.errors import ProcessError
from rehearsal.clusters import paths, seen
from rehearsal.clusters.desk import Desk, Seen
from rehearsal.clusters.statuses import ClusterCount
from rehearsal.clusters.watching import Watch
from rehearsal.machine_room.api import Api, ApiError
from rehearsal.machine_room.room import MachineRoom

_GATHER_SECONDS = 0.1
"""Changes come in swarms; one turn serves those of a moment."""
_LOOK_AGAIN_SECONDS = 10.0
"""A silent node changes nothing, so health is looked at anew now and then."""
_FAILURES_MAX = 20
_RETRY_SECONDS = 0.5
_MEANWHILE = (http.client.FORBIDDEN, http.client.NOT_FOUND, http.client.CONFLICT)
"""What a server answers when the object has changed or gone since it was seen."""
_NO_ANSWER = (OSError, http.client.HTTPException)


@dataclasses.dataclass(kw_only=True, slots=True)
class _Branch:
    """A branch's control plane that was booted for a Cluster."""

    record: BootRecord
    api: Api
    nodes: Watch
    watching: asyncio.Task[None]
    began: float
    handed_over: bool = False
    told: bool = False

    def seen(self) -> dict[str, seen.Node]:
        """Its nodes, by name."""
        return {name: seen.node(item) for name, item in self.nodes.objects.items()}


class ClusterWork:
    """The task of the Cluster called `cluster`; `look` tells what there is of it now."""

    def __init__(
        self,
        room: MachineRoom,
        management: str,
        cluster: str,
        look: Callable[[str], Seen | None],
        on_ready: Callable[[BootRecord], None],
    ) -> None:
        self._room = room
        self._cluster = cluster
        self._look = look
        self._on_ready = on_ready
        self._management = room.door(management).open()
        self._desk = Desk(self._management)
        self._branch: _Branch | None = None
        self._changed = asyncio.Event()

    def wake(self) -> None:
        """Something has changed."""
        self._changed.set()

    async def run(self) -> None:
        """Takes turns until it is cancelled. Raises ProcessError when the branch cannot stand."""
        failures = 0
        try:
            while True:
                await self._pause()
                try:
                    await self._turn(self._look(self._cluster))
                    failures = 0
                except (ApiError, *_NO_ANSWER) as error:
                    failures += 1
                    _require_passing(error, failures)
                    await asyncio.sleep(_RETRY_SECONDS)
                    self.wake()
        finally:
            await self._let_go()
            self._management.close()

    async def _pause(self) -> None:
        """Until something has changed, or it is time to look anew."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), _LOOK_AGAIN_SECONDS)
        await asyncio.sleep(_GATHER_SECONDS)
        self._changed.clear()
        if self._branch is not None and self._branch.watching.done():
            self._branch.watching.result()

    async def _turn(self, it: Seen | None) -> None:
        if it is None:
            await self._end()
        elif it.is_deleting:
            await self._end()
            await asyncio.to_thread(self._desk.tear_down, it)
        elif it.is_whole:
            await self._keep(it)

    async def _keep(self, it: Seen) -> None:
        plan = self._room.plan(self._cluster)
        refusal = self._refusal(it)
        if plan is None or refusal is not None:
            await asyncio.to_thread(self._desk.refuse, it, refusal or "")
            return
        branch = self._branch or await self._boot(it)
        if not branch.handed_over:
            kubeconfig = self._room.kubeconfig(self._cluster).read_bytes()
            address = self._room.door(self._cluster).address
            await asyncio.to_thread(self._desk.hand_over, it, kubeconfig, address)
            branch.handed_over = True
        now = dataclasses.replace(it, nodes=branch.seen())
        count = await asyncio.to_thread(self._desk.work, now, plan, branch.api)
        self._tell(branch, count, planned=len(plan.nodes))

    def _refusal(self, it: Seen) -> str | None:
        """Why the room will not boot it, if so: it has other sites, or another Kubernetes."""
        plan = self._room.plan(self._cluster)
        if plan is None:
            return f"the machine room has no site {self._cluster}"
        asked = (it.control_plane or {})["spec"]["version"]
        if asked != f"v{plan.kubernetes_version}":
            return (
                f"Kubernetes {asked} is asked for, the machine room has v{plan.kubernetes_version}"
            )
        return None

    async def _boot(self, it: Seen) -> _Branch:
        """Raises ProcessError whatever goes wrong: half a boot is not gone on with."""
        await asyncio.to_thread(self._desk.hold, it)
        began = time.monotonic()
        try:
            standing = await self._room.boot_site(self._cluster, with_nodes=False)
        except (ApiError, *_NO_ANSWER) as error:
            hint = "its logs are in the machine room's folder; ./suyun doctor checks the machine"
            raise ProcessError(f"{self._cluster} did not boot: {error}", hint) from error
        door = self._room.door(self._cluster)
        nodes = Watch(door, paths.NODES, lambda _: self.wake())
        self._branch = _Branch(
            record=standing.record,
            api=door.open(),
            nodes=nodes,
            watching=asyncio.create_task(nodes.run()),
            began=began,
        )
        return self._branch

    def _tell(self, branch: _Branch, count: ClusterCount, planned: int) -> None:
        """Once, when every machine that was planned has its node."""
        ready = count.control.ready + count.workers.ready
        if branch.told or not count.is_available or ready < planned:
            return
        branch.told = True
        seen_now = {
            "ready_seconds": time.monotonic() - branch.began,
            "nodes_planned": planned,
            "nodes_ready": ready,
            "memory_mib": self._room.memory_mib(self._cluster),
        }
        self._on_ready(branch.record.model_copy(update=seen_now))

    async def _end(self) -> None:
        await self._let_go()
        await self._room.end_site(self._cluster)

    async def _let_go(self) -> None:
        """Stops watching the branch; its control plane stays."""
        branch, self._branch = self._branch, None
        if branch is not None:
            branch.watching.cancel()
            await asyncio.gather(branch.watching, return_exceptions=True)
            branch.api.close()


def _require_passing(error: Exception, failures: int) -> None:
    """Raises ProcessError when it is no matter of a moment."""
    passing = not isinstance(error, ApiError) or error.status in _MEANWHILE
    if passing and failures < _FAILURES_MAX:
        return
    if isinstance(error, ApiError):
        raise error
    raise ProcessError(
        f"an API server of the machine room does not answer: {error}",
        "its logs are in the machine room's folder; ./suyun doctor checks the machine",
    ) from error

"""One site's control plane: boots in order, ready when the real thing says so, ends at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from evidence.records import BootRecord
from infra.plan.values import SitePlan
from processes.supervisor import Command, ProcessError, Running, Supervisor
from rehearsal.machine_room.api import Answer, Api
from rehearsal.machine_room.commands import (
    CONTROLLER_MANAGER,
    SCHEDULER,
    ControlPlaneCommands,
)
from rehearsal.machine_room.diagnosis import ended, too_late
from rehearsal.machine_room.layout import (
    API_PORT,
    CONTROLLER_MANAGER_PORT,
    ETCD_CLIENT_PORT,
    SCHEDULER_PORT,
)
from rehearsal.machine_room.memory import pss_mib
from rehearsal.machine_room.objects import Definition, kwok_permissions, node_bodies
from rehearsal.machine_room.queueing import QueueSetup

_READY_SECONDS_MAX = 240.0
"""One site takes about 5 s; fourteen at once on a busy two-core machine have taken 60 s."""
_POLL_SECONDS = 0.1
_NOT_READY = "node.kubernetes.io/not-ready"


@dataclass(frozen=True, kw_only=True, slots=True)
class StartOrder:
    """What one site boots from."""

    plan: SitePlan
    commands: ControlPlaneCommands
    definitions: tuple[Definition, ...]


class ControlPlane:
    """The five programs of one site, and its queue controller where it has one."""

    def __init__(self, order: StartOrder, supervisor: Supervisor) -> None:
        self._plan = order.plan
        self._commands = order.commands
        self._definitions = order.definitions
        self._supervisor = supervisor
        self._running: list[Running] = []
        self._deadline = 0.0

    async def boot(self) -> BootRecord:
        """Starts the programs, registers nodes and definitions, and waits until all is ready.

        Raises ProcessError, naming program and log, when one of them ends or is not ready in
        time. What was started stays for `stop()` to end.
        """
        began = time.monotonic()
        self._deadline = began + _READY_SECONDS_MAX
        await self._start_store()
        api = self._api(API_PORT)
        try:
            await self._start_api_server(api)
            await self._start_controllers(api)
            await self._register(api)
            nodes = await self._await_nodes(api)
            await self._await_definitions(api, len(self._definitions))
        finally:
            api.close()
        return BootRecord(
            site=self._plan.site,
            kubernetes_version=self._plan.kubernetes_version,
            ready_seconds=time.monotonic() - began,
            nodes_planned=len(self._plan.nodes),
            nodes_ready=nodes,
            memory_mib=pss_mib(self.pids()),
        )

    @property
    def site(self) -> str:
        """The site's id."""
        return self._plan.site

    @property
    def dispatch_kubeconfig(self) -> Path:
        """How the main center's queue controller gets in here (mode 0600)."""
        return self._commands.access.dispatch_kubeconfig

    async def start_queues(self, setup: QueueSetup) -> None:
        """Starts the site's queue controller. Raises ProcessError, and ApiError as a refusal."""
        self._deadline = time.monotonic() + _READY_SECONDS_MAX
        api = self._api(API_PORT)
        try:
            await asyncio.to_thread(_apply_definitions, api, setup.definitions)
            for path, body in setup.objects:
                await asyncio.to_thread(api.apply, path, body)
            planned = len(self._definitions) + len(setup.definitions)
            await self._await_definitions(api, planned)
        finally:
            api.close()
        await self._start(self._commands.kueue(setup.configuration))

    def pids(self) -> tuple[int, ...]:
        """The process ids of its programs."""
        return tuple(running.pid for running in self._running)

    def require_alive(self) -> None:
        """Raises ProcessError when one of its programs has ended."""
        for running in self._running:
            if running.exit_code is not None:
                raise ended(running)

    async def stop(self) -> None:
        """Ends all programs, those that write to the store before the store."""
        store, others = self._running[:1], self._running[1:]
        for programs in (others, store):
            await asyncio.gather(*(self._supervisor.stop(running) for running in programs))
        self._running.clear()

    async def _start_store(self) -> None:
        await self._start(self._commands.etcd())
        address = (self._commands.layout.address, ETCD_CLIENT_PORT)
        await self._until(lambda: _accepts(address), "etcd accepts connections")

    async def _start_api_server(self, api: Api) -> None:
        await self._start(self._commands.api_server())
        await self._until(
            lambda: asyncio.to_thread(api.is_ok, "/readyz"), "kube-apiserver is ready"
        )
        version = await asyncio.to_thread(api.get, "/version")
        self._require_version(version["gitVersion"])

    def _require_version(self, version: str) -> None:
        planned = f"v{self._plan.kubernetes_version}"
        if version != planned:
            raise ProcessError(
                f"{self._plan.site}: kube-apiserver is {version}, but {planned} is planned",
                "set kubernetes_version in the province file, or ./suyun tools for another build",
            )

    async def _start_controllers(self, api: Api) -> None:
        commands = self._commands
        for path, body in kwok_permissions():
            await asyncio.to_thread(api.apply, path, body)
        for command in (commands.kwok(), commands.controller_manager(), commands.scheduler()):
            await self._start(command)

    async def _register(self, api: Api) -> None:
        """While the controllers come up: both have much to wait for."""
        await asyncio.to_thread(_create_nodes, api, node_bodies(self._plan))
        await asyncio.to_thread(_apply_definitions, api, self._definitions)
        await self._await_healthy(CONTROLLER_MANAGER_PORT, CONTROLLER_MANAGER)
        await self._await_healthy(SCHEDULER_PORT, SCHEDULER)

    async def _await_healthy(self, port: int, program: str) -> None:
        api = self._api(port)
        try:
            await self._until(
                lambda: asyncio.to_thread(api.is_ok, "/healthz"), f"{program} is healthy"
            )
        finally:
            api.close()

    async def _await_nodes(self, api: Api) -> int:
        planned = len(self._plan.nodes)
        await self._until(
            lambda: asyncio.to_thread(lambda: _ready(api.get("/api/v1/nodes")) >= planned),
            f"{planned} nodes are Ready",
        )
        return planned

    async def _await_definitions(self, api: Api, planned: int) -> None:
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        await self._until(
            lambda: asyncio.to_thread(lambda: _established(api.get(path)) >= planned),
            f"{planned} resource definitions are established",
        )

    async def _start(self, command: Command) -> None:
        self._running.append(await self._supervisor.start(command))

    async def _until(self, condition: Callable[[], Awaitable[bool]], what: str) -> None:
        """Asks again and again, and looks whether all programs live."""
        while not await condition():
            self.require_alive()
            if time.monotonic() > self._deadline:
                raise too_late(self._plan.site, what, _READY_SECONDS_MAX, self._running)
            await asyncio.sleep(_POLL_SECONDS)

    def _api(self, port: int) -> Api:
        access, layout = self._commands.access, self._commands.layout
        return Api(layout.site, (layout.address, port), access.authority, access.admin)


async def _accepts(address: tuple[str, int]) -> bool:
    try:
        _, writer = await asyncio.open_connection(*address)
    except OSError:
        return False
    writer.close()
    return True


def _create_nodes(api: Api, bodies: Sequence[bytes]) -> None:
    for body in bodies:
        api.create("/api/v1/nodes", body)


def _apply_definitions(api: Api, definitions: Sequence[Definition]) -> None:
    for definition in definitions:
        path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{definition.name}"
        api.apply(path, definition.body)


def _ready(nodes: Answer) -> int:
    """Nodes that pods can go to: Ready, and no longer tainted for having been new."""
    return sum(
        _has_condition(node, "Ready") and _NOT_READY not in _taint_keys(node)
        for node in nodes["items"]
    )


def _taint_keys(node: Answer) -> set[str]:
    return {taint["key"] for taint in node["spec"].get("taints", ())}


def _established(definitions: Answer) -> int:
    return sum(_has_condition(item, "Established") for item in definitions["items"])


def _has_condition(item: Answer, kind: str) -> bool:
    # A definition that was just created can have null there.
    conditions = item.get("status", {}).get("conditions") or ()
    return any(c["type"] == kind and c["status"] == "True" for c in conditions)

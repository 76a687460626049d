"""A real control plane for the main center of the small province, and an engine upon it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, TypeVar

from kubernetes import client, config

from infra.fleet.engine import FleetEngine, FleetProgress, Operation, SiteTarget, StackOutcome
from infra.plan.site import plan_site
from infra.plan.values import SitePlan
from processes.supervisor import Supervisor
from province.province import Province
from rehearsal.machine_room.commands import PROGRAMS
from rehearsal.machine_room.room import MachineRoom
from rehearsal.toolchain.pins import CRDS
from tests import binaries, worlds
from tests.rehearsal.room_world import assets

NETWORK = IPv4Network("127.34.0.0/16")
PACK = Path(__file__).resolve().parent.parent.parent / "policies"
T = TypeVar("T")


class LiveFleet:
    """One site that stands, and what acts on it. All of it runs on one event loop."""

    def __init__(
        self, runner: asyncio.Runner, supervisor: Supervisor, folder: Path, target: SiteTarget
    ) -> None:
        self._runner = runner
        self.supervisor = supervisor
        self.folder = folder
        self.target = target
        self._tools = binaries.require("pulumi", "pulumi-resource-kubernetes")
        self.province_file = worlds.write(worlds.small(), folder / "province.yaml")

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def engine(self, *, province: Province | None = None, pack: Path | None = None) -> FleetEngine:
        file = self.province_file
        if province is not None:
            file = worlds.write(province, self.folder / "changed.yaml")
        return FleetEngine(
            state=self.folder,
            supervisor=self.supervisor,
            binaries=self._tools,
            policy_pack=pack,
            province_file=file,
            parallel=2,
        )

    def operate(self, operation: Operation, engine: FleetEngine | None = None) -> StackOutcome:
        (outcome,) = self.run(self.started(operation, [], engine))
        return outcome

    async def started(
        self,
        operation: Operation,
        told: list[FleetProgress],
        engine: FleetEngine | None = None,
    ) -> tuple[StackOutcome, ...]:
        engine = engine or self.engine()
        return await engine.operate(operation, [self.target], told.append)

    def api(self) -> client.ApiClient:
        return config.new_client_from_config_dict(json.loads(self.target.kubeconfig.read_text()))


@contextmanager
def live_fleet(folder: Path) -> Iterator[LiveFleet]:
    tools = binaries.require(*PROGRAMS)
    plan: SitePlan = plan_site(worlds.small(), "main", "rehearsal")
    found = assets()
    supervisor = Supervisor(folder / "owner")
    with asyncio.Runner() as runner:
        runner.run(supervisor.__aenter__())
        try:
            room = MachineRoom(
                folder / "room",
                supervisor,
                tools,
                stages=found["kwok-stages"],
                crds=tuple(found[name] for name in CRDS),
                network=NETWORK,
            )
            (site,) = runner.run(room.boot([plan], lambda _: None))
            target = SiteTarget(plan=plan, kubeconfig=site.kubeconfig)
            yield LiveFleet(runner, supervisor, folder, target)
        finally:
            runner.run(supervisor.__aexit__(None, None, None))

"""The load stage: edge and reference platform up, users in, counts out."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from evidence.run import RunFolder
from evidence.verdict import Verdict
from infra.plan.values import GatewayPlan
from loadtests.order import LoadOrder, Loss, Target
from loadtests.planning import (
    USER_KIB_TLS,
    Machine,
    require_memory,
    users_by_site,
    workers_for,
)
from loadtests.progress import LoadProgress
from loadtests.run import run_load
from processes.files import write_private
from processes.supervisor import Supervisor
from province.audience import crowds
from province.province import Province
from rehearsal.edge.edge import PORT_IPV6, Edge
from rehearsal.pki import Authority
from rehearsal.platform.platform import Platform
from release.crowd import Crowd
from release.narrator import Step
from release.site_loss import SiteLoss

SOURCES = (IPv4Network("127.0.1.0/24"), IPv6Network("::1/128"))
"""The load workers' source addresses: one a worker, and one that all share. Nobody else asks."""


EDGE_KIB = 20
"""Of the edge for each user over TLS, measured and rounded up. It shares the machine."""
PLATFORM_MIB = 1024


def require_room(users: int) -> None:
    """Raises LoadError, with the arithmetic, when this machine cannot bear so many users.

    Asked before anything is started: after ten minutes it would be late to hear of it.
    """
    here = Machine.here()
    free = replace(here, memory_mib=here.memory_mib - PLATFORM_MIB)
    require_memory(users, USER_KIB_TLS + EDGE_KIB, workers_for(users, here), free)


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadStage:
    """What is loaded, and with what."""

    crowd: Crowd
    province: Province
    province_file: Path
    gateways: Sequence[GatewayPlan]
    folder: Path
    nginx: Path
    loss: Loss | None = None

    async def run(
        self, supervisor: Supervisor, run: RunFolder, on_step: Callable[[Step], None]
    ) -> tuple[Verdict, str]:
        """Loads the edge and appends the load's, the edge's and the platform's own records."""
        authority = Authority.create(self.folder / "pki", "Suyun rehearsal edge")
        secret = self.folder / "accounts.key"
        write_private(secret, secrets.token_bytes(32))
        platform = Platform(
            self.folder / "platform", supervisor, self.province, self.crowd.users, secret
        )
        await platform.start()
        edge, *apart = edges = self._edges(supervisor, authority, platform.sockets)
        for one in edges:
            await one.start()
        order = self._order(authority, secret, edges)
        losses = [SiteLoss(order, self.province, one, run) for one in apart]

        def on_progress(progress: LoadProgress) -> None:
            on_step(step_of(progress))
            for loss in losses:
                loss.on_progress(progress)

        record = await run_load(order, supervisor, run, on_progress)
        for loss in losses:
            await loss.over()
        received = (await platform.counters()).received
        run.append(await edge.count(*SOURCES, platform_requests=received, others=apart))
        return Verdict.PASS, (
            f"{record.users_connected_peak:,} users connected, "
            f"{record.completed:,} responses, {record.failed:,} failures"
        )

    def _edges(
        self, supervisor: Supervisor, authority: Authority, upstreams: Sequence[Path]
    ) -> list[Edge]:
        """One nginx for all sites; a site that will be lost has its own, after it."""
        lost = "" if self.loss is None else self.loss.site
        numbered = tuple(enumerate(self.gateways))
        lost_users = users_by_site(crowds(self.province, self.crowd.users)).get(lost, 1)
        parts = (
            ("edge", self.crowd.users, [(n, g) for n, g in numbered if g.site != lost]),
            ("edge-lost", lost_users, [(n, g) for n, g in numbered if g.site == lost]),
        )
        return [
            Edge(
                folder=self.folder / name,
                supervisor=supervisor,
                nginx=self.nginx,
                authority=authority,
                gateways=[gateway for _, gateway in part],
                numbers=[number for number, _ in part],
                upstreams=upstreams,
                users=users,
                port_ipv6=PORT_IPV6,
            )
            for name, users, part in parts
            if part
        ]

    def _order(self, authority: Authority, secret: Path, edges: Sequence[Edge]) -> LoadOrder:
        return LoadOrder(
            users=self.crowd.users,
            ramp_seconds=self.crowd.ramp_seconds,
            hold_seconds=self.crowd.hold_seconds,
            seed=self.crowd.seed,
            rate=self.crowd.rate,
            think_scale=self.crowd.think_scale,
            shape=self.crowd.shape,
            time_scale=self.crowd.time_scale,
            hour=self.crowd.hour,
            loss=self.loss,
            targets=tuple(
                Target(site=site, hostname=hostname, address=address, port=port)
                for edge in edges
                for site, hostname, address, port in edge.targets
            ),
            ca_file=authority.ca_file,
            secret_file=secret,
            province_file=self.province_file,
        )


def step_of(progress: LoadProgress) -> Step:
    """A load run's progress as a step."""
    return Step(
        done=progress.users_connected,
        total=progress.users_target,
        text=(
            f"{progress.phase}: {progress.users_connected:,} users, "
            f"{progress.requests_per_second:,.0f} requests/s, "
            f"p99 {progress.response_ms_p99:,.0f} ms, {progress.failed:,} failed"
        ),
        seconds_left=progress.seconds_left,
    )

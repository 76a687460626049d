"""nginx as a process: started from the plans, watched, counted, reloaded."""

from __future__ import annotations

import asyncio
import os
import re
import resource
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import psutil

from evidence.records import EdgeRecord
from infra.plan.values import GatewayPlan
from processes.memory import LARGE_PAGES
from processes.ports import require_free
from processes.supervisor import Command, ProcessError, Running, Supervisor
from rehearsal.edge.config import Layout, SiteServer, render, size
from rehearsal.edge.log import EdgeLogError, Tally, tally
from rehearsal.pki import Authority
from rehearsal.unix_http import ask

NETWORK = IPv4Network("127.20.0.0/16")
PORT = 8443
PORT_IPV6 = 20443
LOOPBACK_IPV6 = "::1"
"""The only IPv6 address that a machine has without being given one, so sites differ by port."""
READY_SECONDS = 30
_HOST_OF_EDGE = 2
"""Site number i has its edge at x.y.(i+1).2; its control plane is at .1."""
_PEAK_SECONDS = 1.0
"""How often the connections are looked at for their peak."""
_POLL_SECONDS = 0.05
_ACTIVE = re.compile(rb"Active connections: (\d+)")

Network = IPv4Network | IPv6Network


class Edge:
    """One nginx with a server for each gateway, on an address of its own."""

    def __init__(  # noqa: PLR0913 - all that an edge is made of, each passed by name
        self,
        *,
        folder: Path,
        supervisor: Supervisor,
        nginx: Path,
        authority: Authority,
        gateways: Sequence[GatewayPlan],
        upstreams: Sequence[Path],
        users: int,
        network: IPv4Network = NETWORK,
        port: int = PORT,
        port_ipv6: int | None = None,
        numbers: Sequence[int] | None = None,
    ) -> None:
        """`upstreams` are the platform's sockets; `users` connect at once, over all sites.

        With `port_ipv6`, site number i is also at `[::1]`, on that port + i. `numbers` are the
        gateways' sites', where they are not simply counted: in a province with several edges.
        """
        self._folder = folder.absolute()
        self._supervisor = supervisor
        self._nginx = nginx
        self._authority = authority
        self._gateways = tuple(gateways)
        self._numbers = range(len(self._gateways)) if numbers is None else tuple(numbers)
        self._upstreams = tuple(upstreams)
        self._users = users
        self._network = network
        self._port = port
        self._port_ipv6 = port_ipv6
        self._running: Running | None = None
        self._stopped = False
        self.connections_peak = 0
        """The most connections at once, looked at each second."""
        self._watch: asyncio.Task[None] | None = None

    @property
    def addresses(self) -> Mapping[str, tuple[str, int]]:
        """Host name to address and port, in the order of the gateways."""
        return {
            gateway.hostname: (str(self._network[256 * (i + 1) + _HOST_OF_EDGE]), self._port)
            for i, gateway in zip(self._numbers, self._gateways, strict=True)
        }

    @property
    def addresses_ipv6(self) -> Mapping[str, tuple[str, int]]:
        """The same over IPv6; empty when the edge speaks IPv4 alone."""
        if self._port_ipv6 is None:
            return {}
        return {
            gateway.hostname: (LOOPBACK_IPV6, self._port_ipv6 + i)
            for i, gateway in zip(self._numbers, self._gateways, strict=True)
        }

    @property
    def targets(self) -> tuple[tuple[str, str, str, int], ...]:
        """Site, host name, address and port of each gateway, once for each protocol it speaks."""
        site_of = {gateway.hostname: gateway.site for gateway in self._gateways}
        return tuple(
            (site_of[hostname], hostname, address, port)
            for addresses in (self.addresses, self.addresses_ipv6)
            for hostname, (address, port) in addresses.items()
        )

    async def start(self) -> None:
        """Renders, checks, starts, and waits until nginx answers.

        Raises ProcessError when nginx is missing, an address is taken, the plans' gateways hold
        fewer connections than users, or nginx refuses its configuration.
        """
        self._require_room()
        require_free([*self.addresses.values(), *self.addresses_ipv6.values()])
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._status_socket.unlink(missing_ok=True)
        self._write_configuration()
        await self._check_configuration()
        self._stopped = False
        self._running = await self._supervisor.start(self._command("edge", ()))
        await self._until(self._answers, "answer")
        self._watch = asyncio.create_task(self._watch_connections())

    async def stop(self) -> None:
        """Ends nginx, and every connection with it; what it has counted stays in its logs."""
        self._stopped = True
        if self._running is not None:
            await self._supervisor.stop(self._running)
        if self._watch is not None:
            self._watch.cancel()

    async def kill(self) -> None:
        """SIGKILL to all of nginx, as a loss of power would; `start` brings it back."""
        if self._running is not None:
            self._running.kill()
        await self.stop()

    async def count(
        self, *sources: Network, platform_requests: int, others: Sequence[Edge] = ()
    ) -> EdgeRecord:
        """What the clients of those networks asked and got since the start, to the request.

        `platform_requests` is the platform's own count (`PlatformCounters.received`), kept
        beside the edge's. `others` are counted too; the peak is then that of whichever had most.
        Requests that end while this runs may be left to the next count.
        Raises ProcessError when nginx is gone unasked or its log cannot be read.
        """
        edges = (self, *others)
        try:
            logs = [log for edge in edges for log in await edge.whole_logs()]
            counted = await asyncio.to_thread(tally, logs, *sources)
        except (OSError, EdgeLogError) as error:
            raise ProcessError(
                f"the edge's log cannot be counted: {error}",
                f"look at {self._folder}; a full disk cuts lines short",
            ) from error
        peak = max(edge.connections_peak for edge in edges)
        return _record(counted, sources, peak, platform_requests)

    async def whole_logs(self) -> list[Path]:
        """Its logs with all that ended before. Raises ProcessError, OSError."""
        if not self._stopped:
            await self._flush()
        return self._logs()

    async def reload(self) -> None:
        """New certificates, new workers. Idle connections are closed, requests under way end."""
        running = self._require_running()
        before = {child.pid for child in _workers(running)}
        self._write_configuration()
        await self._check_configuration()
        os.kill(running.pid, signal.SIGHUP)

        async def replaced() -> bool:
            after = {child.pid for child in _workers(running)}
            return bool(after) and before.isdisjoint(after)

        await self._until(replaced, "reload")

    def require_running(self) -> None:
        """Raises ProcessError when nginx has not been started or has ended."""
        self._require_running()

    @property
    def _status_socket(self) -> Path:
        return self._folder / "status.sock"

    def _require_room(self) -> None:
        planned = sum(gateway.connections_max for gateway in self._gateways)
        if planned < self._users:
            raise ProcessError(
                f"the plans' gateways hold {planned:,} connections, not {self._users:,}",
                "load fewer users, or plan for more in stacks/province.yaml",
            )

    def _write_configuration(self) -> None:
        _, open_files_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        unlimited = open_files_limit == resource.RLIM_INFINITY
        layout = Layout(
            sites=tuple(self._site(gateway) for gateway in self._gateways),
            upstreams=self._upstreams,
            status_socket=self._status_socket,
            sizing=size(self._users, 2**20 if unlimited else open_files_limit),
            as_root=os.geteuid() == 0,
        )
        (self._folder / "nginx.conf").write_text(render(layout), "utf-8")

    def _site(self, gateway: GatewayPlan) -> SiteServer:
        places = [
            addresses[gateway.hostname]
            for addresses in (self.addresses, self.addresses_ipv6)
            if addresses
        ]
        pair = self._authority.issue(
            gateway.hostname,
            dns=(gateway.hostname,),
            addresses=tuple(address for address, _ in places),
            server=True,
        )
        return SiteServer(
            gateway=gateway,
            listeners=tuple(
                f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
                for address, port in places
            ),
            certificate=pair.certificate.absolute(),
            key=pair.key.absolute(),
        )

    def _command(self, name: str, more: Sequence[str]) -> Command:
        prefix = ("-p", f"{self._folder}/", "-c", "nginx.conf", "-e", "error.log")
        log = self._folder / f"{name}.log"
        argv = (str(self._nginx), *prefix, *more)
        return Command(name=name, argv=argv, log=log, env=LARGE_PAGES)

    async def _check_configuration(self) -> None:
        check = self._command("edge-check", ("-t",))
        if await self._supervisor.run(check):
            log = check.log.read_text("utf-8", errors="replace").splitlines()
            faults = [line for line in log if "[emerg]" in line] or ["no reason given"]
            raise ProcessError(
                f"nginx refuses its configuration: {faults[-1]}",
                f"the configuration is {self._folder / 'nginx.conf'}",
            )

    async def _until(self, done: Callable[[], Awaitable[bool]], what: str) -> None:
        deadline = asyncio.get_running_loop().time() + READY_SECONDS
        while not await done():
            self._require_running()
            if asyncio.get_running_loop().time() > deadline:
                raise ProcessError(
                    f"nginx did not {what} within {READY_SECONDS} s", f"see {self._error_log}"
                )
            await asyncio.sleep(_POLL_SECONDS)

    async def _answers(self) -> bool:
        try:
            await self._connections()
        except OSError:
            return False
        return True

    async def _connections(self) -> int:
        """Open connections of clients, without the one that asks."""
        answer = await ask(self._status_socket, "/status")
        active = _ACTIVE.search(answer.body)
        return int(active[1]) - 1 if active else 0

    async def _watch_connections(self) -> None:
        while self._running is not None and self._running.exit_code is None:
            with suppress(OSError):  # it is ending, or too busy for this second
                self.connections_peak = max(self.connections_peak, await self._connections())
            await asyncio.sleep(_PEAK_SECONDS)

    async def _flush(self) -> None:
        """Has all workers write out what they hold: each does so when it changes to a new log."""
        running = self._require_running()
        old = self._folder / f"access.{len(self._logs())}.log"
        (self._folder / "access.log").rename(old)
        os.kill(running.pid, signal.SIGUSR1)

        async def left() -> bool:
            return not any(_holds(child, old) for child in _workers(running))

        await self._until(left, "flush its log")
        self._require_running()

    def _logs(self) -> list[Path]:
        return sorted(self._folder.glob("access*.log"))

    @property
    def _error_log(self) -> Path:
        return self._folder / "error.log"

    def _require_running(self) -> Running:
        if self._running is None:
            raise ProcessError("the edge has not been started", "start it first")
        if self._running.exit_code is not None:
            raise ProcessError(
                f"nginx ended with status {self._running.exit_code}", f"see {self._error_log}"
            )
        return self._running


def _workers(running: Running) -> list[psutil.Process]:
    try:
        return psutil.Process(running.pid).children()
    except psutil.Error:
        return []


def _holds(process: psutil.Process, file: Path) -> bool:
    try:
        return any(Path(opened.path) == file for opened in process.open_files())
    except psutil.Error:
        return False  # a worker that is gone holds nothing


def _record(
    counted: Tally, sources: Sequence[Network], connections_peak: int, platform_requests: int
) -> EdgeRecord:
    return EdgeRecord(
        sources=", ".join(str(network) for network in sources),
        completed=counted.completed,
        completed_ipv6=counted.completed_ipv6,
        aborted=counted.aborted,
        by_status={str(status): count for status, count in sorted(counted.by_status.items())},
        by_route=dict(sorted(counted.by_route.items())),
        platform_requests=platform_requests,
        connections_peak=connections_peak,
        bytes_sent=counted.bytes_sent,
        request_ms_p50=counted.quantile_ms(0.50),
        request_ms_p95=counted.quantile_ms(0.95),
        request_ms_p99=counted.quantile_ms(0.99),
        request_ms_max=counted.quantile_ms(1.0),
    )

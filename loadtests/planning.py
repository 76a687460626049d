"""How many worker processes a load takes, and whether this machine can bear it: arithmetic."""

from __future__ import annotations

import math
import os
import resource
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from loadtests.habits import requests_per_second
from loadtests.order import LoadError, LoadOrder
from loadtests.seating import users_ipv6
from province.audience import Crowd
from province.load_cost import USERS_PER_WORKER_MAX

FILES_OWN = 500
"""Files of a worker besides its users' connections: libraries, logs, ZeroMQ."""
USERS_PER_WORKER_WORTH = 500
"""Fewer users than this keep no second core busy."""
USER_KIB_TLS = 36
USER_KIB_PLAIN = 14
"""Measured by benchmarks/load.py and rounded up."""
WORKER_MIB = 110
"""A worker without users: Python, Locust and the histograms (measured)."""
PORTS_USABLE = 0.9
"""Share of the ephemeral ports that is planned with; the rest waits in TIME_WAIT."""

_PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What limits a load generator. `ports` are for one source, destination and port."""

    cores: int
    files: int
    ports: int
    memory_mib: int

    @classmethod
    def here(cls) -> Machine:
        """This machine, now. The file limit is the hard one: workers raise theirs to it."""
        _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
        low, high = (int(word) for word in _PORT_RANGE.read_text().split())
        return cls(
            cores=os.cpu_count() or 1,
            files=2**31 if files == resource.RLIM_INFINITY else files,
            ports=high - low + 1,
            memory_mib=psutil.virtual_memory().available // 2**20,
        )


def plan_workers(order: LoadOrder, crowds: tuple[Crowd, ...], machine: Machine) -> int:
    """The number of workers. Raises LoadError, with the arithmetic, when they do not fit."""
    _require_targets(order, crowds)
    workers = order.workers or workers_for(order.users, machine)
    users_each = math.ceil(order.users / workers)
    _require_files(users_each, machine)
    _require_ports(order, crowds, workers, machine)
    user_kib = USER_KIB_PLAIN if order.ca_file is None else USER_KIB_TLS
    require_memory(order.users, user_kib, workers, machine)
    return workers


def plan_think_scale(order: LoadOrder, crowds: tuple[Crowd, ...]) -> float:
    """What think times are multiplied by, so that all users together ask at the order's rate."""
    if order.rate is None:
        return order.think_scale
    return requests_per_second(crowds, order.hour) / order.rate


def workers_for(users: int, machine: Machine) -> int:
    """As few as the files of a process allow, and one a core where that helps."""
    most = max(1, min(USERS_PER_WORKER_MAX, machine.files - FILES_OWN))
    needed = math.ceil(users / most)
    helpful = min(machine.cores, users // USERS_PER_WORKER_WORTH)
    return max(1, needed, helpful)


def _require_targets(order: LoadOrder, crowds: tuple[Crowd, ...]) -> None:
    known = {target.site for target in order.targets if not target.ipv6}
    missing = sorted({crowd.site for crowd in crowds} - known)
    if missing:
        raise LoadError(
            f"no edge is given for {', '.join(missing)}, whose users are part of the load",
            "give a target for each branch that serves users",
        )


def _require_files(users_each: int, machine: Machine) -> None:
    if users_each + FILES_OWN > machine.files:
        raise LoadError(
            f"{users_each:,} users a worker need {users_each:,} + {FILES_OWN} open files; "
            f"a process may open {machine.files:,}",
            f"let Suyun choose the workers, or raise 'ulimit -Hn' to {users_each + FILES_OWN:,}",
        )


def _require_ports(
    order: LoadOrder, crowds: tuple[Crowd, ...], workers: int, machine: Machine
) -> None:
    usable = int(machine.ports * PORTS_USABLE)
    at_most = _with_the_lost(users_by_site(crowds), order)
    site, users = max(at_most.items(), key=lambda item: item[1])
    each = math.ceil(users / workers)
    if each > usable:
        raise LoadError(
            f"{users:,} users of {site} from {workers} source addresses are {each:,} connections "
            f"for each; {machine.ports:,} ports × {PORTS_USABLE} allow {usable:,}",
            f"use {math.ceil(users / max(1, usable))} workers or more, or widen "
            "net.ipv4.ip_local_port_range",
        )
    _require_ports_ipv6(_with_the_lost(connections_ipv6(order, crowds), order), usable, machine)
    first = order.first_source
    if first is not None and int(first) + workers - 1 > int(first) | 0xFF:
        raise LoadError(
            f"{workers} source addresses from {first} do not fit into its /24",
            "choose an earlier first address or fewer workers",
        )


def _require_ports_ipv6(connections: Mapping[str, int], usable: int, machine: Machine) -> None:
    """All workers share one IPv6 address, so more of them do not help."""
    for site, users in connections.items():
        if users > usable:
            raise LoadError(
                f"{users:,} users of {site} over IPv6 come from one address; "
                f"{machine.ports:,} ports × {PORTS_USABLE} allow {usable:,}",
                "load fewer users, or widen net.ipv4.ip_local_port_range",
            )


def require_memory(users: int, user_kib: float, workers: int, machine: Machine) -> None:
    """Raises LoadError, with the arithmetic, when so many users do not fit."""
    needed = math.ceil(users * user_kib / 1024) + (workers + 1) * WORKER_MIB
    if needed > machine.memory_mib:
        fits = max(0, (machine.memory_mib - (workers + 1) * WORKER_MIB) * 1024 // user_kib)
        raise LoadError(
            f"{users:,} users × {user_kib} KiB + {workers + 1} processes × {WORKER_MIB} MiB "
            f"= {needed:,} MiB; {machine.memory_mib:,} MiB are free",
            f"about {fits:,.0f} users fit here: give --users",
        )


def connections_ipv6(order: LoadOrder, crowds: tuple[Crowd, ...]) -> Mapping[str, int]:
    """Users over IPv6 of each site whose edge speaks it."""
    over_ipv6 = {target.site for target in order.targets if target.ipv6}
    return {
        site: users_ipv6(users)
        for site, users in users_by_site(crowds).items()
        if site in over_ipv6
    }


def _with_the_lost(users: Mapping[str, int], order: LoadOrder) -> Mapping[str, int]:
    """Users of each site at the most: a lost site's turn to its partner."""
    more = {partner: users.get(site, 0) for site, partner in order.partners.items()}
    return {site: users.get(site, 0) + more.get(site, 0) for site in {**users, **more}}


def users_by_site(crowds: tuple[Crowd, ...]) -> Mapping[str, int]:
    """Users of each site, of all personas."""
    users: dict[str, int] = {}
    for crowd in crowds:
        users[crowd.site] = users.get(crowd.site, 0) + crowd.users
    return users

"""What flows over each link in each hour of the day, against what the link carries.

Links are full duplex, so each direction is counted by itself, seen from the site: *out* are what
users get and the copies that the site sends, *in* are the copies that it receives. What users
send is a small part of what they get, and has its room in `LINK_RATIO_MAX`.
"""

from __future__ import annotations

from dataclasses import dataclass

from province.assumptions import HOURS, Traffic
from province.province import Province
from province.sites import Role, Site
from province.storage import needed_tb

LINK_RATIO_MAX = 0.75
"""Planned share of a link: 20 Gbit/s carry 216 TB a day at most, and are planned for 160. The
rest is for headers, for what users send, and for seconds in which more come than on average."""
_SHOWN_GBPS_MIN = 0.005
_GBIT_PER_TB = 8_000
_SECONDS_PER_HOUR = 3_600


@dataclass(frozen=True, kw_only=True, slots=True)
class Flow:
    """One hour of one direction, in Gbit/s, by cause.

    `takeover` are the users of the site that this one backs up, should that be lost.
    """

    hour: int
    users_gbps: float = 0.0
    takeover_gbps: float = 0.0
    replication_gbps: float = 0.0
    backup_gbps: float = 0.0

    @property
    def gbps(self) -> float:
        """All of it."""
        return self.users_gbps + self.takeover_gbps + self.replication_gbps + self.backup_gbps


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkBudget:
    """One direction of one of a site's links over a day. `name` is `uplink out`, for example."""

    name: str
    capacity_gbps: float
    hours: tuple[Flow, ...]

    @property
    def budget_gbps(self) -> float:
        """What may flow as planned."""
        return self.capacity_gbps * LINK_RATIO_MAX

    @property
    def busiest(self) -> Flow:
        """The hour in which most flows; the first of several."""
        return max(self.hours, key=lambda flow: flow.gbps)

    @property
    def holds(self) -> bool:
        """Whether the busiest hour fits."""
        return self.busiest.gbps <= self.budget_gbps


def budgets(province: Province, site: Site) -> tuple[LinkBudget, ...]:
    """The site's uplink in both directions, and its Internet access where it has one.

    At the main center all of the Internet's traffic goes on to the branches over the uplink.
    """
    wards = [other for other in province.sites if other.backup_partner == site.id]
    links = [
        LinkBudget(
            name="uplink out",
            capacity_gbps=site.uplink_gbps,
            hours=tuple(_out(province, site, wards, hour) for hour in range(HOURS)),
        ),
        LinkBudget(
            name="uplink in",
            capacity_gbps=site.uplink_gbps,
            hours=tuple(_in(province, wards, hour) for hour in range(HOURS)),
        ),
    ]
    if site.internet_gbps:
        links.append(
            LinkBudget(
                name="internet",
                capacity_gbps=site.internet_gbps,
                hours=tuple(
                    Flow(hour=hour, users_gbps=_internet_gbps(province, hour))
                    for hour in range(HOURS)
                ),
            )
        )
    return tuple(links)


def backup_hours(traffic: Traffic) -> tuple[int, ...]:
    """The window's hours; one that ends before it begins goes past midnight."""
    begin, end = traffic.backup_from_hour, traffic.backup_to_hour
    return tuple((begin + after) % HOURS for after in range((end - begin) % HOURS))


def parts(flow: Flow) -> str:
    """What a flow consists of, in words; causes of next to nothing are left out."""
    causes = (
        ("users", flow.users_gbps),
        ("a lost site's users", flow.takeover_gbps),
        ("replication", flow.replication_gbps),
        ("backup", flow.backup_gbps),
    )
    shown = [f"{name} {gbps:.2f}" for name, gbps in causes if gbps >= _SHOWN_GBPS_MIN]
    return ", ".join(shown) or "nothing"


def _out(province: Province, site: Site, wards: list[Site], hour: int) -> Flow:
    users = _users_gbps(province.traffic, site.users_concurrent, hour)
    if site.role is Role.MAIN:
        users += _internet_gbps(province, hour)
    return Flow(
        hour=hour,
        users_gbps=users,
        takeover_gbps=sum(
            _users_gbps(province.traffic, ward.users_concurrent, hour) for ward in wards
        ),
        replication_gbps=_replication_gbps(province.traffic, site.users_concurrent, hour),
        backup_gbps=_backup_gbps(province, site.users_concurrent, hour),
    )


def _in(province: Province, wards: list[Site], hour: int) -> Flow:
    users = sum(ward.users_concurrent for ward in wards)
    return Flow(
        hour=hour,
        replication_gbps=_replication_gbps(province.traffic, users, hour),
        backup_gbps=_backup_gbps(province, users, hour),
    )


def _users_gbps(traffic: Traffic, users: int, hour: int) -> float:
    return users * traffic.users_by_hour[hour] * traffic.user_kbps.value / 1e6


def _internet_gbps(province: Province, hour: int) -> float:
    everybody = _users_gbps(province.traffic, province.users_concurrent, hour)
    return everybody * province.traffic.internet_ratio.value


def _replication_gbps(traffic: Traffic, users: int, hour: int) -> float:
    """What users add flows as they come: the day's bytes, shared out by who is there."""
    present = sum(traffic.users_by_hour)
    if not present:
        return 0.0
    terabytes = users * traffic.user_mb_per_day.value / 1e6
    share = traffic.users_by_hour[hour] / present
    return terabytes * share * _GBIT_PER_TB / _SECONDS_PER_HOUR


def _backup_gbps(province: Province, users: int, hour: int) -> float:
    """What has changed of those users' bytes, evenly over the window."""
    window = backup_hours(province.traffic)
    if hour not in window:
        return 0.0
    changed = province.traffic.backup_changed_ratio.value
    terabytes = needed_tb(province.objectives, users) * changed
    return terabytes * _GBIT_PER_TB / (len(window) * _SECONDS_PER_HOUR)

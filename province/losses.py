"""A site's loss: who takes its users over, and what that asks of machines and disks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from province.province import Province
from province.sites import Site
from province.storage import needed_tb, usable_tb


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """The loss of one site. `replicas` are each workload's at the partner, with all users there.

    `disk_tb_needed` of `disk_tb_usable` hold the bytes of both sites' users at the partner.
    """

    lost: str
    partner: str
    users_moved: int
    users_then: int
    replicas: Mapping[str, int]
    disk_tb_needed: float
    disk_tb_usable: float


def losses(province: Province) -> tuple[Loss, ...]:
    """The loss of each site, one at a time, in the order of the file."""
    return tuple(_loss(province, site) for site in province.sites)


def _loss(province: Province, lost: Site) -> Loss:
    partner = province.site(lost.backup_partner)
    users = partner.users_concurrent + lost.users_concurrent
    return Loss(
        lost=lost.id,
        partner=partner.id,
        users_moved=lost.users_concurrent,
        users_then=users,
        replicas={one.id: one.replicas(users) for one in province.platform.workloads},
        disk_tb_needed=needed_tb(province.objectives, users),
        disk_tb_usable=usable_tb(partner),
    )

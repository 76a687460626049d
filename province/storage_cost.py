"""What storage costs, in yuan (CNY) of today, from a few unit costs."""

from __future__ import annotations

from dataclasses import dataclass

from province.value import Value

_HOURS_PER_YEAR = 8_766


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitCosts:
    """All of these are assumptions of ours, in CNY: put in what a tender says.

    `host_cny` is a machine of two units without its data disks; `disk_cny_per_tb` a nearline disk;
    `years` how long both serve. `host_watts` with its disks, at `pue` times that for the building,
    at `kwh_cny`; `place_cny_per_year` two rack units; `upkeep_ratio_per_year` of the price is paid
    for spare parts and hands. The education network's links are not counted: they are there.
    """

    host_cny: float = 45_000
    disk_cny_per_tb: float = 150
    years: float = 5
    host_watts: float = 500
    pue: float = 1.4
    kwh_cny: float = 0.7
    place_cny_per_year: float = 3_000
    upkeep_ratio_per_year: float = 0.08


class StorageCost(Value):
    """Buying all machines once, and running them for a year, the machines' wear not counted.

    `tb_year_cny` is both, wear counted, for each TB that the public has stored, for a year.
    """

    purchase_cny: float
    running_cny_per_year: float
    tb_year_cny: float


def storage_cost(hosts: int, disks_tb: float, stored_tb: float, unit: UnitCosts) -> StorageCost:
    """Of so many hosts with so many TB of disks in all, which keep `stored_tb` for the public."""
    purchase = hosts * unit.host_cny + disks_tb * unit.disk_cny_per_tb
    power = unit.host_watts / 1_000 * _HOURS_PER_YEAR * unit.pue * unit.kwh_cny
    running = hosts * (power + unit.place_cny_per_year) + purchase * unit.upkeep_ratio_per_year
    return StorageCost(
        purchase_cny=purchase,
        running_cny_per_year=running,
        tb_year_cny=(purchase / unit.years + running) / stored_tb,
    )

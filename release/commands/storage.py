"""`./suyun storage`: where data is, and what it takes to keep more of it."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import typer

from evidence.restores import ProvenRestore, last_restores
from evidence.verdict import ExitCode
from province.inventory import Whereabouts, inventory
from province.reader import read
from province.storage_model import ModelInputs, SiteModel, StorageModel, storage_model
from province.value import Value
from release.commands.inputs import province_path
from release.commands.output import print_json, print_table
from release.errors import InputError, finding_line
from release.workspace import Workspace

USUAL_PB = (1.0, 10.0, 50.0)


class HeldAndProven(Value):
    """A holding as planned, and when its restore was last proven, by which run; None for never."""

    planned: Whereabouts
    restored_at: datetime | None
    restored_by_run: str | None


def show_inventory(*, province_file: Path | None, as_json: bool) -> ExitCode:
    """Each holding: sites, copies, versions, retention, encryption, last restore, deletes.

    Raises InputError when the province names no holding.
    """
    path = province_path(province_file)
    province = read(path)
    if not province.holdings:
        raise InputError(
            f"{path} says nothing of the data that it keeps",
            "name each class of data under 'holdings'; stacks/province.yaml shows how",
        )
    restores = last_restores(Workspace.here().runs, province)
    for fault in restores.faults:
        sys.stderr.write(finding_line(fault) + "\n")
    held = [_held(one, restores.proven.get(one.holding.id)) for one in inventory(province)]
    if as_json:
        print_json(held)
    else:
        typer.echo("\n\n".join("\n".join(_inventory_lines(one)) for one in held))
    return ExitCode.PASS


def show_model(
    sizes: Sequence[float], lag_seconds: float | None, *, province_file: Path | None, as_json: bool
) -> ExitCode:
    """The province at each of those sizes, in PB. Raises InputError for what is no number."""
    for value in (*sizes, *([] if lag_seconds is None else [lag_seconds])):
        if not math.isfinite(value):
            raise InputError(f"'{value}' is no number of PB or seconds", "give digits, such as 10")
    province, inputs = read(province_path(province_file)), ModelInputs(lag_seconds=lag_seconds)
    models = [storage_model(province, size, inputs) for size in dict.fromkeys(sizes)]
    if as_json:
        print_json(models)
    else:
        _print_models(models)
    return ExitCode.PASS


def _held(planned: Whereabouts, restore: ProvenRestore | None) -> HeldAndProven:
    when = None if restore is None else datetime.fromtimestamp(restore.record.ended_at, UTC)
    return HeldAndProven(
        planned=planned,
        restored_at=when,
        restored_by_run=None if restore is None else restore.run,
    )


def _inventory_lines(held: HeldAndProven) -> Iterator[str]:
    planned, holding = held.planned, held.planned.holding
    yield f"{holding.id} ({holding.name}) · {holding.engine}"
    yield f"  sites       {_places(planned)}"
    yield (
        f"  copies      {planned.copies}, {planned.stored_as}: "
        f"{planned.disk_ratio:g} bytes of disk for each byte"
    )
    kept = f"{holding.versions} for {holding.versions_days} days"
    yield f"  versions    {kept if holding.versions_days else 'none but the backups'}"
    yield f"  retention   {_retention(planned)}"
    ways = {"in transit": holding.encrypted_in_transit, "at rest": holding.encrypted_at_rest}
    yield "  encryption  " + (" and ".join(way for way, on in ways.items() if on) or "none")
    yield f"  restored    {_restored(held)}"
    for sentence in planned.deleted:
        yield f"  a delete    {sentence}"


def _places(planned: Whereabouts) -> str:
    """One by its name; more as a number: --json has them all."""
    if len(planned.places) > 1:
        return f"each of {len(planned.places)}, and its backup partner in another prefecture"
    listed = (f"{one.site}, copies at {', '.join(one.copies_at)}" for one in planned.places)
    return "".join(listed) or "none: the province names no database"


def _retention(planned: Whereabouts) -> str:
    if planned.backup_days:
        return f"archives and backups for {planned.backup_days} days"
    return "no backup but the copies" if planned.copies else "none"


def _restored(held: HeldAndProven) -> str:
    if held.restored_at is None:
        return "never proven"
    return f"{held.restored_at:%Y-%m-%d %H:%M} UTC, run {held.restored_by_run}"


def _print_models(models: Sequence[StorageModel]) -> None:
    rows = [_model_column(model) for model in models]
    names = list(rows[0])
    heads = ("", *(f"{model.stored_pb:g} PB" for model in models))
    print_table(heads, [(name, *(row[name] for row in rows)) for name in names])
    for model in models:
        if model.crowded:
            some = f"{len(model.crowded)} of {len(model.sites)} sites"
            typer.echo(
                f"{model.stored_pb:g} PB: links of {some} are too narrow for each day's "
                f"backups and users; --json names them"
            )
    typer.echo(
        "Assumed: rates of failure, limits of repairs, prices; each with its source in "
        "province/durability.py, rebuilding.py, storage_cost.py."
    )
    typer.echo("Not in the model: failures that come together. It compares; it promises nothing.")


def _model_column(model: StorageModel) -> dict[str, str]:
    cost, rebuild, copy = model.cost, model.slowest_rebuild, model.slowest_copy
    weakest, first_buy = model.least_durable, min(model.sites, key=lambda site: site.buy_on)
    machines = min(site.machines_nines for site in model.sites)
    alone = min(site.site_nines for site in model.sites)
    return {
        "storage hosts": f"{model.hosts:,} ({model.hosts_standing:,} stand)",
        "disks": f"{model.raw_pb:,.1f} PB",
        "growth in the first year": f"{model.growth_pb_per_year:,.2f} PB",
        "next disks by": f"{first_buy.buy_on} ({first_buy.site})",
        "a lost disk is made anew in": f"{rebuild.rebuild_disk_hours:,.1f} h ({rebuild.site})",
        "a lost host is made anew in": f"{rebuild.rebuild_host_hours:,.1f} h ({rebuild.site})",
        "first full copy over the links in": _copied(copy),
        "an object, against disks and hosts": f"{machines:.1f} nines a year",
        "an object, one site's loss counted": f"{alone:.1f} nines a year",
        "an object, with its partner's copy": (
            f"{weakest.sites_nines:.1f} nines a year ({weakest.site})"
        ),
        "mean years until that is lost": f"{weakest.sites_years:,.0f}",
        "lost with a site, not yet copied": _unsent(model),
        "to buy, all hosts": f"{cost.purchase_cny / 1e6:,.1f} million CNY",
        "to run": f"{cost.running_cny_per_year / 1e6:,.1f} million CNY a year",
        "a TB of the public's, wear counted": f"{cost.tb_year_cny:,.0f} CNY a year",
    }


def _copied(site: SiteModel) -> str:
    if site.first_copy_days is None:
        return f"never: no room ({site.site})"
    return f"{site.first_copy_days:,.1f} days ({site.site})"


def _unsent(model: StorageModel) -> str:
    most = max(model.sites, key=lambda site: site.unsent_mb or 0)
    if most.unsent_mb is None or model.lag_seconds is None:
        return "unknown: --lag"
    return f"{most.unsent_mb:,.1f} MB in {model.lag_seconds:g} s ({most.site})"

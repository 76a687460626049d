"""`./suyun data`: the words of its commands. What they do is in `release.commands.data`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from province.holdings import Engine

data_app = typer.Typer(help="The data world: object stores and databases, broken and mended.")
gateway_app = typer.Typer(help="A site's object gateways alone.")
data_app.add_typer(gateway_app, name="gateway")


class Only(StrEnum):
    """What of a site is killed."""

    OBJECTS = "objects"
    GATEWAYS = "gateways"
    DATABASE = "database"


Site = Annotated[str, typer.Argument(help="A site of the data world.")]
End = Annotated[str, typer.Argument(help="A site of the data world, or 'machine'.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
ProvinceFile = Annotated[
    Path | None, typer.Option("--province", help="Province file [default: stacks/province.yaml].")
]


@data_app.command("start")
def data_start(
    links: Annotated[
        bool, typer.Option(help="A network for each site, so that links can be cut; needs root.")
    ] = True,
    users: Annotated[
        int,
        typer.Option(min=0, help="Users that its edges and platform are for [default: none]."),
    ] = 0,
    province: ProvinceFile = None,
    as_json: Json = False,
) -> None:
    """Start the object stores and databases of three sites in the background, or find them."""
    from release.commands.data import start

    raise typer.Exit(start(province, users=users, has_links=links, as_json=as_json))


@data_app.command("stop")
def data_stop() -> None:
    """End the data world, whatever state it is in. Ledgers and logs stay."""
    from release.commands.data import stop

    raise typer.Exit(stop())


@data_app.command("status")
def data_status(as_json: Json = False) -> None:
    """Tell whether the data world stands, who leads, what is down and which links are cut."""
    from release.commands.data import status

    raise typer.Exit(status(as_json=as_json))


@data_app.command("kill")
def data_kill(
    site: Site,
    only: Annotated[Only | None, typer.Option(help="Only that part of the site.")] = None,
    as_json: Json = False,
) -> None:
    """Kill all that runs at a site, at once, as a loss of power would."""
    if only is Only.GATEWAYS:
        _do("gateway-stop", site, as_json=as_json)
    engine = Engine(only.value) if only else None
    _do("kill", site, as_json=as_json, engine=engine)


@data_app.command("boot")
def data_boot(
    site: Site,
    only: Annotated[Only | None, typer.Option(help="Only that part of the site.")] = None,
    as_json: Json = False,
) -> None:
    """Bring back what stood at a site; a database that was taken over has to rejoin instead."""
    if only is Only.GATEWAYS:
        _do("gateway-start", site, as_json=as_json)
    engine = Engine(only.value) if only else None
    _do("boot", site, as_json=as_json, engine=engine)


@data_app.command("sabotage")
def data_sabotage(
    site: Site,
    undo: Annotated[bool, typer.Option("--undo", help="Have it copied again.")] = False,
    as_json: Json = False,
) -> None:
    """Stop the copying of what is written at a site, silently: a drill has to find it out."""
    _do("sabotage-undo" if undo else "sabotage", site, as_json=as_json)


@data_app.command("write")
def data_write(
    seconds: Annotated[float, typer.Option(min=1, help="For so long at most.")] = 60,
    rate: Annotated[
        float, typer.Option(min=0.05, max=50, help="Times the usual 12 writes a second and site.")
    ] = 1,
    wait: Annotated[bool, typer.Option("--wait", help="Until they have done.")] = False,
    as_json: Json = False,
) -> None:
    """Have people at every site write and read, and note what they are told in a ledger.

    They go home when the time is over, or once somebody checks or restores.
    """
    _do("write", as_json=as_json, seconds=seconds, rate=rate, waits=wait)


@data_app.command("probe")
def data_probe(
    count: Annotated[int, typer.Option(min=1, max=100_000, help="Probes of each pair.")] = 100,
    as_json: Json = False,
) -> None:
    """Write, and look in the other place until it is there: how far copies lag."""
    _do("probe", as_json=as_json, count=count)


@data_app.command("check")
def data_check(
    drill: Annotated[str | None, typer.Option(help="The drill whose evidence this is.")] = None,
    as_json: Json = False,
) -> None:
    """Send people home and account for each acknowledged write.

    Fails where one is lost that had to be kept.
    """
    _do("check", as_json=as_json, drill=drill)


@data_app.command("restore")
def data_restore(
    holding: Annotated[str, typer.Argument(help="A class of data of the province.")],
    as_json: Json = False,
) -> None:
    """Restore a class of data from another site into an empty place, and compare each piece."""
    _do("restore", as_json=as_json, holding=holding)


@data_app.command("resources")
def data_resources(as_json: Json = False) -> None:
    """Store a resource at each site, find it from every other, read the nearest copy."""
    _do("resources", as_json=as_json)


def _site_command(app: typer.Typer, name: str, action: str, text: str) -> None:
    def command(site: Site, as_json: Json = False) -> None:
        _do(action, site, as_json=as_json)

    command.__doc__ = text
    app.command(name=name)(command)


def _link_command(name: str, text: str) -> None:
    def command(first: End, second: End, as_json: Json = False) -> None:
        _do(name, first, second, as_json=as_json)

    command.__doc__ = text
    data_app.command(name=name)(command)


_site_command(data_app, "promote", "promote", "Have a site's database lead, if that is safe.")
_site_command(data_app, "rejoin", "rejoin", "Have a site's database follow whoever leads now.")
_site_command(data_app, "fill", "fill", "Fill the disk under a site's object store.")
_site_command(data_app, "free", "free", "Make room on a site's disk again.")
_site_command(data_app, "corrupt", "corrupt", "Change bytes of objects beneath a site's store.")
_site_command(data_app, "read", "read", "Read all that a site has copies of, as people there do.")
_site_command(data_app, "repair", "repair", "Find and mend what differs from the other copy.")
_site_command(data_app, "delete", "delete", "Delete all objects of a site, as by mistake.")
_site_command(data_app, "overwrite", "overwrite", "Overwrite a site's objects, as for ransom.")
_site_command(
    data_app, "purge", "purge", "Try to remove versions of a site's objects; fails where it can."
)
_site_command(gateway_app, "stop", "gateway-stop", "Kill a site's object gateways.")
_site_command(gateway_app, "start", "gateway-start", "Start a site's object gateways again.")
_link_command("cut", "Cut the link between two sites: packets vanish.")
_link_command("heal", "Make the link between two sites whole again.")


def _do(action: str, *sites: str, as_json: bool, **fields: object) -> None:
    from rehearsal.data.orders import Order
    from release.commands.data import carry_out

    order = Order.model_validate({"action": action, "sites": sites, **fields})
    raise typer.Exit(carry_out(order, as_json=as_json))

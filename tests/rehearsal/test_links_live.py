"""Real namespaces: packets arrive, vanish over a cut link, and arrive again."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from processes.supervisor import Command, Supervisor
from rehearsal.links.errors import LinksError
from rehearsal.links.links import Links
from rehearsal.links.wiring import MACHINE, Wiring

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(
        os.geteuid() != 0 or shutil.which("ip") is None, reason="needs root and iproute2"
    ),
]
WIRING = Wiring(
    sites=("main", "xuzhou", "suzhou"), name="suyunt", network=IPv4Network("198.19.128.0/17")
)
_ANSWER = "exec 3<>/dev/tcp/{address}/7"
_LISTEN = (
    "import socket; s = socket.create_server(('{address}', 7))\nwhile True: s.accept()[0].close()"
)


@asynccontextmanager
async def standing(folder: Path) -> AsyncIterator[tuple[Links, Supervisor]]:
    async with Supervisor(folder / "owner") as supervisor:
        links = Links(folder / "links", supervisor, WIRING)
        await links.start()
        try:
            yield links, supervisor
        finally:
            await links.stop()


async def listen(supervisor: Supervisor, links: Links, folder: Path) -> None:
    for place in links.places:
        code = _LISTEN.format(address=place.address)
        argv = (*place.prefix, "python3", "-c", code)
        await supervisor.start(Command(name=place.site, argv=argv, log=folder / "listen.log"))


async def hears(supervisor: Supervisor, links: Links, end: str, other: str, folder: Path) -> bool:
    prefix = next((place.prefix for place in links.places if place.site == end), ())
    script = _ANSWER.format(address=links.wiring.address(other))
    argv = (*prefix, "timeout", "0.5", "bash", "-c", script)
    return await supervisor.run(Command(name="ask", argv=argv, log=folder / "ask.log")) == 0


def test_a_cut_link_swallows_what_is_sent_and_no_other_does(tmp_path: Path) -> None:
    asyncio.run(_cut_and_heal(tmp_path))


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    async def scene() -> None:
        async with Supervisor(tmp_path / "owner") as supervisor:
            killed = Links(tmp_path / "links", supervisor, WIRING)
            await killed.start()
            with pytest.raises(LinksError, match="another data world"):
                await Links(tmp_path / "links", supervisor, WIRING).start()
            killed._notes.let_go()  # as the kernel does for the killed
            again = Links(tmp_path / "links", supervisor, WIRING)
            await again.start()
            assert Path("/run/netns/suyunt-main").exists()
            await again.stop()

    asyncio.run(scene())
    assert not list(Path("/run/netns").glob("suyunt-*"))
    assert not list(Path("/sys/class/net").glob("suyunt*"))


def test_a_network_of_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    async def scene() -> None:
        async with Supervisor(tmp_path / "owner") as supervisor:
            await _theirs(supervisor, "add", tmp_path)
            try:
                with pytest.raises(LinksError, match="suyunt-xuzhou' that is not ours"):
                    await Links(tmp_path / "links", supervisor, WIRING).start()
                assert Path("/run/netns/suyunt-xuzhou").exists()
                assert not Path("/run/netns/suyunt-main").exists()
            finally:
                await _theirs(supervisor, "delete", tmp_path)

    asyncio.run(scene())


async def _cut_and_heal(folder: Path) -> None:
    async with standing(folder) as (links, supervisor):
        await listen(supervisor, links, folder)

        async def heard(end: str, other: str) -> bool:
            return await hears(supervisor, links, end, other, folder)

        for site in links.wiring.sites:
            while not await heard(MACHINE, site):
                await asyncio.sleep(0.1)
        assert await heard("main", "xuzhou")
        await links.cut("main", "xuzhou")
        assert links.cuts == (("main", "xuzhou"),)
        assert not await heard("main", "xuzhou")
        assert not await heard("xuzhou", "main")
        assert await heard("suzhou", "xuzhou")
        assert await heard(MACHINE, "main")
        await links.heal("xuzhou", "main")
        assert await heard("main", "xuzhou")
        assert await heard("xuzhou", "main")


async def _theirs(supervisor: Supervisor, verb: str, folder: Path) -> None:
    argv = ("ip", "netns", verb, "suyunt-xuzhou")
    assert await supervisor.run(Command(name="theirs", argv=argv, log=folder / "log")) == 0

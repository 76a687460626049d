"""The wiring on paper, and where it is refused."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from rehearsal.links.errors import LinksError
from rehearsal.links.standing import require_unrouted
from rehearsal.links.wiring import Wiring

SITES = ("main", "xuzhou", "suzhou")
WIRING = Wiring(sites=SITES)
ROUTES = (
    "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT",
    "eth0 00000000 010200C0 0003 0 0 0 00000000 0 0 0",
    "eth0 000200C0 00000000 0001 0 0 0 00FFFFFF 0 0 0",
)


def test_every_pair_of_ends_has_one_cable_and_every_end_one_address() -> None:
    assert WIRING.making().count("link add") == 6
    assert len({WIRING.address(end) for end in WIRING.ends}) == 4
    for end in WIRING.ends:
        assert WIRING.setting_up(end).count("route add") == len(WIRING.ends) - 1


def test_names_of_interfaces_fit() -> None:
    many = Wiring(sites=tuple(f"prefecture-{number}" for number in range(99)))
    for end in many.ends:
        for other in many.ends:
            assert len(many.interface(end, other)) <= 15


def test_more_sites_than_the_network_has_room_for_are_refused() -> None:
    with pytest.raises(LinksError, match="no room for 3 sites"):
        Wiring(sites=SITES, network=IPv4Network("198.19.0.0/23"))


@pytest.mark.parametrize(
    ("ends", "message"),
    [(("main", "wuxi"), "no link ends at 'wuxi'"), (("main", "main"), "no link from main to")],
)
def test_a_link_that_is_not_there_is_refused(ends: tuple[str, str], message: str) -> None:
    with pytest.raises(LinksError, match=message):
        WIRING.require(*ends)


def test_a_network_that_the_machine_routes_already_is_refused() -> None:
    require_unrouted(WIRING.network, ROUTES)
    tunnel = "tun0 000012C6 00000000 0001 0 0 0 0000FEFF 0 0 0"
    with pytest.raises(LinksError, match=r"reaches 198\.18\.0\.0/15 over tun0"):
        require_unrouted(WIRING.network, (*ROUTES, tunnel))

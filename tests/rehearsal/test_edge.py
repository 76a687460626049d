"""The edge's arithmetic, its configuration and the reading of its log."""

from __future__ import annotations

from collections import Counter
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processes.supervisor import ProcessError
from rehearsal.edge.config import Layout, SiteServer, render, size
from rehearsal.edge.log import EdgeLogError, Line, Tally, parse, tally
from tests.rehearsal.edge_world import gateway

LINES = st.builds(
    Line,
    at=st.integers(0, 2_000_000_000_000).map(lambda ms: ms / 1000),
    address=st.ip_addresses(network="127.0.0.0/8").map(str),
    host=st.sampled_from(["suzhou.suyun.example", ""]),
    status=st.sampled_from([200, 201, 401, 404, 499, 503]),
    request_ms=st.integers(0, 10_000_000),
    bytes_sent=st.integers(0, 2**40),
    completed=st.booleans(),
    route=st.sampled_from(["catalogue", "-"]),
)


def _written(line: Line) -> str:
    """As nginx writes it: nothing where there is no host, completion or route."""
    completion = "OK" if line.completed else ""
    route = "" if line.route == "-" else line.route
    seconds = f"{line.request_ms / 1000:.3f}"
    words = (f"{line.at:.3f}", line.address, line.host, str(line.status), seconds)
    return " ".join((*words, str(line.bytes_sent), completion, route))


@given(LINES)
def test_a_line_is_read_as_it_was_written(line: Line) -> None:
    assert parse(_written(line)) == line


@given(st.text(max_size=80))
def test_whatever_is_no_line_is_an_error_and_never_a_count(text: str) -> None:
    try:
        line = parse(text)
    except EdgeLogError:
        return
    assert text.count(" ") == 7
    assert line.bytes_sent == int(text.split(" ")[5])


@given(lines=st.lists(LINES, max_size=30), third=st.integers(0, 255))
def test_a_tally_counts_each_request_of_its_sources_once(
    lines: list[Line], third: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sources = IPv4Network(f"127.0.{third}.0/24")
    moved = [
        Line(**{**_fields(line), "address": f"127.0.{third}.{n}" if n % 2 else line.address})
        for n, line in enumerate(lines)
    ]
    file = tmp_path_factory.mktemp("log") / "access.log"
    file.write_text("".join(_written(line) + "\n" for line in moved))
    counted = tally([file], sources)
    mine = [line for line in moved if line.address.startswith(f"127.0.{third}.")]
    assert counted.completed + counted.aborted == len(mine)
    assert counted.by_status == Counter(line.status for line in mine if line.completed)
    assert counted.bytes_sent == sum(line.bytes_sent for line in mine)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=50), st.floats(0, 1, exclude_min=True))
def test_a_quantile_is_the_nearest_rank(milliseconds: list[int], ratio: float) -> None:
    counted = Tally(completed=len(milliseconds), request_ms=Counter(milliseconds))
    found = counted.quantile_ms(ratio)
    assert found in milliseconds
    assert sum(ms <= found for ms in milliseconds) >= ratio * len(milliseconds)
    assert sum(ms < found for ms in milliseconds) < ratio * len(milliseconds)


def test_both_families_are_counted_and_ipv6_apart(tmp_path: Path) -> None:
    line = "1764000000.123 {} suzhou.suyun.example 200 0.001 10 OK video\n"
    file = tmp_path / "access.log"
    file.write_text("".join(map(line.format, ("127.0.1.1", "::1", "::1", "::2", "127.0.2.1"))))
    counted = tally([file], IPv4Network("127.0.1.0/24"), IPv6Network("::1/128"))
    assert (counted.completed, counted.completed_ipv6) == (3, 2)


def test_a_torn_line_spoils_the_count(tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    file.write_text("1764000000.123 127.0.1.1 suzhou.suyun.example 200 0.0")
    with pytest.raises(EdgeLogError, match="5 fields, not 8"):
        tally([file], IPv4Network("127.0.0.0/8"))


@given(users=st.integers(0, 1_000_000), limit=st.integers(1100, 2_000_000))
def test_workers_hold_all_users_and_stay_within_the_limit(users: int, limit: int) -> None:
    sizing = size(users, limit)
    assert sizing.workers * sizing.connections * 0.75 >= users
    assert sizing.connections < sizing.open_files <= limit


def test_twenty_thousand_open_files_carry_twenty_thousand_users_on_two_workers() -> None:
    assert size(20_000, 20_000).workers == 2
    assert size(200_000, 20_000).workers == 15


def test_a_limit_without_room_for_users_is_told() -> None:
    with pytest.raises(ProcessError, match="may open only 1000 files") as caught:
        size(1, 1000)
    assert "ulimit" in caught.value.hint


def _layout(**changes: object) -> Layout:
    server = SiteServer(
        gateway=gateway("suzhou", **changes),
        listeners=("127.36.2.2:8443", "[::1]:20444"),
        certificate=Path("/run/s.crt"),
        key=Path("/run/s.key"),
    )
    return Layout(
        sites=(server,),
        upstreams=(Path("/run/0.sock"), Path("/run/1.sock")),
        status_socket=Path("/run/status.sock"),
        sizing=size(100, 20_000),
        as_root=False,
    )


def test_the_configuration_says_what_the_plan_says() -> None:
    text = render(_layout(idle_seconds=77, body_mib_max=3))
    for words in (
        "listen 127.36.2.2:8443 ssl;",
        "listen [::1]:20444 ssl default_server reuseport",
        "server_name suzhou.suyun.example;",
        "keepalive_timeout 77s;",
        "client_max_body_size 3m;",
        "location = /catalogue {",
        "location ^~ /catalogue/ {",
        'server "unix:/run/1.sock"',
        "ssl_protocols TLSv1.3;",
    ):
        assert words in text
    assert "user root" not in text


@pytest.mark.parametrize("hostname", ["a b", "x;", "{}", ""])
def test_a_host_name_that_nginx_would_misread_is_refused(hostname: str) -> None:
    with pytest.raises(ProcessError, match="cannot be a host name of the edge"):
        render(_layout(hostname=hostname))


def _fields(line: Line) -> dict[str, object]:
    return {name: getattr(line, name) for name in Line.__slots__}

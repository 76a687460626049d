"""The edge forwards what the plan says and nothing else, and counts it to the request."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import ssl
from collections.abc import Awaitable, Callable
from hashlib import sha256
from ipaddress import IPv6Network
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from evidence.records import EdgeRecord
from processes.supervisor import ProcessError, Supervisor
from province.audience import Persona, account, password
from province.objectives import Journey
from rehearsal.edge.edge import Edge
from rehearsal.platform.faults import Fault, Faults
from rehearsal.platform.files import FILE_BYTES
from tests.rehearsal.edge_world import (
    NETWORK,
    SECRET,
    SOURCES,
    Client,
    EdgeWorld,
    edge_world,
    gateway,
    new_edge,
)

pytestmark = pytest.mark.live
SITES = ("main", "suzhou")


def _with_world(act: Callable[[EdgeWorld], Awaitable[None]], users: int = 100) -> None:
    async def whole() -> None:
        async with edge_world(users) as world:
            await act(world)

    asyncio.run(whole())


async def _token(client: Client, persona: Persona = Persona.STUDENT) -> str:
    name = account("suzhou", persona, 0)
    login = json.dumps({"account": name, "password": password(SECRET, name)}).encode()
    status, _, body = await client.ask("/login", send=login)
    assert status == 200
    return str(json.loads(body)["token"])


def test_every_journey_goes_through_and_nothing_unplanned_does() -> None:
    async def act(world: EdgeWorld) -> None:
        client = Client(world)
        token = await _token(client)
        hand_in = b'{"course": 1, "text": "x"}'
        for target in ("/catalogue?page=2", "/courses/1", "/resources/1", "/gradebook"):
            status, headers, _ = await client.ask(target, token=token)
            assert status == 200
            assert headers["strict-transport-security"].startswith("max-age=")
        assert (await client.ask("/submissions", token=token, send=hand_in))[0] == 201
        assert (await client.ask("/management/school", token=token))[0] == 403
        received = (await world.platform.counters()).received
        for target in (
            "/",
            "/internal/counters",
            "/internal/segments/0",
            "/internal/resources/0",
            "/catalogue/../internal/counters",
            "/catalogue/%2e%2e/internal/counters",
            "//internal/counters",
            "/loginx",
            "/status",
        ):
            assert (await client.ask(target, token=token))[0] == 404, target
        assert (await client.ask("/catalogue", token=token, host="elsewhere.example"))[0] == 404
        assert (await world.platform.counters()).received == received
        await client.close()

    _with_world(act)


def test_a_file_comes_whole_with_its_hash_and_only_to_those_who_may_have_it() -> None:
    async def act(world: EdgeWorld) -> None:
        client = Client(world)
        token = await _token(client)
        kinds = {"/videos/7/1": "video/mp4", "/resources/7": "application/octet-stream"}
        for target, kind in kinds.items():
            status, headers, body = await client.ask(target, token=token)
            assert (status, len(body)) == (200, FILE_BYTES)
            assert headers["etag"] == f'"{sha256(body).hexdigest()}"'
            assert headers["content-type"] == kind
            assert headers["cache-control"] == "private, max-age=3600"
            assert headers["x-content-type-options"] == "nosniff"
            assert "x-accel-redirect" not in headers
            assert (await client.ask(target))[0] == 401
        assert (await client.ask("/videos/7/64", token=token))[0] == 404
        assert (await client.ask("/resources/3001", token=token))[0] == 404
        record = await world.edge.count(SOURCES, platform_requests=0)
        assert record.by_route == {"login": 1, "videos": 3, "resources": 3}
        await client.close()

    _with_world(act)


def test_a_detour_through_the_internal_path_does_not_reach_it() -> None:
    async def act(world: EdgeWorld) -> None:
        client = Client(world)
        status, _, body = await client.ask("/internal/../catalogue/../internal/counters")
        assert (status, b"received" in body) == (404, False)
        status, _, body = await client.ask("/internal/counters/../../catalogue/")
        assert (status, b"received" in body) == (404, False)
        await client.close()

    _with_world(act)


def test_a_body_beyond_the_plan_is_413() -> None:
    async def act(world: EdgeWorld) -> None:
        client = Client(world)
        await client.connect()
        await client.begin("/submissions", send=b"x" * (1024 * 1024 + 1))
        assert (await client.answer())[0] == 413
        await client.close()

    _with_world(act)


def test_tls_before_1_3_and_clear_text_are_refused() -> None:
    async def act(world: EdgeWorld) -> None:
        address, port = world.edge.addresses["main.suyun.example"]
        old = world.context()
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection(
                address, port, ssl=old, server_hostname="main.suyun.example"
            )
        reader, writer = await asyncio.open_connection(address, port)
        writer.write(b"GET /catalogue HTTP/1.1\r\nHost: main.suyun.example\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 400")
        writer.close()

    _with_world(act)


def test_the_counts_agree_to_the_request_under_a_burst() -> None:
    users, requests = 60, 21

    async def user(client: Client, token: str) -> int:
        answered = 0
        for number in range(requests):
            target = ("/catalogue?page=1", "/videos/1/0", "/nowhere")[number % 3]
            answered += (await client.ask(target, token=token))[0] in {200, 404}
        await client.close()
        return answered

    async def act(world: EdgeWorld) -> None:
        other = Client(world, source="127.36.201.1")
        token = await _token(other)
        await other.close()
        clients = [Client(world, source=f"127.36.200.{n + 1}") for n in range(users)]
        answered = sum(await asyncio.gather(*(user(client, token) for client in clients)))
        received = (await world.platform.counters()).received
        record = await world.edge.count(SOURCES, platform_requests=received)
        assert record.completed == answered == users * requests
        assert record.aborted == 0
        assert record.by_status == {"200": users * 14, "404": users * 7}
        assert record.by_route == {"catalogue": users * 7, "videos": users * 7, "-": users * 7}
        assert record.platform_requests == 1 + users * 14
        assert users * 7 * 65_536 < record.bytes_sent < users * 7 * 65_536 * 1.5
        everybody = await world.edge.count(NETWORK, platform_requests=received)
        assert everybody.completed == answered + 1

    _with_world(act)


def test_a_site_is_reached_over_ipv6_by_its_own_port_and_counted() -> None:
    async def act(world: EdgeWorld) -> None:
        main, suzhou = (Client(world, f"{site}.suyun.example", ipv6=True) for site in SITES)
        token = await _token(suzhou)
        assert (await suzhou.ask("/catalogue", token=token))[0] == 200
        assert (await main.ask("/catalogue", token=token, host=suzhou.host))[0] == 404
        over_ipv4 = Client(world)
        assert (await over_ipv4.ask("/catalogue", token=token))[0] == 200
        for client in (main, suzhou, over_ipv4):
            await client.close()
        record = await world.edge.count(SOURCES, IPv6Network("::1/128"), platform_requests=3)
        assert (record.completed, record.completed_ipv6) == (4, 3)
        assert record.sources == f"{SOURCES}, ::1/128"

    _with_world(act)


def test_clients_that_leave_are_counted_apart() -> None:
    leaving = 15

    async def act(world: EdgeWorld) -> None:
        client = Client(world)
        token = await _token(client)
        stalled = Faults(journeys={Journey.CATALOGUE: Fault(stalled=True)})
        await world.platform.set_faults(stalled)
        clients = [Client(world) for _ in range(leaving)]
        for one in clients:
            await one.connect()
            await one.begin("/catalogue", token=token)
        while (await world.platform.counters()).received < 1 + leaving:
            await asyncio.sleep(0.05)
        for one in clients:
            one.abort()
        record = await _when_ended(world, 1 + leaving)
        assert (record.completed, record.aborted) == (1, leaving)
        assert record.by_status == {"200": 1}
        await client.close()

    _with_world(act)


async def _when_ended(world: EdgeWorld, requests: int) -> EdgeRecord:
    """The edge sees a client leave a moment after it left."""
    while True:
        record = await world.edge.count(SOURCES, platform_requests=0)
        if record.completed + record.aborted >= requests:
            return record
        await asyncio.sleep(0.05)


def test_faults_of_the_platform_are_seen_at_the_edge() -> None:
    async def act(world: EdgeWorld) -> None:
        client = Client(world)
        token = await _token(client)
        faults = {
            Journey.COURSE: Fault(error_ratio=1),
            Journey.CATALOGUE: Fault(delay_ms=300),
        }
        await world.platform.set_faults(Faults(journeys=faults))
        assert (await client.ask("/courses/1", token=token))[0] == 503
        assert (await client.ask("/catalogue", token=token))[0] == 200
        record = await world.edge.count(SOURCES, platform_requests=0)
        assert record.by_status == {"200": 2, "503": 1}
        assert record.request_ms_max >= 300
        await client.close()

    _with_world(act)


def test_users_are_spread_over_the_workers_and_the_peak_is_seen() -> None:
    async def act(world: EdgeWorld) -> None:
        clients = [Client(world, source=f"127.36.200.{n % 8 + 1}") for n in range(400)]
        for client in clients:
            await client.connect()
        assert world.edge._running is not None
        workers = psutil.Process(world.edge._running.pid).children()
        held = [len(worker.net_connections("tcp")) for worker in workers]
        assert len(held) >= 2
        assert min(held) > 400 / len(held) * 0.7
        async with asyncio.timeout(30):
            while world.edge.connections_peak < 400:
                await asyncio.sleep(0.1)
        assert (await world.edge.count(SOURCES, platform_requests=0)).connections_peak == 400
        for client in clients:
            await client.close()

    _with_world(act, users=400)


def test_a_reload_brings_new_certificates_and_goes_on_counting() -> None:
    async def act(world: EdgeWorld) -> None:
        before = Client(world)
        await before.ask("/catalogue")
        await world.edge.reload()
        after = Client(world)
        await after.ask("/catalogue")
        assert before.writer is not None
        assert after.writer is not None
        first, second = (
            client.writer.get_extra_info("ssl_object").getpeercert()["serialNumber"]
            for client in (before, after)
        )
        assert first != second
        assert (await world.edge.count(SOURCES, platform_requests=2)).completed == 2
        await before.close()
        await after.close()

    _with_world(act)


def test_a_dead_edge_is_an_error_and_not_a_count() -> None:
    async def act(world: EdgeWorld) -> None:
        assert world.edge._running is not None
        os.kill(world.edge._running.pid, signal.SIGKILL)
        await world.edge._running.wait()
        with pytest.raises(ProcessError, match="nginx ended with status -9"):
            await world.edge.count(SOURCES, platform_requests=0)

    _with_world(act)


def _refusal(make: Callable[[Path, Supervisor], Edge]) -> ProcessError:
    async def act() -> ProcessError:
        with TemporaryDirectory() as short:
            async with Supervisor(Path(short) / "s") as supervisor:
                with pytest.raises(ProcessError) as caught:
                    await make(Path(short), supervisor).start()
                return caught.value

    return asyncio.run(act())


def test_a_missing_nginx_is_told_with_the_way_to_get_it() -> None:
    error = _refusal(lambda f, s: new_edge(f, s, (), binary=Path("/nowhere/nginx")))
    assert "nginx" in error.cause
    assert error.hint


def test_a_taken_address_is_told_with_its_holder() -> None:
    with socket.create_server(("127.36.1.2", 8443)):
        error = _refusal(lambda f, s: new_edge(f, s, ()))
    assert f"127.36.1.2:8443 is in use by process {os.getpid()}" in error.cause


def test_more_users_than_the_plan_holds_are_refused() -> None:
    error = _refusal(lambda f, s: new_edge(f, s, (), users=20_001))
    assert "hold 20,000 connections, not 20,001" in error.cause


def test_what_nginx_refuses_is_told_in_its_words() -> None:
    twice = gateway("main").routes[0]
    broken = (gateway("main", routes=(twice, twice)),)
    error = _refusal(lambda f, s: new_edge(f, s, (f / "x.sock",), broken))
    assert 'duplicate location "/login"' in error.cause

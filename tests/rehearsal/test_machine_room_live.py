from __future__ import annotations

import asyncio
import dataclasses
import http.client
import ssl
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

import pytest

from evidence.records import BootRecord
from processes.leftovers import leftovers
from processes.ports import require_free
from processes.supervisor import Supervisor
from rehearsal.machine_room.commands import PROGRAMS
from rehearsal.machine_room.layout import ETCD_CLIENT_PORT, PORTS
from rehearsal.machine_room.room import StandingSite
from tests import binaries
from tests.processes.conftest import until
from tests.rehearsal.room_world import NETWORK, Caller, assets, plans, room

pytestmark = [pytest.mark.live, pytest.mark.slow]

PLANS = plans(2)
LISTENERS = [(f"127.33.{i + 1}.1", port) for i in range(len(PLANS)) for port in PORTS]


@pytest.fixture(scope="module")
def tools() -> Mapping[str, Path]:
    return binaries.require(*PROGRAMS)


class Standing:
    """Two sites that stand, and their administrators."""

    def __init__(
        self, sites: tuple[StandingSite, ...], records: list[BootRecord], scratch: Path
    ) -> None:
        self.sites = sites
        self.records = records
        self.main, self.suzhou = (Caller.of(site.kubeconfig, scratch) for site in sites)


@pytest.fixture(scope="module")
def standing(
    tools: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Standing]:
    folder = tmp_path_factory.mktemp("standing")
    records: list[BootRecord] = []
    supervisor = Supervisor(folder / "owner")
    made = room(folder, supervisor, tools, NETWORK, assets())
    with asyncio.Runner() as runner:
        runner.run(supervisor.__aenter__())
        try:
            sites = runner.run(made.boot(PLANS, records.append))
            yield Standing(sites, records, folder)
            runner.run(made.stop())
            require_free(LISTENERS)
            assert leftovers(folder / "owner") == ()
            assert not list(folder.glob("room/*/pki"))
            assert not list(folder.glob("room/*/kubeconfig"))
        finally:
            runner.run(supervisor.__aexit__(None, None, None))


def test_every_site_is_ready_and_measured(standing: Standing) -> None:
    assert [site.site for site in standing.sites] == ["main", "suzhou"]
    assert sorted(record.site for record in standing.records) == ["main", "suzhou"]
    for record in standing.records:
        assert record.nodes_ready == record.nodes_planned == 3
        assert record.nodes_simulated
        assert 100 < record.memory_mib < 2000
    for site in standing.sites:
        assert site.kubeconfig.stat().st_mode & 0o777 == 0o600
    for caller in (standing.main, standing.suzhou):
        assert caller.call("/readyz") == (200, b"ok")
        assert caller.call("/version")[1]["gitVersion"] == f"v{PLANS[0].kubernetes_version}"


def test_another_sites_authority_is_not_trusted(standing: Standing) -> None:
    misled = dataclasses.replace(standing.main, authority=standing.suzhou.authority)
    with pytest.raises(ssl.SSLCertVerificationError):
        misled.call("/readyz")


def test_another_sites_certificate_and_none_are_refused(standing: Standing) -> None:
    stranger = dataclasses.replace(
        standing.main, certificate=standing.suzhou.certificate, key=standing.suzhou.key
    )
    nobody = dataclasses.replace(standing.main, certificate=None, key=None)
    for caller in (stranger, nobody):
        assert caller.call("/readyz")[0] == 401
        assert caller.call("/api/v1/secrets")[0] == 401


def test_plain_text_is_refused_everywhere(standing: Standing) -> None:
    for port in PORTS:
        connection = http.client.HTTPConnection(standing.main.address, port, timeout=10)
        try:
            connection.request("GET", "/healthz")
            assert connection.getresponse().status == 400
        except (http.client.HTTPException, ConnectionError):
            pass  # the connection was ended without an answer
        finally:
            connection.close()


def test_etcd_takes_no_certificate_of_kubernetes(standing: Standing) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        standing.main.call("/health", port=ETCD_CLIENT_PORT)


def test_nodes_are_ready_with_labels_and_taints(standing: Standing) -> None:
    status, nodes = standing.main.call("/api/v1/nodes")
    assert status == 200
    found = {node["metadata"]["name"]: node for node in nodes["items"]}
    assert sorted(found) == sorted(node.name for node in PLANS[0].nodes)
    for planned in PLANS[0].nodes:
        node = found[planned.name]
        assert planned.labels.items() <= node["metadata"]["labels"].items()
        taints = [t["effect"] for t in node["spec"].get("taints", ())]
        assert taints == (["NoSchedule"] if planned.taint else [])
        assert node["status"]["capacity"]["cpu"] == str(planned.cpu_cores)


def create(caller: Caller, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    status, answer = caller.call(path, "POST", body)
    assert status == 201, answer
    found: dict[str, Any] = answer
    return found


def deployment(replicas: int) -> dict[str, Any]:
    labels = {"app": "try"}
    container = {"name": "try", "image": "registry.example/try@sha256:" + "0" * 64}
    tolerations = [{"operator": "Exists"}]
    return {
        "metadata": {"name": "try"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [container], "tolerations": tolerations},
            },
        },
    }


def test_deployment_becomes_available_on_the_simulated_nodes(standing: Standing) -> None:
    path = "/apis/apps/v1/namespaces/default/deployments"
    create(standing.suzhou, path, deployment(replicas=6))
    until(
        lambda: standing.suzhou.call(f"{path}/try")[1]["status"].get("availableReplicas") == 6,
        60,
    )
    _, pods = standing.suzhou.call("/api/v1/namespaces/default/pods")
    assert {pod["spec"]["nodeName"] for pod in pods["items"]} <= {n.name for n in PLANS[1].nodes}
    assert len({pod["status"]["podIP"] for pod in pods["items"]}) == 6


def test_services_are_dual_stack_within_the_plan(standing: Standing) -> None:
    spec = {"ports": [{"port": 80}], "ipFamilyPolicy": "RequireDualStack"}
    body = {"metadata": {"name": "try"}, "spec": spec}
    made = create(standing.main, "/api/v1/namespaces/default/services", body)
    services = PLANS[0].addresses.services
    ipv4, ipv6 = made["spec"]["clusterIPs"]
    assert IPv4Address(ipv4) in services.ipv4
    assert IPv6Address(ipv6) in services.ipv6


def test_gateways_are_known(standing: Standing) -> None:
    status, answer = standing.main.call("/apis/gateway.networking.k8s.io/v1/gateways")
    assert (status, answer["kind"]) == (200, "GatewayList")


def test_secrets_lie_encrypted_and_calls_are_audited(standing: Standing) -> None:
    body = {"metadata": {"name": "try"}, "stringData": {"word": "open-sesame-33"}}
    create(standing.main, "/api/v1/namespaces/default/secrets", body)
    folder = standing.sites[0].kubeconfig.parent
    kept = b"".join(file.read_bytes() for file in (folder / "etcd").rglob("*") if file.is_file())
    assert b"/registry/secrets/default/try" in kept
    assert b"open-sesame-33" not in kept
    log = folder / "logs" / "audit.log"
    until(lambda: '"namespace":"default","name":"try"' in log.read_text(), 60)
    assert "open-sesame-33" not in log.read_text()

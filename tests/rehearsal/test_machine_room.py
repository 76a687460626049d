from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import socket
from ipaddress import IPv4Network
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from cryptography import x509

from processes.supervisor import Command, ProcessError, Supervisor
from rehearsal.machine_room import daemon, objects
from rehearsal.machine_room.access import SiteAccess, grant
from rehearsal.machine_room.commands import PROGRAMS, ControlPlaneCommands
from rehearsal.machine_room.diagnosis import ended
from rehearsal.machine_room.layout import PORTS, SiteLayout, lay_out
from rehearsal.machine_room.memory import pss_mib
from rehearsal.machine_room.queueing import QueueAssets, QueueSetups
from rehearsal.machine_room.room import MachineRoom
from rehearsal.machine_room.status import RoomStatus, room_folder, status_file
from tests.rehearsal.room_world import NETWORK, plans

STAGE = "apiVersion: kwok.x-k8s.io/v1alpha1\nkind: Stage\nmetadata: {name: a-stage}\n"
DEFINITION = "kind: CustomResourceDefinition\nmetadata: {name: a.example.org}\nstatus: {x: 1}\n"


def site(folder: Path) -> SiteLayout:
    return lay_out(folder, ("main",), NETWORK)[0]


def test_each_site_has_an_address_of_its_own(tmp_path: Path) -> None:
    layouts = lay_out(tmp_path, tuple(f"site-{i}" for i in range(14)), IPv4Network("127.20.0.0/16"))
    assert [layout.address for layout in layouts][:2] == ["127.20.1.1", "127.20.2.1"]
    assert layouts[13].address == "127.20.14.1"
    assert len({pair for layout in layouts for pair in layout.listeners()}) == 14 * len(PORTS)


def test_too_many_sites_for_the_network_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match="2 sites do not fit"):
        lay_out(tmp_path, ("a", "b"), IPv4Network("127.33.0.0/23"))


def test_secrets_are_for_their_owner_alone(tmp_path: Path) -> None:
    layout = site(tmp_path)
    layout.folder.mkdir()
    grant(layout, plans(1)[0].addresses.services.ipv4)
    public = set(layout.folder.rglob("*.crt"))
    private = {file for file in layout.folder.rglob("*") if file.is_file()} - public
    assert len(private) > 10
    assert {file.stat().st_mode & 0o777 for file in private} == {0o600}


def test_sites_and_etcd_trust_authorities_of_their_own(tmp_path: Path) -> None:
    services = plans(1)[0].addresses.services.ipv4
    layouts = lay_out(tmp_path, ("main", "suzhou"), NETWORK)
    accesses = [grant(layout, services) for layout in layouts]
    files = [file for a in accesses for file in (a.authority, a.etcd_authority)]
    keys = {
        x509.load_pem_x509_certificate(file.read_bytes()).public_key().public_numbers()  # type: ignore[union-attr]  # ours are EC keys
        for file in files
    }
    assert len(keys) == 4


def test_the_key_of_secrets_is_made_anew_each_time(tmp_path: Path) -> None:
    services = plans(1)[0].addresses.services.ipv4
    texts = {grant(site(tmp_path), services).encryption.read_text() for _ in range(2)}
    assert len(texts) == 2
    assert all("secretbox" in text for text in texts)


def commands(folder: Path) -> dict[str, Command]:
    plan, layout = plans(1)[0], site(folder)
    access: SiteAccess = grant(layout, plan.addresses.services.ipv4)
    made = ControlPlaneCommands(
        layout=layout,
        access=access,
        addresses=plan.addresses,
        binaries={program: Path("/bin") / program for program in PROGRAMS},
        kwok_config=folder / "kwok.yaml",
        go_threads=1,
    )
    every = (
        made.etcd(),
        made.api_server(),
        made.controller_manager(),
        made.scheduler(),
        made.kwok(),
    )
    return dict(zip(PROGRAMS, every, strict=True))


def test_nothing_skips_verification_or_speaks_plainly(tmp_path: Path) -> None:
    for command in commands(tmp_path).values():
        text = " ".join(command.argv)
        assert "insecure" not in text
        assert "http://" not in text
        assert "=0.0.0.0" not in text


def queue_assets(folder: Path, role: str) -> QueueAssets:
    folder.mkdir()
    (folder / "workloads.yaml").write_text(DEFINITION)
    (folder / "role.yaml").write_text(role)
    return QueueAssets(definitions=folder, role=folder)


def test_a_queue_controller_gets_its_projects_role_and_the_manager_the_ways(tmp_path: Path) -> None:
    role = "kind: ClusterRole\nmetadata: {name: x}\nrules: [{verbs: [get]}]\n"
    setups = QueueSetups.read(queue_assets(tmp_path / "a", role), tmp_path / "kueue.json")
    worker = dict(setups.of_worker().objects)
    manager = dict(setups.of_manager({"suzhou": b"the way"}).objects)
    roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles/"
    assert json.loads(worker[f"{roles}suyun-kueue"])["rules"] == [{"verbs": ["get"]}]
    dispatch = json.loads(worker[f"{roles}suyun-dispatch"])["rules"]
    assert {name for rule in dispatch for name in rule["resources"]} == {
        *("jobs", "jobs/status", "workloads", "workloads/status")
    }
    assert f"{roles}suyun-dispatch" not in manager
    secret = json.loads(manager["/api/v1/namespaces/kueue-system/secrets/multikueue-suzhou"])
    assert base64.b64decode(secret["data"]["kubeconfig"]) == b"the way"
    configuration = json.loads((tmp_path / "kueue.json").read_text())
    assert configuration["metrics"] == {"bindAddress": "0"}


def test_a_folder_without_a_role_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match="holds no role"):
        QueueSetups.read(queue_assets(tmp_path / "a", "kind: Role\n"), tmp_path / "kueue.json")


def test_queues_need_their_binary(tmp_path: Path) -> None:
    room = MachineRoom(tmp_path, Supervisor(tmp_path), {}, stages=tmp_path, crds=())
    assets = QueueAssets(definitions=tmp_path, role=tmp_path)
    with pytest.raises(ProcessError, match="no binary is given for kueue"):
        asyncio.run(room.start_queues(assets, "main", ("suzhou",)))


def test_api_server_serves_the_plans_addresses(tmp_path: Path) -> None:
    addresses = plans(1)[0].addresses
    argv = commands(tmp_path)["kube-apiserver"].argv
    ipv4, ipv6 = addresses.services.ipv4, addresses.services.ipv6
    assert f"--service-cluster-ip-range={ipv4},{ipv6}" in argv
    assert f"--advertise-address={addresses.control_plane}" in argv
    assert "--authorization-mode=Node,RBAC" in argv
    assert "--anonymous-auth=false" in argv


def test_nodes_are_as_the_plan_has_them() -> None:
    plan = plans(1, nodes=30)[0]
    nodes = [json.loads(body) for body in objects.node_bodies(plan)]
    assert [node["metadata"]["name"] for node in nodes] == [node.name for node in plan.nodes]
    for node, planned in zip(nodes, plan.nodes, strict=True):
        assert planned.labels.items() <= node["metadata"]["labels"].items()
        assert node["metadata"]["annotations"] == {"kwok.x-k8s.io/node": "fake"}
        assert node["status"]["allocatable"] == {
            "cpu": str(planned.cpu_cores),
            "memory": f"{planned.memory_gib}Gi",
            "pods": str(planned.pods_max),
        }
    addresses = [a["address"] for n in nodes for a in n["status"]["addresses"]]
    assert len(set(addresses)) == len(addresses)
    assert str(plan.addresses.control_plane) not in addresses
    prefixes = [prefix for node in nodes for prefix in node["spec"]["podCIDRs"]]
    assert len(set(prefixes)) == 2 * len(nodes)


@pytest.mark.parametrize(
    ("taint", "wanted"),
    [
        (None, []),
        ("pool=edge:NoSchedule", [{"key": "pool", "value": "edge", "effect": "NoSchedule"}]),
        ("a/b:NoExecute", [{"key": "a/b", "value": "", "effect": "NoExecute"}]),
    ],
)
def test_taints_are_read_as_kubectl_writes_them(
    taint: str | None, wanted: list[dict[str, str]]
) -> None:
    assert objects._taints(taint) == wanted


def test_definitions_are_read_once_and_without_status(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(DEFINITION + "---\nkind: Namespace\n---\n" + DEFINITION)
    (definition,) = objects.read_definitions([tmp_path])
    assert definition.name == "a.example.org"
    assert "status" not in json.loads(definition.body)


def test_folders_without_what_they_should_hold_are_named(tmp_path: Path) -> None:
    for read in (lambda: objects.read_definitions([tmp_path]), lambda: _stages(tmp_path)):
        with pytest.raises(ProcessError, match=re.escape(str(tmp_path))) as refused:
            read()
        assert refused.value.hint


def _stages(folder: Path) -> str:
    return objects.kwok_configuration(folder)


def stages(folder: Path) -> Path:
    for name in ("node/fast", "node/heartbeat-with-lease", "pod/fast"):
        (folder / name).mkdir(parents=True)
        (folder / name / "stage.yaml").write_text(STAGE)
        (folder / name / "kustomization.yaml").write_text("kind: Kustomization\n")
    return folder


def test_the_pods_of_a_job_run_for_a_while(tmp_path: Path) -> None:
    folder = tmp_path / "pod" / "fast"
    folder.mkdir(parents=True)
    (folder / "pod-complete.yaml").write_text(f"{STAGE}spec:\n  next:\n    statusTemplate: text\n")
    (folder / "pod-ready.yaml").write_text(f"{STAGE}spec:\n  next: {{}}\n")
    found = [*yaml.safe_load_all(objects.kwok_configuration(tmp_path))]
    assert [stage["spec"].get("delay") for stage in found] == [{"durationMilliseconds": 3000}, None]
    assert found[0]["spec"]["next"] == {"statusTemplate": "text"}


def test_kwok_gets_every_stage_and_nothing_else(tmp_path: Path) -> None:
    text = objects.kwok_configuration(stages(tmp_path))
    assert text.count("kind: Stage") == 3
    assert "Kustomization" not in text


def room(folder: Path, supervisor: Supervisor, binary: str = "/bin/false") -> MachineRoom:
    definitions = folder / "crds"
    definitions.mkdir()
    (definitions / "a.yaml").write_text(DEFINITION)
    return MachineRoom(
        folder / "room",
        supervisor,
        {program: Path(binary) for program in PROGRAMS},
        stages=stages(folder / "stages"),
        crds=(definitions,),
        network=NETWORK,
    )


def boot(folder: Path, binary: str = "/bin/false") -> ProcessError:
    async def scene() -> None:
        async with Supervisor(folder / "owner") as supervisor:
            booting = room(folder, supervisor, binary)
            try:
                await booting.boot(plans(2), lambda _: None)
            finally:
                assert booting.pids() == ()

    with pytest.raises(ProcessError) as failed:
        asyncio.run(scene())
    return failed.value


def test_held_port_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.33.2.1", 6443)):
        error = boot(tmp_path)
    assert f"127.33.2.1:6443 is in use by process {os.getpid()}" in error.cause
    assert not (tmp_path / "room").exists()


def test_program_that_ends_is_named_with_its_site(tmp_path: Path) -> None:
    error = boot(tmp_path)
    assert re.match(r"(main|suzhou): etcd ended \(1\)", error.cause)
    assert "doctor" in error.hint


def test_program_that_is_no_program_is_named(tmp_path: Path) -> None:
    error = boot(tmp_path, "/nowhere/etcd")
    assert "etcd cannot be started" in error.cause
    assert "/nowhere/etcd" in error.cause


def test_full_disk_is_told_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=2**20))
    error = boot(tmp_path)
    assert "2 control planes need 400 MiB of disk" in error.cause
    assert "disk space" in error.hint


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("write /x: No space left on device", "disk space"),
        ("bind: address already in use", "room stop"),
        ("something else", "whole log"),
    ],
)
def test_the_log_of_a_crash_gives_cause_and_hint(tmp_path: Path, words: str, hint: str) -> None:
    async def scene() -> ProcessError:
        async with Supervisor(tmp_path) as supervisor:
            crashing = Command(
                name="suzhou: etcd",
                argv=("/bin/bash", "-c", f"echo {words}; kill -9 $$"),
                log=tmp_path / "etcd.log",
            )
            running = await supervisor.start(crashing)
            await running.wait()
            return ended(running)

    error = asyncio.run(scene())
    assert "suzhou: etcd was ended by signal 9" in error.cause
    assert words in error.cause
    assert hint in error.hint


def test_memory_of_this_process_is_seen_and_of_none_is_nothing() -> None:
    assert pss_mib([os.getpid()]) > 5
    assert pss_mib([2**22 + 1]) == 0


def test_status_is_known_only_while_its_process_lives(tmp_path: Path) -> None:
    assert daemon.status(tmp_path) is None
    room_folder(tmp_path).mkdir()
    own, file = RoomStatus.mine(planned=3), status_file(tmp_path)
    file.write(own)
    assert daemon.status(tmp_path) == own
    file.write(own.model_copy(update={"started": own.started - 1}))
    assert daemon.status(tmp_path) is None
    assert file.read() is not None
    (room_folder(tmp_path) / "room.json").write_text("{")
    assert daemon.status(tmp_path) is None
    file.forget()
    assert file.read() is None


def test_waiting_for_a_failed_room_tells_its_cause(tmp_path: Path) -> None:
    room_folder(tmp_path).mkdir()
    failed = RoomStatus.mine(planned=3, state="failed", cause="no etcd", hint="get one")
    status_file(tmp_path).write(failed)
    with pytest.raises(ProcessError) as error:
        asyncio.run(daemon.wait_ready(tmp_path, lambda *_: None))
    assert (error.value.cause, error.value.hint) == ("no etcd", "get one")


def test_waiting_for_no_room_says_so(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match="process ended"):
        asyncio.run(daemon.wait_ready(tmp_path, lambda *_: None))


def test_stopping_no_room_is_no_error(tmp_path: Path) -> None:
    assert daemon.stop(tmp_path) is False

"""Small site plans, a machine room on the tests' own network, and ways to speak with it."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from infra.plan.fleet import plan_fleet
from infra.plan.values import SitePlan
from processes.supervisor import Supervisor
from rehearsal.machine_room.layout import API_PORT
from rehearsal.machine_room.room import MachineRoom
from rehearsal.machine_room.serve import ASSETS
from rehearsal.toolchain.pins import CRDS
from rehearsal.toolchain.toolchain import Toolchain
from release.workspace import Workspace
from tests import worlds

NETWORK = IPv4Network("127.33.0.0/17")
OTHER_NETWORK = IPv4Network("127.33.128.0/17")
"""For a room beside the one that a whole file of tests shares."""


def plans(sites: int, nodes: int = 3) -> tuple[SitePlan, ...]:
    """The first sites of the small province, with that many nodes each."""
    whole = plan_fleet(worlds.small(), "rehearsal").sites[:sites]
    return tuple(dataclasses.replace(plan, nodes=plan.nodes[:nodes]) for plan in whole)


def assets() -> Mapping[str, Path]:
    """KWOK's stages, the Gateway API's and Cluster API's definitions, from the toolchain."""

    async def found(folder: Path) -> Mapping[str, Path]:
        async with Supervisor(folder) as supervisor:
            toolchain = Toolchain(Workspace.here().cache, supervisor)
            return await toolchain.assets(ASSETS)

    with TemporaryDirectory() as folder:
        return asyncio.run(found(Path(folder)))


def room(
    folder: Path,
    supervisor: Supervisor,
    tools: Mapping[str, Path],
    network: IPv4Network,
    found: Mapping[str, Path],
) -> MachineRoom:
    """A room of the real tools with the assets that were found, in `folder/room`."""
    return MachineRoom(
        folder / "room",
        supervisor,
        tools,
        stages=found["kwok-stages"],
        crds=tuple(found[name] for name in CRDS),
        network=network,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Somebody who speaks with an API server, with what a kubeconfig gives."""

    address: str
    authority: str
    certificate: Path | None
    key: Path | None

    @classmethod
    def of(cls, kubeconfig: Path, scratch: Path) -> Caller:
        """The administrator of that kubeconfig; the key is written into `scratch`."""
        content = json.loads(kubeconfig.read_text())
        cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
        files = {}
        for name in ("client-certificate", "client-key"):
            files[name] = scratch / f"{kubeconfig.parent.name}-{name}.pem"
            files[name].write_bytes(base64.b64decode(user[f"{name}-data"]))
        return cls(
            address=cluster["server"].removeprefix("https://").rpartition(":")[0],
            authority=base64.b64decode(cluster["certificate-authority-data"]).decode(),
            certificate=files["client-certificate"],
            key=files["client-key"],
        )

    def call(
        self, path: str, method: str = "GET", body: object = None, port: int = API_PORT
    ) -> tuple[int, Any]:
        """Status and answer; JSON when it is. Raises ssl.SSLError as TLS has it."""
        context = ssl.create_default_context(cadata=self.authority)
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.key)
        connection = http.client.HTTPSConnection(self.address, port, timeout=20, context=context)
        try:
            text = None if body is None else json.dumps(body)
            kind = "merge-patch+json" if method == "PATCH" else "json"
            connection.request(method, path, text, {"Content-Type": f"application/{kind}"})
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        return response.status, json.loads(content) if content.startswith(b"{") else content

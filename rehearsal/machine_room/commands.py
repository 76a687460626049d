"""How each program of a control plane is started: flags, and why they are so.

What differs from production is named: etcd does not wait for the disk (`--unsafe-no-fsync`), since
a room is thrown away at its end, and then no program is ended in order; programs that need no
leader do not elect one; nodes report every 40 seconds instead of every 10, which is most of what
an idle room costs.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.plan.values import AddressPlan
from processes.supervisor import Command
from rehearsal.machine_room.access import SiteAccess
from rehearsal.machine_room.layout import (
    API_PORT,
    CONTROLLER_MANAGER_PORT,
    ETCD_CLIENT_PORT,
    ETCD_PEER_PORT,
    SCHEDULER_PORT,
    SiteLayout,
)

ETCD = "etcd"
API_SERVER = "kube-apiserver"
CONTROLLER_MANAGER = "kube-controller-manager"
SCHEDULER = "kube-scheduler"
KWOK = "kwok"
PROGRAMS = (ETCD, API_SERVER, CONTROLLER_MANAGER, SCHEDULER, KWOK)
KUEUE = "kueue"
"""Not one of every site's: it is started where jobs are queued."""

NODE_ANNOTATION = "kwok.x-k8s.io/node"
_LEASE_SECONDS = 160
"""KWOK renews a node's lease at a quarter of this."""
_NODE_GRACE_SECONDS = 200
"""After which a silent node is NotReady; five renewals, as Kubernetes' own defaults have it."""
_ETCD_REVISIONS_KEPT = 1000
_GOGC = "200"
"""Go's collector runs when the heap is three times what lived, not twice. At 400, a boot took a
tenth less processor time and 0.4 GiB more a site, too much for 14."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ControlPlaneCommands:
    """The commands of one site, from its layout, its access and its addresses.

    `go_threads` bounds what one program uses at a time (GOMAXPROCS): with many more programs than
    cores, one thread each takes a fifth less CPU to boot than the default.
    """

    layout: SiteLayout
    access: SiteAccess
    addresses: AddressPlan
    binaries: Mapping[str, Path]
    kwok_config: Path
    go_threads: int

    def etcd(self) -> Command:
        """The store: one member, TLS for clients and peers, both with certificates."""
        client = f"https://{self.layout.address}:{ETCD_CLIENT_PORT}"
        peer = f"https://{self.layout.address}:{ETCD_PEER_PORT}"
        pair, authority = self.access.etcd, self.access.etcd_authority
        return self._command(
            ETCD,
            f"--name={self.layout.site}",
            f"--data-dir={self.layout.data}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster={self.layout.site}={peer}",
            f"--cert-file={pair.certificate}",
            f"--key-file={pair.key}",
            f"--trusted-ca-file={authority}",
            "--client-cert-auth",
            f"--peer-cert-file={pair.certificate}",
            f"--peer-key-file={pair.key}",
            f"--peer-trusted-ca-file={authority}",
            "--peer-client-cert-auth",
            "--unsafe-no-fsync",
            f"--snapshot-count={_ETCD_REVISIONS_KEPT}",
            "--log-level=warn",
        )

    def api_server(self) -> Command:
        """The API server: certificates only, no anonymous caller, secrets encrypted, audited."""
        access, address = self.access, self.layout.address
        return self._command(
            API_SERVER,
            f"--bind-address={address}",
            f"--secure-port={API_PORT}",
            f"--advertise-address={self.addresses.control_plane}",
            f"--etcd-servers=https://{address}:{ETCD_CLIENT_PORT}",
            f"--etcd-cafile={access.etcd_authority}",
            f"--etcd-certfile={access.etcd_client.certificate}",
            f"--etcd-keyfile={access.etcd_client.key}",
            f"--tls-cert-file={access.api.certificate}",
            f"--tls-private-key-file={access.api.key}",
            "--tls-min-version=VersionTLS13",
            f"--client-ca-file={access.authority}",
            "--anonymous-auth=false",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            f"--service-cluster-ip-range={self.addresses.services}",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--service-account-key-file={access.service_account.certificate}",
            f"--service-account-signing-key-file={access.service_account.key}",
            f"--encryption-provider-config={access.encryption}",
            f"--audit-policy-file={access.audit}",
            f"--audit-log-path={self.layout.log('audit')}",
            "--audit-log-mode=batch",
            "--audit-log-maxsize=10",
            "--audit-log-maxbackup=1",
            "--profiling=false",
        )

    def controller_manager(self) -> Command:
        """The controllers, each under a service account of its own."""
        pair = self.access.controller_manager
        return self._command(
            CONTROLLER_MANAGER,
            f"--kubeconfig={self.access.controller_manager_kubeconfig}",
            f"--bind-address={self.layout.address}",
            f"--secure-port={CONTROLLER_MANAGER_PORT}",
            f"--tls-cert-file={pair.certificate}",
            f"--tls-private-key-file={pair.key}",
            "--leader-elect=false",
            "--use-service-account-credentials",
            f"--service-account-private-key-file={self.access.service_account.key}",
            f"--root-ca-file={self.access.authority}",
            f"--node-monitor-grace-period={_NODE_GRACE_SECONDS}s",
            "--node-monitor-period=20s",
            "--horizontal-pod-autoscaler-sync-period=60s",
            # The defaults (20, 30) keep forty controllers waiting for their tokens for 5 s.
            "--kube-api-qps=200",
            "--kube-api-burst=400",
            "--profiling=false",
        )

    def scheduler(self) -> Command:
        """The scheduler, as it comes."""
        pair = self.access.scheduler
        return self._command(
            SCHEDULER,
            f"--kubeconfig={self.access.scheduler_kubeconfig}",
            f"--bind-address={self.layout.address}",
            f"--secure-port={SCHEDULER_PORT}",
            f"--tls-cert-file={pair.certificate}",
            f"--tls-private-key-file={pair.key}",
            "--leader-elect=false",
            "--profiling=false",
        )

    def kwok(self) -> Command:
        """The player of the site's nodes and pods. It listens nowhere."""
        return self._command(
            KWOK,
            f"--kubeconfig={self.access.kwok_kubeconfig}",
            f"--config={self.kwok_config}",
            f"--manage-nodes-with-annotation-selector={NODE_ANNOTATION}=fake",
            f"--node-lease-duration-seconds={_LEASE_SECONDS}",
            f"--cidr={self.addresses.pods.ipv4}",
            "--v=WARN",
        )

    def kueue(self, configuration: Path) -> Command:
        """The queue controller. It listens nowhere."""
        return self._command(
            KUEUE,
            f"--kubeconfig={self.access.kueue_kubeconfig}",
            f"--config={configuration}",
        )

    def _command(self, program: str, *flags: str) -> Command:
        return Command(
            name=f"{self.layout.site}: {program}",
            argv=(str(self.binaries[program]), *flags),
            log=self.layout.log(program),
            env={"GOMAXPROCS": str(self.go_threads), "GOGC": _GOGC},
            stop_signal=signal.SIGKILL,  # in order it takes seconds, and its data goes with it
        )

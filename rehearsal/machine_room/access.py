"""Who may speak to whom at one site: certificates, kubeconfigs, keys, encryption, audit.

Each site has authorities of its own, so that a certificate of one site is worth nothing at
another, and etcd has one apart from Kubernetes (CIS Kubernetes benchmark 2.7).
"""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from processes.files import write_private
from rehearsal.machine_room.layout import API_PORT, SiteLayout
from rehearsal.pki import Authority, KeyPair

KWOK_USER = "suyun:kwok"
KUEUE_USER = "suyun:kueue"
DISPATCH_USER = "suyun:dispatch"
"""Who brings jobs from the main center: its queue controller, at a branch."""

_AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        # Leases are renewed all day and tell nothing about anybody.
        {"level": "None", "resources": [{"group": "coordination.k8s.io", "resources": ["leases"]}]},
        {"level": "Metadata"},
    ],
}


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteAccess:
    """The files through which a site's programs know and trust each other."""

    authority: Path
    etcd_authority: Path
    etcd: KeyPair
    etcd_client: KeyPair
    api: KeyPair
    admin: KeyPair
    controller_manager: KeyPair
    scheduler: KeyPair
    service_account: KeyPair
    controller_manager_kubeconfig: Path
    scheduler_kubeconfig: Path
    kwok_kubeconfig: Path
    kueue_kubeconfig: Path
    dispatch_kubeconfig: Path
    encryption: Path
    audit: Path


def grant(layout: SiteLayout, services: IPv4Network) -> SiteAccess:
    """Makes all of them anew.

    `services` is the site's Service range, whose first address is the API server's own Service.
    """
    kubernetes = Authority.create(layout.pki / "kubernetes", f"suyun {layout.site}")
    etcd = Authority.create(layout.pki / "etcd", f"suyun {layout.site} etcd")
    local = (layout.address,)
    admin = kubernetes.issue("suyun:admin", organizations=("system:masters",), server=False)
    write_private(layout.kubeconfig, _kubeconfig(layout, kubernetes.ca_file, admin))
    controller_manager = "system:kube-controller-manager"
    scheduler = "system:kube-scheduler"
    return SiteAccess(
        authority=kubernetes.ca_file,
        etcd_authority=etcd.ca_file,
        etcd=etcd.issue("etcd", addresses=local, server=True),
        etcd_client=etcd.issue("kube-apiserver", server=False),
        api=kubernetes.issue(
            "kube-apiserver", dns=_API_NAMES, addresses=(*local, str(services[1])), server=True
        ),
        admin=admin,
        controller_manager=kubernetes.issue("controller-manager", addresses=local, server=True),
        scheduler=kubernetes.issue("scheduler", addresses=local, server=True),
        service_account=kubernetes.issue("service-account", server=False),
        controller_manager_kubeconfig=_client(layout, kubernetes, controller_manager),
        scheduler_kubeconfig=_client(layout, kubernetes, scheduler),
        kwok_kubeconfig=_client(layout, kubernetes, KWOK_USER),
        kueue_kubeconfig=_client(layout, kubernetes, KUEUE_USER),
        dispatch_kubeconfig=_client(layout, kubernetes, DISPATCH_USER),
        encryption=_private_json(layout.pki / "encryption.json", _encryption()),
        audit=_private_json(layout.pki / "audit.json", _AUDIT_POLICY),
    )


_API_NAMES = (
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)


def _client(layout: SiteLayout, authority: Authority, user: str) -> Path:
    """A kubeconfig for that user, with a certificate of its own."""
    path = layout.pki / f"{user.rpartition(':')[2]}.kubeconfig"
    pair = authority.issue(user, server=False)
    write_private(path, _kubeconfig(layout, authority.ca_file, pair))
    return path


def _kubeconfig(layout: SiteLayout, authority: Path, pair: KeyPair) -> bytes:
    """A kubeconfig that holds everything itself; JSON, which is YAML too."""
    cluster = {
        "server": f"https://{layout.address}:{API_PORT}",
        "certificate-authority-data": _base64(authority),
    }
    user = {
        "client-certificate-data": _base64(pair.certificate),
        "client-key-data": _base64(pair.key),
    }
    site = layout.site
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": site,
        "contexts": [{"name": site, "context": {"cluster": site, "user": site}}],
        "clusters": [{"name": site, "cluster": cluster}],
        "users": [{"name": site, "user": user}],
    }
    return json.dumps(content, indent=1).encode()


def _encryption() -> object:
    """Secrets lie encrypted in etcd (GB/T 22239-2019 8.1.4.8), under a key of this boot alone."""
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "EncryptionConfiguration",
        "resources": [
            {
                "resources": ["secrets"],
                "providers": [{"secretbox": {"keys": [{"name": "boot", "secret": key}]}}],
            }
        ],
    }


def _private_json(path: Path, content: object) -> Path:
    write_private(path, json.dumps(content).encode())
    return path


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()

"""One site's cluster of the base database, as CloudNativePG and its Barman Cloud plugin have it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from infra.components.compute import amounts
from infra.components.keeping import keeping
from infra.components.metadata import metadata
from infra.plan.database import DATABASE_PORT
from infra.plan.labels import POOL_LABEL, ZONE_LABEL, bucket_labels, protection_labels
from infra.plan.stateful import ArchivePlan, DatabasePlan, DatabaseRolePlan, PeerPlan
from province.sites import Purpose

_API = "postgresql.cnpg.io/v1"
_ARCHIVE_API = "barmancloud.cnpg.io/v1"
_PLUGIN = "barman-cloud.cloudnative-pg.io"
_ACCESS_KEYS = (("accessKeyId", "access-key-id"), ("secretAccessKey", "secret-access-key"))
_CERTIFICATES_ALONE = ["hostssl all all all cert", "host all all all reject"]


class Database(pulumi.ComponentResource):
    """Archives first, for a cluster that cannot archive does not take writes.

    Clusters stream from each other, and take from the archives what has gone by. The Secrets with
    the object stores' keys (`objects-<site>`) and with what other clusters are followed by
    (`<cluster>-ca`, `<cluster>-replication`, as the operator makes them there) are not made here:
    whoever holds the keys puts them there.
    """

    def __init__(
        self,
        plan: DatabasePlan,
        labels: Mapping[str, str],
        needs: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions,
        *,
        is_retained: bool,
    ) -> None:
        super().__init__("suyun:data:Database", plan.name, None, opts)
        self._plan = plan
        self._labels = {**labels, **protection_labels(is_retained=is_retained)}
        self._is_retained = is_retained
        archives = [
            self._archive(archive, needs) for archive in plan.archives if plan.makes_archives
        ]
        cluster = self._object(_API, "Cluster", plan.name, _cluster(plan), [*needs, *archives])
        self._object(_API, "ScheduledBackup", plan.name, _base_backup(plan), [*needs, cluster])
        self.register_outputs({})

    def _archive(self, plan: ArchivePlan, needs: Sequence[pulumi.Resource]) -> pulumi.Resource:
        labels = bucket_labels(plan.bucket)
        return self._object(_ARCHIVE_API, "ObjectStore", plan.name, _store(plan), needs, labels)

    def _object(
        self,
        api_version: str,
        kind: str,
        name: str,
        spec: Mapping[str, Any],
        needs: Sequence[pulumi.Resource],
        labels: Mapping[str, str] | None = None,
    ) -> pulumi.Resource:
        made: pulumi.Resource = CustomResource(
            f"{self._plan.namespace}/{name}",
            api_version=api_version,
            kind=kind,
            metadata=metadata(name, {**self._labels, **(labels or {})}, self._plan.namespace),
            spec=dict(spec),
            opts=keeping(self, needs, is_retained=self._is_retained),
        )
        return made


def _cluster(plan: DatabasePlan) -> dict[str, Any]:
    zones = "required" if plan.parts_zones else "preferred"
    return {
        "imageName": plan.image,
        "instances": plan.instances,
        "resources": {"requests": amounts(plan.compute), "limits": amounts(plan.compute)},
        "enableSuperuserAccess": False,
        "storage": {"size": f"{plan.storage_gib}Gi", "storageClass": plan.storage_class},
        "walStorage": {"size": f"{plan.wal_gib}Gi", "storageClass": plan.storage_class},
        "affinity": {
            "enablePodAntiAffinity": True,
            "podAntiAffinityType": zones,
            "topologyKey": ZONE_LABEL,
            "nodeSelector": {POOL_LABEL: Purpose.PLATFORM.value},
        },
        "postgresql": {
            "parameters": dict(plan.parameters),
            "pg_hba": _CERTIFICATES_ALONE,
            "synchronous": _synchronous(plan),
        },
        "certificates": {"serverAltDNSNames": [plan.hostname]},
        "managed": {
            "roles": [_role(role) for role in plan.roles],
            "services": {"additional": [_door(plan)]},
        },
        "bootstrap": _bootstrap(plan),
        "replica": _replica(plan),
        "externalClusters": [_peer(plan, archive) for archive in plan.archives],
        "plugins": [
            {
                "name": _PLUGIN,
                "isWALArchiver": True,
                "parameters": {"barmanObjectName": plan.archive.name},
            }
        ],
    }


def _synchronous(plan: DatabasePlan) -> dict[str, Any]:
    """As many confirm as the site has servers, one more than it has followers of its own.

    So of the clusters elsewhere so many do as planned; and since those are no more than the
    followers here, a follower here has each commit too, and may take over without losing any.
    """
    return {
        "method": "any",
        "number": plan.instances - 1 + plan.synchronous.number,
        "standbyNamesPost": list(plan.synchronous.clusters),
        "dataDurability": "required",
    }


def _door(plan: DatabasePlan) -> dict[str, Any]:
    """Where other sites follow; who comes keeps his address, by which the wall knows him."""
    return {
        "selectorType": "rw",
        "serviceTemplate": {
            "metadata": {"name": f"{plan.name}-sites"},
            "spec": {
                "type": "LoadBalancer",
                "externalTrafficPolicy": "Local",
                "ipFamilyPolicy": "RequireDualStack",
            },
        },
    }


def _bootstrap(plan: DatabasePlan) -> dict[str, Any]:
    """Read once, when the cluster is made, so it does not follow the primary."""
    if plan.name == plan.origin:
        return {"initdb": {"database": "base", "owner": "suyun", "dataChecksums": True}}
    return {"recovery": {"source": plan.origin}}


def _replica(plan: DatabasePlan) -> dict[str, Any]:
    """A promotion is `primary` and the token in one change; without the token it would rebuild."""
    said = {"primary": plan.primary, "self": plan.name, "source": plan.source}
    token = {"promotionToken": plan.promotion_token} if plan.promotion_token else {}
    return said | token


def _role(plan: DatabaseRolePlan) -> dict[str, Any]:
    return {
        "name": plan.name,
        "ensure": "present",
        "login": True,
        "disablePassword": True,
        "connectionLimit": plan.connections_max,
        "inRoles": list(plan.member_of),
    }


def _peer(plan: DatabasePlan, archive: ArchivePlan) -> dict[str, Any]:
    parameters = {"barmanObjectName": archive.name, "serverName": archive.cluster}
    archived = {"name": archive.cluster, "plugin": {"name": _PLUGIN, "parameters": parameters}}
    streamed = [_stream(plan, peer) for peer in plan.peers if peer.cluster == archive.cluster]
    return {**archived, **(streamed[0] if streamed else {})}


def _stream(plan: DatabasePlan, peer: PeerPlan) -> dict[str, Any]:
    """Followed by this name: it is the one that confirms commits (`_synchronous`)."""
    return {
        "connectionParameters": {
            "host": peer.hostname,
            "port": str(DATABASE_PORT),
            "user": "streaming_replica",
            "dbname": "postgres",
            "sslmode": "verify-full",
            "application_name": plan.name,
        },
        "sslCert": {"name": f"{peer.cluster}-replication", "key": "tls.crt"},
        "sslKey": {"name": f"{peer.cluster}-replication", "key": "tls.key"},
        "sslRootCert": {"name": f"{peer.cluster}-ca", "key": "ca.crt"},
    }


def _store(plan: ArchivePlan) -> dict[str, Any]:
    secret = plan.bucket.secret
    return {
        "retentionPolicy": f"{plan.keep_days}d",
        "configuration": {
            "destinationPath": f"s3://{plan.bucket.bucket}/",
            "endpointURL": plan.bucket.endpoint,
            "s3Credentials": {key: {"name": secret, "key": name} for key, name in _ACCESS_KEYS},
            "wal": {"compression": "gzip", "encryption": "AES256", "maxParallel": 4},
            "data": {"compression": "gzip", "encryption": "AES256", "jobs": 2},
        },
    }


def _base_backup(plan: DatabasePlan) -> dict[str, Any]:
    """Each night; the WAL in between makes any moment of the kept days restorable."""
    return {
        "schedule": "0 0 2 * * *",
        "backupOwnerReference": "none",
        "cluster": {"name": plan.name},
        "method": "plugin",
        "pluginConfiguration": {"name": _PLUGIN},
    }

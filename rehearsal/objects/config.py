"""A site's `ceph.conf`: one monitor, one disk, a gateway for each zone.

Ceph's own values are for hundreds of disks and years; those that are changed here say why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from infra.plan.object_store import ObjectStorePlan, ZonePlan
from rehearsal.objects.layout import MONITOR_PORT, StoreLayout, gateway_entity
from rehearsal.pki import KeyPair

ADMIN = "client.admin"
MONITOR = "mon.a"
DISK = "osd.0"


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteSettings:
    """What a site's configuration is made of. `certificates` are by the zone's name."""

    layout: StoreLayout
    plan: ObjectStorePlan
    cluster: UUID
    disk_bytes: int
    certificates: Mapping[str, KeyPair]


def render(settings: SiteSettings) -> str:
    """The file's text."""
    layout = settings.layout
    sections = {
        "global": {**_cluster(settings), **_SMALL, **_SYNC},
        MONITOR: {"mon_data": str(layout.monitor_data), "keyring": str(layout.keyring(MONITOR))},
        DISK: {
            "osd_data": str(layout.disk),
            "keyring": str(layout.keyring(DISK)),
            "bluestore_block_size": str(settings.disk_bytes),
        },
        ADMIN: {"keyring": str(layout.keyring(ADMIN))},
        **{gateway_entity(zone): _gateway(settings, zone) for zone in layout.zones},
    }
    return "\n".join(_section(name, values) for name, values in sections.items())


def _section(name: str, values: Mapping[str, str]) -> str:
    return "\n".join([f"[{name}]", *(f"{key} = {value}" for key, value in values.items()), ""])


def _cluster(settings: SiteSettings) -> dict[str, str]:
    layout = settings.layout
    address = layout.place.address
    return {
        "fsid": str(settings.cluster),
        "mon_host": f"[v2:{address}:{MONITOR_PORT}/0]",
        "public_addr": address,
        "cluster_addr": address,
        "auth_cluster_required": "cephx",
        "auth_service_required": "cephx",
        "auth_client_required": "cephx",
        # Nothing of it lies outside the site's folder, nor has a name too long for a socket.
        "run_dir": str(layout.folder),
        "admin_socket": "",
        "crash_dir": str(layout.folder),
        "log_file": f"{layout.folder}/logs/$name.ceph.log",
        "mon_cluster_log_to_file": "false",
    }


_SMALL = {
    # One copy on one disk: what a site loses, its partner has.
    "osd_pool_default_size": "1",
    "osd_pool_default_min_size": "1",
    "osd_crush_chooseleaf_type": "0",
    "osd_pool_default_pg_num": "8",
    "osd_pool_default_pg_autoscale_mode": "off",
    "rgw_rados_pool_pg_num_min": "8",
    "mon_allow_pool_size_one": "true",
    "mon_warn_on_pool_no_redundancy": "false",
    # Each change of the cluster waits this long for others to join it; a second by default.
    "paxos_propose_interval": "0.05",
    # A gateway that starts waits until the disk has given up those that were killed: 30 seconds
    # by default. Those that live show it each second.
    "osd_client_watch_timeout": "3",
    "objecter_tick_interval": "1",
    # About 250 MB a site in place of gigabytes.
    "bluestore_cache_autotune": "false",
    "bluestore_cache_size": str(64 * 2**20),
    "osd_op_num_shards": "2",
    "osd_op_num_threads_per_shard": "1",
    "rgw_thread_pool_size": "64",
    "ms_async_op_threads": "2",
    "ms_bind_msgr1": "false",
    # Errors are logged all the same; a line for each request, and RocksDB's own, are not.
    **{f"debug_{part}": "0/0" for part in ("rgw", "osd", "mon", "rocksdb", "bluestore", "ms")},
}
_TLS = "no_sslv2:no_sslv3:no_tlsv1:no_tlsv1_1:no_tlsv1_2"
LOG_SHARDS = 8
"""Each of them is asked for news by each zone that follows, all 20 seconds, and is locked and kept
by it. Ceph's 64 and 128 are for thousands of writes a second."""
_SYNC = {
    "rgw_md_log_max_shards": str(LOG_SHARDS),
    "rgw_data_log_num_shards": str(LOG_SHARDS),
    # What a killed gateway was following, nobody follows until its lease ends: 120 seconds by
    # default.
    "rgw_sync_lease_period": "10",
}


def _gateway(settings: SiteSettings, zone: ZonePlan) -> dict[str, str]:
    layout, pair = settings.layout, settings.certificates[zone.name]
    frontend = (
        f"beast ssl_endpoint={layout.place.address}:{layout.port(zone)}"
        f" ssl_certificate={pair.certificate.absolute()} ssl_private_key={pair.key.absolute()}"
        f" ssl_options={_TLS}"
    )
    return {
        "keyring": str(layout.keyring(gateway_entity(zone))),
        "rgw_data": str(layout.folder),
        "rgw_realm": settings.plan.realm,
        "rgw_zonegroup": zone.zonegroup,
        "rgw_zone": zone.name,
        "rgw_frontends": frontend,
        "rgw_enable_apis": "s3, admin",
    }

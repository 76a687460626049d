"""The realm as radosgw-admin reads it: zonegroups and zones out of the plan, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from uuid import NAMESPACE_DNS, uuid5

from infra.plan.object_store import ZoneGroupPlan, ZonePlan
from province.storage import METADATA, RESOURCES
from rehearsal.objects.access import Keys

_PLACEMENT = "default-placement"
_CLASS = "STANDARD"
_INDEX_SHARDS = 1
"""Of a new bucket; Ceph has 11, for a million objects. What the news of one write misses, the next
write to the same shard makes good."""
_META = (
    "domain_root",
    "control_pool",
    "gc_pool",
    "lc_pool",
    "log_pool",
    "intent_log_pool",
    "usage_log_pool",
    "roles_pool",
    "reshard_pool",
    "user_keys_pool",
    "user_email_pool",
    "user_swift_pool",
    "user_uid_pool",
    "otp_pool",
    "notif_pool",
)
"""What a zone keeps of itself."""


def zonegroup_id(name: str) -> str:
    """The same in every realm; a name would do as well, but for programs that expect a UUID."""
    return str(uuid5(NAMESPACE_DNS, f"zonegroup.{name}"))


def zone_id(zone: ZonePlan) -> str:
    """The same in every realm."""
    return str(uuid5(NAMESPACE_DNS, f"zone.{zone.name}"))


def zonegroup_text(
    group: ZoneGroupPlan,
    master: ZonePlan,
    realm_id: str,
    endpoints: Mapping[str, str],
    *,
    is_realms: bool,
) -> str:
    """The zonegroup with those of its zones that have an endpoint, each by the zone's name.

    `is_realms` is the zonegroup where users and buckets are made.
    """
    zones = [zone for zone in group.zones if zone.name in endpoints]
    return json.dumps(
        {
            "id": zonegroup_id(group.name),
            "name": group.name,
            "api_name": group.name,
            "is_master": str(is_realms).lower(),
            "endpoints": [endpoints[master.name]],
            "hostnames": [],
            "hostnames_s3website": [],
            "master_zone": zone_id(master),
            "zones": [
                _member(zone, endpoints[zone.name], is_copied=len(zones) > 1) for zone in zones
            ],
            "placement_targets": [{"name": _PLACEMENT, "tags": [], "storage_classes": [_CLASS]}],
            "default_placement": _PLACEMENT,
            "realm_id": realm_id,
            "sync_policy": {"groups": []},
        }
    )


def zone_text(zone: ZonePlan, realm_id: str, system: Keys) -> str:
    """The zone as its own site keeps it: a namespace of the plan's two pools; with a secret.

    Rook writes the same for `sharedPools`.
    """
    own = f"{METADATA.name}:{zone.name}"
    return json.dumps(
        {
            "id": zone_id(zone),
            "name": zone.name,
            **{name: f"{own}.{name.removesuffix('_pool')}" for name in _META},
            "system_key": {"access_key": system.access_key, "secret_key": system.secret_key},
            "placement_pools": [
                {
                    "key": _PLACEMENT,
                    "val": {
                        "index_pool": f"{own}.index",
                        "data_extra_pool": f"{own}.extra",
                        "storage_classes": {
                            _CLASS: {"data_pool": f"{RESOURCES.name}:{zone.name}.data"}
                        },
                        "index_type": 0,
                    },
                }
            ],
            "realm_id": realm_id,
        }
    )


def _member(zone: ZonePlan, endpoint: str, *, is_copied: bool) -> dict[str, object]:
    return {
        "id": zone_id(zone),
        "name": zone.name,
        "endpoints": [endpoint],
        "log_meta": "true",
        "log_data": str(is_copied).lower(),
        "bucket_index_max_shards": _INDEX_SHARDS,
        "read_only": "false",
        "tier_type": "",
        "sync_from_all": "true",
        "sync_from": [],
        "redirect_zone": "",
    }

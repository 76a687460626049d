"""A small province for the tests of this room: one main center and two branches."""

from __future__ import annotations

from typing import Any

from province.province import Province

DIGEST = "a" * 64


def small() -> Province:
    return Province.model_validate(document())


def document() -> dict[str, Any]:
    return {
        "schema": 1,
        "id": "jiangsu",
        "name": "江苏省",
        "pinyin": "Jiangsu",
        "kubernetes_version": "1.34.4",
        "addressing": {"ipv4": "10.0.0.0/8", "ipv6": "fd00:32::/32"},
        "objectives": {
            "branch_centers_min": 2,
            "users_concurrent_min": 8000,
            "hold_seconds_min": 60,
            "egress_gbps_min": 20,
            "storage_pb_min": 1,
            "ipv6_share_min": 0.1,
            "journeys": [
                {
                    "journey": "login",
                    "response_ms_p95_max": 1000,
                    "response_ms_p99_max": 2000,
                    "errors_ratio_max": 0.001,
                }
            ],
        },
        "storage": {
            "opens_on": "2027-09-01",
            "growth_ratio_per_year": {"value": 0.3, "assumption": "planning"},
            "purchase_years": {"value": 1, "assumption": "planning"},
            "ceph_image": f"registry.example/ceph@sha256:{DIGEST}",
        },
        "traffic": {
            "user_kbps": {"value": 100, "assumption": "planning"},
            "internet_ratio": {"value": 0.5, "assumption": "planning"},
            "users_by_hour": [1.0] * 24,
            "user_mb_per_day": {"value": 20, "assumption": "planning"},
            "backup_changed_ratio": {"value": 0.02, "assumption": "planning"},
            "backup_from_hour": 1,
            "backup_to_hour": 5,
        },
        "platform": {"domain": "edu.example", "workloads": [workload("login"), workload("course")]},
        "tiers": {
            "province": {"cpu_millis": 2000, "memory_mib": 4096},
            "city": {"cpu_millis": 2000, "memory_mib": 4096},
            "county": {"cpu_millis": 500, "memory_mib": 1024},
            "school": {"cpu_millis": 5, "memory_mib": 16},
        },
        "center": {
            "identity": service("keycloak"),
            "exchange": {
                **service("gateway"),
                "national": {
                    "host": "national.example",
                    "ipv4": "192.0.2.16/31",
                    "ipv6": "2001:db8:16::/127",
                },
            },
        },
        "sites": [site("main", 0), site("suzhou", 1), site("wuxi", 2)],
    }


def workload(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "tier": "city",
        "path_prefixes": [f"/{name}"],
        "image": f"registry.example/{name}@sha256:{DIGEST}",
        "users_per_replica": 1000,
        "requests": {"cpu_millis": 500, "memory_mib": 512},
        "limits": {"cpu_millis": 1000, "memory_mib": 1024},
    }


def service(name: str) -> dict[str, Any]:
    return {
        "image": f"registry.example/{name}@sha256:{DIGEST}",
        "replicas": 2,
        "requests": {"cpu_millis": 500, "memory_mib": 512},
        "limits": {"cpu_millis": 1000, "memory_mib": 1024},
    }


def site(name: str, number: int, users: int = 4000) -> dict[str, Any]:
    branch = name != "main"
    return {
        "id": name,
        "role": "branch" if branch else "main",
        "name": name,
        "pinyin": name,
        "prefecture": name if branch else "nanjing",
        "code": f"32{number:02d}00",
        "prefixes": {"ipv4": f"10.{number * 16}.0.0/12", "ipv6": f"fd00:32:{number:x}::/48"},
        "zones": [{"id": "z1", "racks": ["r1", "r2"]}, {"id": "z2", "racks": ["r3"]}],
        "nodes": [
            {"purpose": "control", "count": 3, "cpu_cores": 8, "memory_gib": 32},
            {"purpose": "platform", "count": 4, "cpu_cores": 32, "memory_gib": 128},
            {"purpose": "edge", "count": 2, "cpu_cores": 16, "memory_gib": 64},
        ],
        "backup_partner": "wuxi" if name != "wuxi" else "suzhou",
        "uplink_gbps": 10,
        "users_concurrent": users if branch else 2000,
        "takeover_users": 4000,
        "counties": [county("gusu", 30), county("kunshan", 70)] if branch else [],
    }


def county(name: str, schools: int) -> dict[str, Any]:
    return {"id": name, "name": name, "pinyin": name, "code": "320508", "schools": schools}

"""Drills made by hand: each ended well, every write accounted for; and ways to break one."""

from __future__ import annotations

from collections.abc import Iterator

from evidence.drills import (
    DrillFiguresRecord,
    DrillLoadRecord,
    DrillRecord,
    LagRecord,
    ResourceRecord,
)
from evidence.records import RestoreRecord
from evidence.verdict import Verdict
from release.claims.drills import DRILLS

SITES = ("main", "suzhou", "xuzhou")
HOLDINGS = ("resources", "submissions", "records", "accounts")


def ended(drill: str, **changes: object) -> DrillRecord:
    values: dict[str, object] = {
        "step": 5,
        "steps": 5,
        "seconds": 150.0,
        "verdict": Verdict.PASS,
        "reason": "each of 5 steps showed what it should",
    }
    return DrillRecord.model_validate({"drill": drill, **values, **changes})


def account(drill: str, engine: str = "objects", **changes: object) -> DrillFiguresRecord:
    """1,000 writes, all kept; clients were answered again after 2 s."""
    values: dict[str, object] = {
        "site": "main",
        "partner": "suzhou",
        "is_synchronous": engine == "database",
        "writes_acknowledged": 1000,
        "kept": 1000,
        "lost": 0,
        "duplicated": 0,
        "corrupted": 0,
        "rpo_seconds": 0.0,
        "rto_seconds": 2.0,
        "checked_at": 1795505400.0,
    }
    return DrillFiguresRecord.model_validate(
        {"drill": drill, "engine": engine, **values, **changes}
    )


def load(drill: str, **changes: object) -> DrillLoadRecord:
    """20,000 users; main was killed, and 40 of 50,000 requests failed within 3 s."""
    killed = {"what": "kill main", "second": 0.4}
    values: dict[str, object] = {
        "users": 20_000,
        "users_held_min": 20_000,
        "requests": 50_000,
        "failed": 40,
        "errors_ratio_max": 0.001,
        "seconds": [
            {"second": at, "requests": 300, "failed": 20 * (at in {1, 2})} for at in range(9)
        ],
        "moments": [killed, {"what": "promote xuzhou", "second": 2.1}],
        "outages": [{**killed, "recovered_seconds": 3}],
        "workers_lost": 0,
        "worker_lag_ms_p99": 4.0,
        "folder": f"load-{drill}-1",
    }
    return DrillLoadRecord.model_validate({"drill": drill, **values, **changes})


def drilled(claim: str) -> Iterator[DrillRecord | DrillFiguresRecord | DrillLoadRecord]:
    """All drills of a claim, both engines accounted for in each, a whole site's under load."""
    for drill in DRILLS[claim]:
        yield ended(drill)
        yield account(drill)
        yield account(drill, "database")
        if drill == "site-dies":
            yield load(drill)


def restore(holding: str, **changes: object) -> RestoreRecord:
    values: dict[str, object] = {
        "site": "main",
        "backup_site": "suzhou",
        "pieces": 500,
        "pieces_equal": 500,
        "seconds": 12.0,
        "ended_at": 1795505400.0,
    }
    return RestoreRecord.model_validate({"holding": holding, **values, **changes})


def lag(engine: str = "objects", **changes: object) -> LagRecord:
    values: dict[str, object] = {
        "site": "main",
        "partner": "suzhou",
        "payload_bytes": 65_536,
        "count": 200,
        "lag_ms_p50": 90.0,
        "lag_ms_p95": 300.0,
        "lag_ms_p99": 700.0,
        "lag_ms_max": 800.0,
        "under_load": False,
    }
    return LagRecord.model_validate({"engine": engine, **values, **changes})


def resource(stored_at: str, asked_at: str, **changes: object) -> ResourceRecord:
    values: dict[str, object] = {
        "resource": f"lesson-{stored_at}",
        "nearest": asked_at,
        "is_found": True,
        "read_from": asked_at,
        "sha256_stored": "a" * 64,
        "sha256_read": "a" * 64,
        "seconds": 0.05,
    }
    return ResourceRecord.model_validate(
        {"stored_at": stored_at, "asked_at": asked_at, **values, **changes}
    )

"""A small run made by hand: three sites, 3,000 users, all as promised; and ways to break it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from evidence.load import LoadPhase, LoadPhaseRecord, LoadSecondRecord, LoadWorkerRecord
from evidence.records import (
    BinaryRecord,
    BootRecord,
    EdgeRecord,
    JourneyRecord,
    LoadRecord,
    PlacementRecord,
    PolicyRecord,
    Record,
    RunRecord,
    StackRecord,
    StageRecord,
)
from evidence.run import RunFolder
from evidence.verdict import Verdict
from loadtests import histograms
from loadtests.analysis import journeys_of_hold
from province.findings import Finding
from province.objectives import Journey
from province.province import Province
from release.gathered import Gathered
from tests import worlds

USERS = 3000
REQUESTS = 5000
"""A journey's requests: enough for none in 5,000 to show an error ratio under 0.1 %."""

FINDING = Finding(
    rule="containers-have-limits",
    subject="Deployment city/catalogue",
    evidence="container catalogue has no memory limit",
    hint="set limits.memory",
)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def run_record(**changes: object) -> RunRecord:
    values: dict[str, object] = {
        "run": "20261124-073000-ab12",
        "scope": "rehearsal",
        "started_at": 1795505400.0,
        "commit": "0123456789ab",
        "province_sha256": sha256(worlds.PROVINCE_FILE.read_bytes()),
        "cpus": 2,
        "memory_gib": 23.5,
        "users_asked": USERS,
        "seed": 1,
    }
    return RunRecord.model_validate({**values, **changes})


def stage(name: str, **changes: object) -> StageRecord:
    values: dict[str, object] = {
        "seconds": 12.5,
        "verdict": Verdict.PASS,
        "reason": f"{name} ended well",
    }
    return StageRecord.model_validate({"name": name, **values, **changes})


def boot(site: str, **changes: object) -> BootRecord:
    values: dict[str, object] = {
        "kubernetes_version": "v1.34.4",
        "ready_seconds": 21.5,
        "nodes_planned": 21,
        "nodes_ready": 21,
        "memory_mib": 380.0,
    }
    return BootRecord.model_validate({"site": site, **values, **changes})


def stack(site: str, operation: str, **changes: object) -> StackRecord:
    values: dict[str, object] = {"seconds": 33.0, "resources": 90, "same": 90, "ready": None}
    if operation == "up":
        values |= {"created": 90, "same": 0, "ready": True, "ready_seconds": 2.5}
    who = {"site": site, "stack": f"rehearsal.{site}", "operation": operation}
    return StackRecord.model_validate({**who, **values, **changes})


def policy(site: str, **changes: object) -> PolicyRecord:
    values: dict[str, object] = {"rules": 10, "resources": 90, "findings": ()}
    return PolicyRecord.model_validate({"site": site, **values, **changes})


def placement(lost: str, partner: str, **changes: object) -> PlacementRecord:
    """A loss that the partner has room for; by default the record of a site of 100 pods."""
    values: dict[str, object] = {
        "users_moved": 2000,
        "users_then": 3000,
        "pods_planned": 40,
        "pods_planned_bound": 40,
        "pods_wanted": 100,
        "pods_bound": 100,
        "cpu_free_ratio": 0.5,
        "memory_free_ratio": 0.8,
        "quota_free_ratio": 0.2,
        "disk_tb_needed": 300.0,
        "disk_tb_usable": 600.0,
        "nodes": 6,
        "seconds": 4.0,
        "restored": True,
    }
    return PlacementRecord.model_validate({"lost": lost, "partner": partner, **values, **changes})


def journey(name: str, **changes: object) -> JourneyRecord:
    seen = next(record for record in _journeys() if record.journey == name)
    values = {key: value for key, value in seen.model_dump().items() if key != "journey"}
    return JourneyRecord.model_validate({"journey": name, **values, **changes})


@cache
def _journeys() -> tuple[JourneyRecord, ...]:
    return journeys_of_hold((worker(0), worker(1)))


def worker(number: int, slow_ms: int = 9, **changes: object) -> LoadWorkerRecord:
    """A worker's totals: half of each journey's requests, 98 of 100 in 3 ms and 2 in `slow_ms`."""
    half = REQUESTS // 2
    histogram = histograms.new()
    histogram.record_value(3_000, half * 98 // 100)
    histogram.record_value(slow_ms * 1_000, half * 2 // 100)
    samples = [
        {
            "journey": name.value,
            "phase": phase,
            "requests": half,
            "failed": 0,
            "bytes_received": 2_500_000,
            "histogram": histograms.encoded(histogram),
        }
        for name in Journey
        for phase in (LoadPhase.RAMP, LoadPhase.HOLD)
    ]
    values: dict[str, object] = {
        "worker": number,
        "final": True,
        "started": 20_500,
        "completed": 20_495,
        "failed": 3,
        "in_flight": 2,
        "refused": 0,
        "retried": 0,
        "bytes_received": 30_000_000,
        "failures": (),
        "journeys": samples,
        "lag_histogram": histograms.encoded(histograms.new()),
    }
    return LoadWorkerRecord.model_validate({**values, **changes})


def over_time(users: int) -> tuple[Record, ...]:
    """What two workers saw each second: a ramp of 60 seconds, a hold of 300, a drain of 10."""
    began = 1795505500.0
    phases = {LoadPhase.RAMP: 0, LoadPhase.HOLD: 60, LoadPhase.DRAIN: 360, LoadPhase.DONE: 370}
    return (
        *(LoadPhaseRecord(phase=phase, began_at=began + at) for phase, at in phases.items()),
        *(
            second(number, at, began + at + 0.1 * number, users)
            for at in range(370)
            for number in (0, 1)
        ),
    )


def second(number: int, at: int, epoch: float, users: int) -> LoadSecondRecord:
    ramped = min(at / 60, 1.0) if at < 360 else (370 - at) / 10
    connected = int(users / 2 * ramped)
    return LoadSecondRecord(
        worker=number,
        at=epoch,
        phase=LoadPhase.RAMP if at < 60 else LoadPhase.HOLD if at < 360 else LoadPhase.DRAIN,
        users=users // 2,
        connected=connected,
        started=at * 55,
        completed=at * 55,
        failed=0,
        in_flight=0,
        refused=0,
        bytes_received=at * 90_000,
        cpu_percent=20 + 30 * ramped + (at * 37 % 11),
        lag_ms_max=1.5,
        memory_mib=150 + 60 * ramped,
        response_ms_p99=9 + (at * 53 % 17) + (60 if at == 47 else 0),
    )


def load(**changes: object) -> LoadRecord:
    values: dict[str, object] = {
        "users_planned": USERS,
        "users_connected_peak": USERS,
        "users_held_min": USERS,
        "hold_seconds": 300.0,
        "ramp_seconds": 60.0,
        "tls": True,
        "started": 41_000,
        "completed": 40_990,
        "failed": 6,
        "in_flight": 4,
        "responses_refused": 0,
        "bytes_received": 60_000_000,
        "workers_planned": 2,
        "workers_lost": 0,
        "worker_cpu_percent_max": 55.0,
        "worker_lag_ms_p99": 4.0,
        "worker_memory_mib_max": 210.0,
        "seed": 1,
        "users_ipv6": 0,
    }
    return LoadRecord.model_validate({**values, **changes})


def edge(**changes: object) -> EdgeRecord:
    values: dict[str, object] = {
        "completed": 40_990,
        "aborted": 4,
        "by_status": {"200": 40_990},
        "platform_requests": 40_994,
        "connections_peak": USERS,
        "bytes_sent": 61_000_000,
    }
    return EdgeRecord.model_validate({**values, **changes})


def whole(world: Province | None = None) -> tuple[Record, ...]:
    """The records of a run in which everything was as promised."""
    world = world or worlds.small()
    sites = [site.id for site in world.sites]
    operations = ("preview", "up", "second-preview", "destroy")
    names = (
        "toolchain",
        "machine-room",
        "policies",
        "deploy",
        "placement",
        "jobs",
        "destroy",
        "load",
        "judge",
    )
    return (
        *(binary(name) for name in ("etcd", "nginx")),
        *(boot(site) for site in sites),
        *(policy(site) for site in sites),
        *(stack(site, operation) for operation in operations for site in sites),
        *(placement(site.id, site.backup_partner) for site in world.sites),
        *(journey(objective.journey.value) for objective in world.objectives.journeys),
        load(),
        edge(),
        worker(0),
        worker(1),
        *(stage(name) for name in names),
    )


def binary(name: str) -> BinaryRecord:
    return BinaryRecord(
        name=name, version="1.0.0", origin="cache", path=name, sha256="0" * 64, seconds=0.1
    )


def gathered(*records: Record, world: Province | None = None, **changes: object) -> Gathered:
    """What a folder with these records gathers, in the small province."""
    return Gathered(
        run=run_record(**changes), province=world or worlds.small(), records=tuple(records)
    )


def without(records: Iterable[Record], *kinds: type[Record]) -> tuple[Record, ...]:
    """The records, but for those of these kinds."""
    return tuple(record for record in records if not isinstance(record, kinds))


def written(root: Path, records: Iterable[Record] = (), **changes: object) -> RunFolder:
    """A run folder on disk. Its province is the real one: 14 sites, 200,000 users."""
    run = RunFolder.create(root, "20261124-073000-ab12")
    run.store_input("province.yaml", worlds.PROVINCE_FILE.read_bytes())
    run.append(run_record(**changes))
    for record in records:
        run.append(record)
    return run


def rehearsed(root: Path) -> RunFolder:
    """A whole rehearsal of the real province at 20,000 users."""
    users = {"users_planned": 20_000, "users_connected_peak": 20_000, "users_held_min": 20_000}
    kept = without(whole(worlds.province()), LoadRecord, StageRecord)
    ends = tuple(record for record in whole(worlds.province()) if isinstance(record, StageRecord))
    return written(root, (*kept, load(**users), *over_time(20_000), *ends))

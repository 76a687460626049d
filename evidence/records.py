"""The records of a run folder: the contract between those who act and the judge.

Each record type names its topic, the file of JSON lines in which it is kept. Times are seconds
since the epoch (`*_at`) or durations (`*_seconds`); response times are milliseconds.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import ConfigDict, Field, IPvAnyAddress, model_validator

from evidence.verdict import Verdict
from province.findings import Finding
from province.value import Value

YEAR_10000 = 253_402_300_800.0
"""Seconds since the epoch: no date can be told from here on."""


class Record(Value):
    """One line of evidence. Not-a-number is refused: it would compare as within any bound."""

    model_config = ConfigDict(allow_inf_nan=False)

    topic: ClassVar[str]


class RunRecord(Record):
    """What the run was: written first, once."""

    topic: ClassVar[str] = "run"
    schema_version: Literal[1] = 1
    run: str
    scope: str
    started_at: float = Field(ge=0, lt=YEAR_10000)
    commit: str
    province_sha256: str
    cpus: int
    memory_gib: float
    users_asked: int
    seed: int


class StageRecord(Record):
    """A stage's end. A stage that never ended has no record."""

    topic: ClassVar[str] = "stages"
    name: str
    seconds: float
    verdict: Verdict
    reason: str


class BinaryRecord(Record):
    """A tool of the toolchain: which version was run, and where it came from."""

    topic: ClassVar[str] = "toolchain"
    name: str
    version: str
    origin: Literal["path", "cache", "release", "built", "debian"]
    path: str
    sha256: str
    seconds: float


class BootRecord(Record):
    """One site's control plane, booted. Its nodes are simulated by KWOK."""

    topic: ClassVar[str] = "machine-room"
    site: str
    kubernetes_version: str
    ready_seconds: float
    nodes_planned: int
    nodes_ready: int
    memory_mib: float
    nodes_simulated: bool = True


class PoolRecord(Value):
    """One pool as it was planned: `k` chunks of data and `m` of coding, in different domains."""

    name: str
    k: int
    m: int
    failure_domain: str = "host"
    raw_bytes: int
    usable_bytes: int


class StorageRecord(Record):
    """One site's storage, as it was planned when its stack was brought up.

    `full_ratio_after_loss` is of the disks with all usable bytes stored and the largest host lost;
    `years_until_full` from the opening until what users store reaches 0.85 after such a loss.
    """

    topic: ClassVar[str] = "storage"
    site: str
    hosts: int
    full_ratio_after_loss: float
    years_until_full: float
    pools: tuple[PoolRecord, ...]


class LivePool(Value):
    """One pool as its object has it. `usable_bytes` is its quota; None where it has none."""

    name: str
    k: int
    m: int
    failure_domain: str
    usable_bytes: int | None


class CephRecord(Record):
    """A site's Ceph as it was read from the site's cluster, once the site was up."""

    topic: ClassVar[str] = "ceph"
    site: str
    hosts: int
    nearfull_ratio: float
    pools: tuple[LivePool, ...]


class RestoreRecord(Record):
    """One class of data (`holding`) of a site, restored from elsewhere into an empty place.

    The backups of `site` were read at `backup_site`. Pieces are objects or rows: how many there
    were to restore, and how many were found equal by whoever compared them.
    """

    topic: ClassVar[str] = "restores"
    holding: str
    site: str
    backup_site: str
    pieces: int = Field(ge=0)
    pieces_equal: int = Field(ge=0)
    seconds: float = Field(ge=0)
    ended_at: float = Field(ge=0, lt=YEAR_10000)

    @property
    def is_whole(self) -> bool:
        """Whether there was something to restore, and all of it came back equal."""
        return 0 < self.pieces == self.pieces_equal


class PolicyRecord(Record):
    """What the mandatory policy pack said at a site's preview."""

    topic: ClassVar[str] = "policies"
    site: str
    rules: int
    resources: int
    findings: tuple[Finding, ...]


class StackRecord(Record):
    """One operation on one site's stack. Counts are resources."""

    topic: ClassVar[str] = "deploy"
    site: str
    stack: str
    operation: Literal["preview", "up", "second-preview", "drift", "destroy"]
    seconds: float
    resources: int
    created: int = 0
    updated: int = 0
    replaced: int = 0
    deleted: int = 0
    same: int = 0
    ready: bool | None = None
    ready_seconds: float | None = None
    error: str | None = None

    @property
    def changes(self) -> int:
        """Resources that the operation changed, or would change."""
        return self.created + self.updated + self.replaced + self.deleted


class PlacementRecord(Record):
    """One site's loss, acted out at its partner: did the real scheduler place every pod?

    Its users' replicas were added at `partner`, whose own stayed; the lost site itself was left
    as it was. `pods_planned` are the partner's before, `pods_wanted` those with all users there;
    `pods_refused` were never made (a quota, an autoscaler's bound), the others that are not bound
    wait for a node. Ratios are what was free then: of the platform pool's CPU and memory as
    requested, of the namespace's scarcest quota. Disks are the plan's arithmetic. `restored` says
    that the partner was seen as planned again.
    """

    topic: ClassVar[str] = "placement"
    lost: str
    partner: str
    users_moved: int
    users_then: int
    pods_planned: int = 0
    pods_planned_bound: int = 0
    pods_wanted: int = 0
    pods_bound: int = 0
    pods_refused: int = 0
    reasons: tuple[str, ...] = ()
    cpu_free_ratio: float | None = None
    memory_free_ratio: float | None = None
    quota_free_ratio: float | None = None
    disk_tb_needed: float
    disk_tb_usable: float
    nodes: int = 0
    nodes_simulated: bool = True
    seconds: float = 0.0
    restored: bool = False
    error: str | None = None

    @property
    def pods_pending(self) -> int:
        """Pods that were wanted and got no node."""
        return self.pods_wanted - self.pods_bound

    @property
    def disk_free_ratio(self) -> float:
        """Share of the partner's usable bytes that stays free."""
        return 1 - self.disk_tb_needed / self.disk_tb_usable if self.disk_tb_usable else -1.0


class QuotaRecord(Record):
    """A bound on a tier as it was read from a site's cluster, once the site was up.

    `name` is the namespace of a ResourceQuota, or a ClusterQueue, of which it is the nominal quota.
    """

    topic: ClassVar[str] = "quotas"
    site: str
    kind: Literal["ResourceQuota", "ClusterQueue"]
    name: str
    cpu_millis: int
    memory_mib: int
    pods: int


class AddressRecord(Record):
    """A Service or Gateway as it was read from a site's cluster, once the site was up.

    A Service's `addresses` are those that the cluster has given it, a Gateway's those that it
    answers at; a Service without any of its own (headless) has the `families` of its pods.
    """

    topic: ClassVar[str] = "addresses"
    site: str
    kind: Literal["Service", "Gateway"]
    namespace: str
    name: str
    addresses: tuple[IPvAnyAddress, ...] = ()
    families: tuple[Literal["IPv4", "IPv6"], ...] = ()

    @property
    def is_dual_stack(self) -> bool:
        """Whether it is reached over both IPv4 and IPv6."""
        given = {f"IPv{address.version}" for address in self.addresses}
        return (given or set(self.families)) == {"IPv4", "IPv6"}


class BatchRecord(Record):
    """A batch of jobs sent through one queue of the main center, by Kueue's own controllers.

    `sites` are the branches behind the queue; `landed` counts the jobs that each one's own job
    controller saw complete, `completed` those that came back to the main center as complete.
    `cpu_millis_*` are the queue's quota, and the most of it that was given out at any look;
    `waiting_max` jobs had to wait for it at once. One more job, larger than the whole queue, was
    sent: `refusal` says why it got no quota, None when it got some or nobody said. `batch_seconds`
    are from the first job sent to the last one back; `cleared` says that nothing was left.
    """

    topic: ClassVar[str] = "batches"
    queue: str
    sites: tuple[str, ...]
    jobs: int
    pods: int
    completed: int = 0
    landed: dict[str, int] = Field(default_factory=dict)
    cpu_millis_quota: int
    cpu_millis_reserved_max: int = 0
    waiting_max: int = 0
    refusal: str | None = None
    batch_seconds: float = 0.0
    seconds: float = 0.0
    nodes_simulated: bool = True
    cleared: bool = False
    error: str | None = None


class JourneyRecord(Record):
    """One journey's figures over the hold. Percentiles come from merged HDR histograms."""

    topic: ClassVar[str] = "load-journeys"
    journey: str
    requests: int
    failed: int
    response_ms_p50: float
    response_ms_p95: float
    response_ms_p99: float
    response_ms_max: float
    bytes_received: int

    @model_validator(mode="after")
    def _counts_and_times_are_in_order(self) -> JourneyRecord:
        times = (self.response_ms_p50, self.response_ms_p95, self.response_ms_p99)
        if not 0 <= self.failed <= self.requests:
            raise ValueError(f"{self.failed} of {self.requests} requests cannot have failed")
        if list(times) != sorted(times) or times[-1] > self.response_ms_max:
            raise ValueError("p50, p95, p99 and the highest are not in ascending order")
        return self


class LoadRecord(Record):
    """The load run as a whole: who was connected, for how long, and whether the counts agree.

    `started = completed + failed + in_flight`, where completed means that a whole response was
    read, whatever its status, and failed that none was. The counts are those of the workers' last
    totals. Lost workers held `users_lost` when last heard of; `samples_kept` responses of theirs
    are in the counts, `samples_lost` more they had told of, whose times nobody has. What they
    did after their last word only the edge knows.
    """

    topic: ClassVar[str] = "load"
    users_planned: int
    users_connected_peak: int
    users_held_min: int
    hold_seconds: float
    ramp_seconds: float
    tls: bool
    started: int
    completed: int
    failed: int
    in_flight: int
    responses_refused: int
    bytes_received: int
    workers_planned: int
    workers_lost: int
    worker_cpu_percent_max: float
    worker_lag_ms_p99: float
    worker_memory_mib_max: float
    seed: int
    users_ipv6: int = 0
    users_lost: int = 0
    samples_kept: int = 0
    samples_lost: int = 0
    response_refused_names: tuple[str, ...] = ()


class ReachRecord(Record):
    """A county's path, walked under load: province, site, county, schools.

    People of `schools` of its schools logged in through their own site's edge, and the platform
    behind it placed them in that county. `schools` counts each school once, over all workers.
    """

    topic: ClassVar[str] = "load-reach"
    site: str
    county: str
    schools: int


class LoadStepRecord(Record):
    """One step of a load that climbs until something breaks: what was seen while it stayed.

    PASS where no objective was broken, FAIL where one was, UNKNOWN where the generator was late or
    nothing was asked; `reasons` say it. `seconds` are those that were looked at.
    """

    topic: ClassVar[str] = "load-steps"
    step: int
    steps: int
    users: int
    users_connected: int
    seconds: float
    verdict: Verdict
    reasons: tuple[str, ...]
    worker_lag_ms_p99: float
    journeys: tuple[JourneyRecord, ...]

    @property
    def requests(self) -> int:
        """Of all journeys."""
        return sum(journey.requests for journey in self.journeys)


class FailureSecond(Value):
    """One second of all users together; `second` counts from the loss, negative before it.

    `failed` had no whole response, or one that was refused.
    """

    second: int
    requests: int
    failed: int


class RecoveryRecord(Record):
    """What the users saw when a site's edge was lost in the middle of the hold.

    `requests` and `failed` are of all sites, from the loss to the end of the hold, and
    `seconds` from a little before. `recovered_seconds` end with the last second in which more
    than `errors_ratio_max` failed; None where that is the last second of all.
    """

    topic: ClassVar[str] = "load-recoveries"
    site: str
    partner: str
    users: int
    errors_ratio_max: float
    requests: int
    failed: int
    recovered_seconds: int | None
    seconds: tuple[FailureSecond, ...]


class EdgeRecord(Record):
    """The edge's own count of the load's requests, read from it after the load has ended.

    `completed` are responses sent whole, `aborted` requests whose client left before that;
    `by_status` and `by_route` part the completed ones; `request_ms_*` is how long nginx had
    them, in whole milliseconds. `platform_requests` are those that reached the platform behind
    the edge, by the platform's own count. `sources` are the clients' networks; `completed_ipv6`
    are those of `completed` that came over IPv6.
    """

    topic: ClassVar[str] = "edge"
    completed: int
    aborted: int
    by_status: dict[str, int]
    platform_requests: int
    connections_peak: int
    bytes_sent: int
    sources: str = ""
    completed_ipv6: int = 0
    by_route: dict[str, int] = Field(default_factory=dict)
    request_ms_p50: int = 0
    request_ms_p95: int = 0
    request_ms_p99: int = 0
    request_ms_max: int = 0

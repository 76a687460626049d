"""Jobs of a batch in one cluster, and what Kueue says of them there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import NotFoundException
from kubernetes.utils import parse_quantity

from infra.plan.batch import BatchPlan, CityJobPlan

KUEUE_API = ("kueue.x-k8s.io", "v1beta1")
_QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
_ELSEWHERE = "kueue.x-k8s.io/multikueue"
"""Who manages a job of the main center: not its own job controller."""
_BATCH_LABEL = "suyun.io/batch"
_BATCH = "compute-batch"
TOO_LARGE = f"{_BATCH}-too-large"
_WITHOUT_END = 10_000
_TIMEOUT_SECONDS = 10
_USER = 65532


class Jobs:
    """Looks into one namespace. Raises as the client does; `cluster()` makes it a FleetError."""

    def __init__(self, api: client.ApiClient, namespace: str) -> None:
        self._batch = client.BatchV1Api(api)
        self._core = client.CoreV1Api(api)
        self._custom = client.CustomObjectsApi(api)
        self._namespace = namespace
        self._ours = {
            "label_selector": f"{_BATCH_LABEL}={_BATCH}",
            "_request_timeout": _TIMEOUT_SECONDS,
        }

    def create(self, body: Mapping[str, Any]) -> None:
        """Sends a job."""
        self._batch.create_namespaced_job(self._namespace, body, _request_timeout=_TIMEOUT_SECONDS)

    def delete(self) -> None:
        """Asks that all jobs of the batch go, with all that is theirs.

        Kueue's objects are named: the garbage collector learns of a new kind only after half a
        minute.
        """
        self._batch.delete_collection_namespaced_job(
            self._namespace, propagation_policy="Background", **self._ours
        )
        for workload in self._workloads():
            with suppress(NotFoundException):
                self._custom.delete_namespaced_custom_object(
                    *KUEUE_API,
                    self._namespace,
                    "workloads",
                    workload["metadata"]["name"],
                    _request_timeout=_TIMEOUT_SECONDS,
                )

    def running(self) -> int:
        """Jobs of the batch that Kueue has let run."""
        found = self._batch.list_namespaced_job(self._namespace, **self._ours).items
        return sum(not job.spec.suspend for job in found)

    def complete(self) -> int:
        """Jobs of the batch that are complete."""
        found = self._batch.list_namespaced_job(self._namespace, **self._ours).items
        return sum(_is_complete(job) for job in found)

    def are_gone(self) -> bool:
        """Whether nothing of the batch is there any more, Kueue's own objects included."""
        found = self._batch.list_namespaced_job(self._namespace, **self._ours).items
        return not found and not self._workloads()

    def ran(self) -> set[str]:
        """Names of the batch's jobs that this cluster's own controller has seen complete.

        By its events, which stay when the main center has its jobs taken away again.
        """
        events = self._core.list_namespaced_event(
            self._namespace,
            field_selector="reason=Completed,involvedObject.kind=Job",
            _request_timeout=_TIMEOUT_SECONDS,
        )
        names = {event.involved_object.name for event in events.items}
        return {name for name in names if name.startswith(_BATCH)}

    def refusal(self) -> str | None:
        """Why the job that is too large has no quota; None when nobody said so, or it has some."""
        for workload in self._workloads(TOO_LARGE):
            told = _condition(workload, "QuotaReserved")
            if told.get("status") == "False":
                return str(told.get("message"))
        return None

    def queue(self, name: str) -> Queue:
        """A ClusterQueue's state."""
        return Queue(self._cluster_object("clusterqueues", name))

    def unreached(self, clusters: Iterable[str]) -> Iterator[str]:
        """Clusters that jobs cannot be sent to now, each with the reason."""
        for name in clusters:
            active = _condition(self._cluster_object("multikueueclusters", name), "Active")
            if active.get("status") != "True":
                yield f"{name} ({active.get('reason') or 'not heard of yet'})"

    def _workloads(self, job: str = _BATCH) -> list[Any]:
        """Kueue's objects for jobs whose names begin so."""
        listed = self._custom.list_namespaced_custom_object(
            *KUEUE_API, self._namespace, "workloads", _request_timeout=_TIMEOUT_SECONDS
        )
        return [w for w in listed["items"] if w["metadata"]["name"].startswith(f"job-{job}")]

    def _cluster_object(self, plural: str, name: str) -> Any:  # noqa: ANN401 - no types
        return self._custom.get_cluster_custom_object(
            *KUEUE_API, plural, name, _request_timeout=_TIMEOUT_SECONDS
        )


class Queue:
    """What a ClusterQueue says of itself."""

    def __init__(self, found: Mapping[str, Any]) -> None:
        self._found = found
        self._status = found.get("status", {})

    @property
    def active(self) -> bool:
        """Whether it takes jobs."""
        return bool(_condition(self._found, "Active").get("status") == "True")

    @property
    def waiting(self) -> int:
        """Jobs that have no quota yet."""
        return int(self._status.get("pendingWorkloads", 0))

    @property
    def cpu_millis_reserved(self) -> int:
        """Of all jobs that have quota now."""
        totals = (
            resource.get("total", 0)
            for flavor in self._status.get("flavorsReservation", ())
            for resource in flavor["resources"]
            if resource["name"] == "cpu"
        )
        return int(sum(parse_quantity(total) for total in totals) * 1000)


def job_bodies(batch: BatchPlan) -> Iterator[dict[str, Any]]:
    """The one that is too large, then all others."""
    names = [f"{_BATCH}-{number + 1:02d}" for number in range(batch.jobs)]
    for name, pods in ((TOO_LARGE, batch.pods_too_many), *((n, batch.pods_each) for n in names)):
        count = {"parallelism": pods, "completions": pods, "managedBy": _ELSEWHERE}
        yield _body(batch, name, count)


def city_job_body(plan: CityJobPlan) -> dict[str, Any]:
    """A job that runs for as long as the batch does, where it is sent."""
    return _body(plan, f"{_BATCH}-of-city", {"parallelism": 1, "completions": _WITHOUT_END})


def _body(plan: BatchPlan | CityJobPlan, name: str, count: Mapping[str, Any]) -> dict[str, Any]:
    labels = {_BATCH_LABEL: _BATCH}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": {**labels, _QUEUE_LABEL: plan.queue}},
        "spec": {
            "suspend": True,
            "backoffLimit": 0,
            **count,
            "template": {"metadata": {"labels": labels}, "spec": _pod(plan)},
        },
    }


def _pod(batch: BatchPlan | CityJobPlan) -> dict[str, Any]:
    amounts = {"cpu": f"{batch.pod.cpu_millis}m", "memory": f"{batch.pod.memory_mib}Mi"}
    profile = {"seccompProfile": {"type": "RuntimeDefault"}, "runAsNonRoot": True}
    return {
        "restartPolicy": "Never",
        "serviceAccountName": batch.service_account,
        "automountServiceAccountToken": False,
        "securityContext": {**profile, "runAsUser": _USER, "runAsGroup": _USER},
        "containers": [
            {
                "name": "job",
                "image": batch.image,
                "resources": {"requests": amounts, "limits": amounts},
                "securityContext": {
                    **profile,
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
        ],
    }


def _is_complete(job: Any) -> bool:  # noqa: ANN401 - a client without types
    conditions = job.status.conditions or ()
    return any(c.type == "Complete" and c.status == "True" for c in conditions)


def _condition(found: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    conditions = found.get("status", {}).get("conditions", ())
    return next((condition for condition in conditions if condition["type"] == kind), {})

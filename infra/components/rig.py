"""The load rig: Locust's master and its workers as two parked Jobs.

A run puts its order (ConfigMap `load-order`) and what users log in with (Secret `load-accounts`)
beside them and sets `suspend` to false; until then the rig holds a quota and no machine. A worker
that dies is not started again: its users are missing in the counts, and the run says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.batch import v1 as batch
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs
from pulumi_kubernetes.policy import v1 as policy

from infra.components.compute import amounts
from infra.components.metadata import metadata
from infra.components.security import container_security, pod_security
from infra.plan.labels import WORKLOAD_LABEL, tier_labels
from infra.plan.rig import MASTER, WORKER
from infra.plan.values import RigPlan
from province.platform import Compute

COMPONENT_LABEL = "app.kubernetes.io/component"
ORDER, ACCOUNTS = "load-order", "load-accounts"
_ORDER_FOLDER, _ACCOUNTS_FOLDER = "/etc/suyun/order", "/etc/suyun/accounts"
_RUN_FOLDER = "/run/suyun"
_INDEX = "metadata.annotations['batch.kubernetes.io/job-completion-index']"
_LOCUST = ("python", "-m", "locust", "-f", "loadtests/locustfile.py")
_LEAVE_SECONDS = 40
"""Users who leave before the end finish what they began: longer than any request."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """One of the two Jobs: how many pods of which size, and what each of them runs."""

    name: str
    pods: int
    requests: Compute
    limits: Compute
    arguments: tuple[str, ...]
    environment: Sequence[core.EnvVarArgs]


class LoadRig(pulumi.ComponentResource):
    """Depends on what its pods need to be admitted: `needs`, the namespace first."""

    def __init__(
        self,
        plan: RigPlan,
        labels: Mapping[str, str],
        needs: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("suyun:load:LoadRig", plan.namespace, None, opts)
        self._plan = plan
        self._labels = {**labels, **tier_labels(plan.tier), COMPONENT_LABEL: plan.namespace}
        self._inside = pulumi.ResourceOptions(
            parent=self, depends_on=list(needs), deleted_with=needs[0]
        )
        for part in (_master(plan), _workers(plan)):
            self._job(part)
        self._service()
        self._budget()
        self.register_outputs({"workers": plan.workers})

    def _job(self, part: _Part) -> None:
        """Whether it is parked is a run's to say, so that an `up` in between changes nothing."""
        started_by_runs = pulumi.ResourceOptions(ignore_changes=["spec.suspend"])
        batch.Job(
            self._logical(part.name),
            metadata=self._metadata(part.name),
            spec=batch.JobSpecArgs(
                suspend=True,
                completion_mode="Indexed",
                completions=part.pods,
                parallelism=part.pods,
                backoff_limit=0,
                template=core.PodTemplateSpecArgs(
                    metadata=ObjectMetaArgs(labels=self._labels_of(part.name)),
                    spec=_pod(self._plan, part),
                ),
            ),
            opts=pulumi.ResourceOptions.merge(self._inside, started_by_runs),
        )

    def _service(self) -> None:
        """Headless, for there is one master: its name leads to its pod."""
        core.Service(
            self._logical(MASTER),
            metadata=self._metadata(MASTER),
            spec=core.ServiceSpecArgs(
                cluster_ip="None",
                selector={WORKLOAD_LABEL: MASTER},
                ip_family_policy="RequireDualStack",
                ip_families=["IPv4", "IPv6"],
                ports=[core.ServicePortArgs(name="locust", port=self._plan.port, protocol="TCP")],
            ),
            opts=self._inside,
        )

    def _budget(self) -> None:
        """While a run lasts nobody drains a machine under it: one lost worker makes it void."""
        policy.PodDisruptionBudget(
            self._logical(self._plan.namespace),
            metadata=self._metadata(self._plan.namespace),
            spec=policy.PodDisruptionBudgetSpecArgs(
                min_available=self._plan.workers + 1,
                selector=LabelSelectorArgs(match_labels={COMPONENT_LABEL: self._plan.namespace}),
            ),
            opts=self._inside,
        )

    def _logical(self, name: str) -> str:
        return f"{self._plan.namespace}/{name}"

    def _labels_of(self, name: str) -> dict[str, str]:
        return {**self._labels, WORKLOAD_LABEL: name}

    def _metadata(self, name: str) -> ObjectMetaArgs:
        return metadata(name, self._labels_of(name), self._plan.namespace)


def _master(plan: RigPlan) -> _Part:
    return _Part(
        name=MASTER,
        pods=1,
        requests=plan.master_requests,
        limits=plan.master_limits,
        arguments=(
            "--headless",
            "--only-summary",
            "--master",
            f"--master-bind-port={plan.port}",
            f"--expect-workers={plan.workers}",
            "--exit-code-on-error=0",
            f"--stop-timeout={_LEAVE_SECONDS}",
        ),
        environment=(core.EnvVarArgs(name="SUYUN_LOAD_RUN", value=_RUN_FOLDER),),
    )


def _workers(plan: RigPlan) -> _Part:
    number = core.EnvVarSourceArgs(field_ref=core.ObjectFieldSelectorArgs(field_path=_INDEX))
    return _Part(
        name=WORKER,
        pods=plan.workers,
        requests=plan.worker_requests,
        limits=plan.worker_limits,
        arguments=("--worker", f"--master-host={MASTER}", f"--master-port={plan.port}"),
        environment=(core.EnvVarArgs(name="SUYUN_LOAD_WORKER", value_from=number),),
    )


def _pod(plan: RigPlan, part: _Part) -> core.PodSpecArgs:
    return core.PodSpecArgs(
        restart_policy="Never",
        service_account_name=part.name,
        automount_service_account_token=False,
        priority_class_name=plan.priority_class,
        security_context=pod_security(),
        topology_spread_constraints=[
            core.TopologySpreadConstraintArgs(
                max_skew=1,
                topology_key="kubernetes.io/hostname",
                when_unsatisfiable="ScheduleAnyway",
                label_selector=LabelSelectorArgs(match_labels={WORKLOAD_LABEL: part.name}),
            )
        ],
        containers=[_container(plan, part)],
        volumes=_volumes(),
    )


def _container(plan: RigPlan, part: _Part) -> core.ContainerArgs:
    order = core.EnvVarArgs(name="SUYUN_LOAD_ORDER", value=f"{_ORDER_FOLDER}/order.json")
    mounts = {"order": _ORDER_FOLDER, "accounts": _ACCOUNTS_FOLDER, "run": _RUN_FOLDER}
    return core.ContainerArgs(
        name=part.name,
        image=plan.image,
        command=list(_LOCUST),
        args=list(part.arguments),
        env=[order, *part.environment],
        resources=core.ResourceRequirementsArgs(
            requests=amounts(part.requests), limits=amounts(part.limits)
        ),
        security_context=container_security(),
        volume_mounts=[
            core.VolumeMountArgs(name=name, mount_path=path) for name, path in mounts.items()
        ],
    )


def _volumes() -> list[core.VolumeArgs]:
    return [
        core.VolumeArgs(name="order", config_map=core.ConfigMapVolumeSourceArgs(name=ORDER)),
        core.VolumeArgs(
            name="accounts",
            secret=core.SecretVolumeSourceArgs(secret_name=ACCOUNTS, default_mode=0o440),
        ),
        core.VolumeArgs(name="run", empty_dir=core.EmptyDirVolumeSourceArgs()),
    ]

"""One workload of the platform: Deployment, Service, disruption budget and autoscaler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes.apps import v1 as apps
from pulumi_kubernetes.autoscaling import v2 as autoscaling
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs
from pulumi_kubernetes.policy import v1 as policy

from infra.components.compute import amounts
from infra.components.metadata import metadata
from infra.components.security import container_security, pod_security
from infra.plan.labels import WORKLOAD_LABEL, ZONE_LABEL, workload_labels
from infra.plan.values import MountPlan, WorkloadPlan

_PORT = "http"
_HEALTH_PORT = "health"
_OWNER_READS = 0o440
"""Kubernetes' files belong to root and to the pod's group, which is the container's own."""


class Workload(pulumi.ComponentResource):
    """Depends on what its pods need to be admitted: `needs`, the namespace first."""

    def __init__(
        self,
        plan: WorkloadPlan,
        labels: Mapping[str, str],
        needs: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("suyun:platform:Workload", f"{plan.namespace}/{plan.name}", None, opts)
        self._plan = plan
        self._labels = {**labels, **workload_labels(plan)}
        self._inside = pulumi.ResourceOptions(
            parent=self, depends_on=list(needs), deleted_with=needs[0]
        )
        self._deployment()
        self._service()
        self._budget()
        self._autoscaler()
        self.register_outputs({})

    def _deployment(self) -> None:
        """Its replicas are set once; from then on they are the autoscaler's to change."""
        autoscaled = pulumi.ResourceOptions(ignore_changes=["spec.replicas"])
        apps.Deployment(
            self._logical,
            metadata=self._metadata,
            spec=apps.DeploymentSpecArgs(
                replicas=self._plan.replicas,
                selector=LabelSelectorArgs(match_labels=self._selector),
                strategy=apps.DeploymentStrategyArgs(
                    type="RollingUpdate",
                    rolling_update=apps.RollingUpdateDeploymentArgs(
                        max_surge="25%", max_unavailable=0
                    ),
                ),
                template=core.PodTemplateSpecArgs(
                    metadata=ObjectMetaArgs(labels=self._labels),
                    spec=_pod(self._plan, self._selector),
                ),
            ),
            opts=pulumi.ResourceOptions.merge(self._inside, autoscaled),
        )

    def _service(self) -> None:
        core.Service(
            self._logical,
            metadata=self._metadata,
            spec=core.ServiceSpecArgs(
                selector=self._selector,
                ip_family_policy="RequireDualStack",
                ip_families=["IPv4", "IPv6"],
                ports=[
                    core.ServicePortArgs(
                        name=_PORT,
                        port=self._plan.port,
                        target_port=_PORT,
                        protocol="TCP",
                        app_protocol="http",
                    )
                ],
            ),
            opts=self._inside,
        )

    def _budget(self) -> None:
        policy.PodDisruptionBudget(
            self._logical,
            metadata=self._metadata,
            spec=policy.PodDisruptionBudgetSpecArgs(
                min_available=self._plan.available_min,
                selector=LabelSelectorArgs(match_labels=self._selector),
            ),
            opts=self._inside,
        )

    def _autoscaler(self) -> None:
        autoscaling.HorizontalPodAutoscaler(
            self._logical,
            metadata=self._metadata,
            spec=autoscaling.HorizontalPodAutoscalerSpecArgs(
                scale_target_ref=autoscaling.CrossVersionObjectReferenceArgs(
                    api_version="apps/v1", kind="Deployment", name=self._plan.name
                ),
                min_replicas=self._plan.replicas,
                max_replicas=self._plan.replicas_max,
                metrics=[_cpu_metric(self._plan.cpu_target_percent)],
            ),
            opts=self._inside,
        )

    @property
    def _logical(self) -> str:
        return f"{self._plan.namespace}/{self._plan.name}"

    @property
    def _metadata(self) -> ObjectMetaArgs:
        return metadata(self._plan.name, self._labels, self._plan.namespace)

    @property
    def _selector(self) -> dict[str, str]:
        return {WORKLOAD_LABEL: self._plan.name}


def _pod(plan: WorkloadPlan, selector: Mapping[str, str]) -> core.PodSpecArgs:
    return core.PodSpecArgs(
        service_account_name=plan.service_account,
        automount_service_account_token=False,
        priority_class_name=plan.priority_class,
        security_context=pod_security(),
        topology_spread_constraints=[
            _spread(ZONE_LABEL, "DoNotSchedule", selector),
            _spread("kubernetes.io/hostname", "ScheduleAnyway", selector),
        ],
        containers=[_container(plan)],
        volumes=[
            core.VolumeArgs(name="tmp", empty_dir=core.EmptyDirVolumeSourceArgs()),
            *(_volume(mount) for mount in plan.mounts),
        ],
    )


def _container(plan: WorkloadPlan) -> core.ContainerArgs:
    return core.ContainerArgs(
        name=plan.name,
        image=plan.image,
        args=list(plan.arguments) or None,
        ports=_ports(plan),
        resources=_resources(plan),
        readiness_probe=_probe(plan, plan.ready_path, period_seconds=5),
        liveness_probe=_probe(plan, plan.live_path, period_seconds=20),
        security_context=container_security(),
        volume_mounts=[
            core.VolumeMountArgs(name="tmp", mount_path="/tmp"),  # noqa: S108 - in the container
            *(
                core.VolumeMountArgs(name=mount.name, mount_path=mount.path, read_only=True)
                for mount in plan.mounts
            ),
        ],
    )


def _volume(mount: MountPlan) -> core.VolumeArgs:
    if mount.secret:
        source = core.SecretVolumeSourceArgs(secret_name=mount.name, default_mode=_OWNER_READS)
        return core.VolumeArgs(name=mount.name, secret=source)
    return core.VolumeArgs(
        name=mount.name, config_map=core.ConfigMapVolumeSourceArgs(name=mount.name)
    )


def _ports(plan: WorkloadPlan) -> list[core.ContainerPortArgs]:
    health = [(_HEALTH_PORT, plan.health_port)] if plan.health_port is not None else []
    return [
        core.ContainerPortArgs(name=name, container_port=port)
        for name, port in ((_PORT, plan.port), *health)
    ]


def _resources(plan: WorkloadPlan) -> core.ResourceRequirementsArgs:
    """Without limits in the plan there are none here: the policy pack stops such a preview."""
    return core.ResourceRequirementsArgs(
        requests=amounts(plan.requests), limits=amounts(plan.limits) if plan.limits else None
    )


def _probe(plan: WorkloadPlan, path: str, *, period_seconds: int) -> core.ProbeArgs:
    port = _PORT if plan.health_port is None else _HEALTH_PORT
    return core.ProbeArgs(
        http_get=core.HTTPGetActionArgs(path=path, port=port),
        period_seconds=period_seconds,
        timeout_seconds=2,
    )


def _spread(
    topology_key: str, when: str, selector: Mapping[str, str]
) -> core.TopologySpreadConstraintArgs:
    """Evenly over what may take the pods; a new version's pods are counted by themselves."""
    return core.TopologySpreadConstraintArgs(
        max_skew=1,
        topology_key=topology_key,
        when_unsatisfiable=when,
        node_taints_policy="Honor",
        label_selector=LabelSelectorArgs(match_labels=dict(selector)),
        match_label_keys=["pod-template-hash"],
    )


def _cpu_metric(percent: int) -> autoscaling.MetricSpecArgs:
    return autoscaling.MetricSpecArgs(
        type="Resource",
        resource=autoscaling.ResourceMetricSourceArgs(
            name="cpu",
            target=autoscaling.MetricTargetArgs(type="Utilization", average_utilization=percent),
        ),
    )

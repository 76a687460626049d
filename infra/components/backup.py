"""A site's backups as Velero has them: where they go, whose can be restored, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from infra.components.keeping import keeping
from infra.components.metadata import metadata
from infra.plan.labels import bucket_labels, protection_labels
from infra.plan.stateful import BackupPlan, LocationPlan, SchedulePlan

_API = "velero.io/v1"
_KEY = "cloud"


class Backup(pulumi.ComponentResource):
    """The Secrets with the buckets' keys (`objects-<site>`) are put there by whoever holds them."""

    def __init__(
        self,
        plan: BackupPlan,
        labels: Mapping[str, str],
        needs: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions,
        *,
        is_retained: bool,
    ) -> None:
        super().__init__("suyun:data:Backup", plan.namespace, None, opts)
        self._namespace = plan.namespace
        self._labels = labels
        self._is_retained = is_retained
        locations = {one.name: self._location(one, needs) for one in plan.locations}
        for schedule in plan.schedules:
            self._schedule(schedule, [*needs, locations[schedule.location]])
        self.register_outputs({})

    def _location(self, plan: LocationPlan, needs: Sequence[pulumi.Resource]) -> pulumi.Resource:
        """What another site has, or this one has no more, may be let go of."""
        made: pulumi.Resource = CustomResource(
            f"{self._namespace}/{plan.name}",
            api_version=_API,
            kind="BackupStorageLocation",
            metadata=self._metadata(plan.name, bucket_labels(plan.bucket), keeps=plan.is_own),
            spec=_location(plan),
            opts=keeping(self, needs, is_retained=self._is_retained and plan.is_own),
        )
        return made

    def _schedule(self, plan: SchedulePlan, needs: Sequence[pulumi.Resource]) -> None:
        spec = {
            "schedule": plan.cron,
            "useOwnerReferencesInBackup": False,
            "template": {
                "includedNamespaces": list(plan.namespaces),
                "storageLocation": plan.location,
                "ttl": f"{plan.keep_hours}h0m0s",
                "snapshotMoveData": True,
            },
        }
        CustomResource(
            f"{self._namespace}/{plan.name}",
            api_version=_API,
            kind="Schedule",
            metadata=self._metadata(plan.name, {}, keeps=True),
            spec=spec,
            opts=keeping(self, needs, is_retained=self._is_retained),
        )

    def _metadata(self, name: str, labels: Mapping[str, str], *, keeps: bool) -> ObjectMetaArgs:
        protection = protection_labels(is_retained=self._is_retained and keeps)
        return metadata(name, {**self._labels, **labels, **protection}, self._namespace)


def _location(plan: LocationPlan) -> dict[str, Any]:
    return {
        "provider": "aws",
        "default": plan.is_own,
        "accessMode": "ReadWrite" if plan.is_own else "ReadOnly",
        "objectStorage": {"bucket": plan.bucket.bucket},
        "credential": {"name": plan.bucket.secret, "key": _KEY},
        "config": {
            "region": plan.bucket.kept_in,
            "s3Url": plan.bucket.endpoint,
            "s3ForcePathStyle": "true",
            "serverSideEncryption": "AES256",
        },
    }

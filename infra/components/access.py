"""Who may do what at a site, as RBAC objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes.rbac import v1 as rbac

from infra.components.metadata import metadata
from infra.plan.labels import ADMINISTRATOR_LABEL
from infra.plan.values import AccessPlan, BindingPlan, Grant, RolePlan

_GROUP = "rbac.authorization.k8s.io"


class Access(pulumi.ComponentResource):
    """ClusterRoles, each given to a group: in the cluster, or in one of `namespaces`."""

    def __init__(
        self,
        plan: AccessPlan,
        labels: Mapping[str, str],
        namespaces: Mapping[str, Sequence[pulumi.Resource]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("suyun:tier:Access", "access", None, opts)
        self._labels = labels
        self._roles = {role.name: self._role(role) for role in plan.roles}
        for binding in plan.bindings:
            if binding.namespace is None:
                self._in_cluster(binding)
            else:
                self._in_namespace(binding, binding.namespace, namespaces[binding.namespace])
        self.register_outputs({})

    def _role(self, plan: RolePlan) -> rbac.ClusterRole:
        kind = {ADMINISTRATOR_LABEL: plan.administrator} if plan.administrator else {}
        return rbac.ClusterRole(
            plan.name,
            metadata=metadata(plan.name, {**self._labels, **kind}),
            rules=[_rule(grant) for grant in plan.grants],
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _in_cluster(self, plan: BindingPlan) -> None:
        rbac.ClusterRoleBinding(
            plan.name,
            metadata=metadata(plan.name, self._labels),
            role_ref=_role_ref(plan),
            subjects=[_subject(plan)],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._roles[plan.role]]),
        )

    def _in_namespace(
        self, plan: BindingPlan, namespace: str, needs: Sequence[pulumi.Resource]
    ) -> None:
        rbac.RoleBinding(
            f"{namespace}/{plan.name}",
            metadata=metadata(plan.name, self._labels, namespace),
            role_ref=_role_ref(plan),
            subjects=[_subject(plan)],
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[*needs, self._roles[plan.role]],
                deleted_with=needs[0],
            ),
        )


def _rule(grant: Grant) -> rbac.PolicyRuleArgs:
    return rbac.PolicyRuleArgs(
        api_groups=[grant.group],
        resources=list(grant.resources),
        verbs=list(grant.verbs),
        resource_names=list(grant.names) or None,
    )


def _role_ref(plan: BindingPlan) -> rbac.RoleRefArgs:
    return rbac.RoleRefArgs(api_group=_GROUP, kind="ClusterRole", name=plan.role)


def _subject(plan: BindingPlan) -> rbac.SubjectArgs:
    return rbac.SubjectArgs(api_group=_GROUP, kind="Group", name=plan.group)

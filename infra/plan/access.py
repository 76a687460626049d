"""Who may do what: three administrators who cannot do each other's work, and a group for each tier.

GB/T 22239-2019 level 3 (8.1.5.1 to 8.1.5.3) wants system, security and audit administrators apart:
the first runs things, the second says who may do what and who may talk to whom, the third sees
everything and changes nothing. No resource can be written by two of them (`policies` checks it).
Groups are the realm's; the API server takes them from the token's `groups`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infra.plan.edge import EDGE_NAMESPACE
from infra.plan.values import AccessPlan, BindingPlan, Grant, NamespacePlan, RolePlan
from province.platform import Tier
from province.sites import Site

TIER_ROLE = "suyun-tier-operator"
ADMINISTRATORS = ("system", "security", "audit")
"""系统管理员、安全管理员、审计管理员."""

_READ = ("get", "list", "watch")
_WRITE = ("create", "delete", "patch", "update")
_RBAC = "rbac.authorization.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"
_SYSTEM = {
    "": (
        "configmaps",
        "limitranges",
        "namespaces",
        "nodes",
        "persistentvolumeclaims",
        "persistentvolumes",
        "pods",
        "resourcequotas",
        "services",
    ),
    "apps": ("daemonsets", "deployments", "statefulsets"),
    "autoscaling": ("horizontalpodautoscalers",),
    "batch": ("cronjobs", "jobs"),
    "gateway.networking.k8s.io": ("gatewayclasses", "gateways", "httproutes"),
    "policy": ("poddisruptionbudgets",),
    "scheduling.k8s.io": ("priorityclasses",),
    "storage.k8s.io": ("storageclasses",),
}
_SECURITY = {
    "": ("secrets", "serviceaccounts"),
    "networking.k8s.io": ("networkpolicies",),
    _ADMISSION: ("validatingadmissionpolicies", "validatingadmissionpolicybindings"),
    _RBAC: ("clusterrolebindings", "clusterroles", "rolebindings", "roles"),
}
_AUDIT_ONLY = {"": ("events", "pods/log"), "events.k8s.io": ("events",)}
_UNSEEN_BY_AUDIT = "secrets"
_TENANTS = {
    "": ("configmaps", "persistentvolumeclaims", "secrets", "services"),
    "apps": ("deployments", "statefulsets"),
    "autoscaling": ("horizontalpodautoscalers",),
    "batch": ("cronjobs", "jobs"),
    "policy": ("poddisruptionbudgets",),
}
"""What a tier runs in its own namespace. Its quota, walls and rights are not its own to change."""
_TENANTS_SEE = {
    "": ("events", "limitranges", "pods", "pods/log", "resourcequotas"),
    "networking.k8s.io": ("networkpolicies",),
}


def plan_access(site: Site, namespaces: Sequence[NamespacePlan]) -> AccessPlan:
    """The site's roles, and to which groups they are given."""
    tiers = tuple(
        BindingPlan(name="operators", role=TIER_ROLE, group=group, namespace=namespace.name)
        for namespace in namespaces
        for group in _groups(site, namespace)
    )
    return AccessPlan(roles=_roles(), bindings=(*_administrators(), *tiers))


def administrator_group(administrator: str) -> str:
    """The realm's group of one of `ADMINISTRATORS`."""
    return f"suyun:administrators:{administrator}"


def tier_group(tier: Tier, name: str | None = None) -> str:
    """The realm's group of a tier's operators, such as `suyun:county:suzhou-gusu`."""
    return f"suyun:{tier.value}" + (f":{name}" if name else "")


def _groups(site: Site, namespace: NamespacePlan) -> Iterator[str]:
    """One, but none for the edge: it is the system administrator's."""
    if namespace.name == EDGE_NAMESPACE:
        return
    names = {Tier.PROVINCE: None, Tier.COUNTY: namespace.county}
    yield tier_group(namespace.tier, names.get(namespace.tier, site.id))


def _roles() -> tuple[RolePlan, ...]:
    return (
        _administrator("system", (*_all(_SYSTEM, _READ + _WRITE), *_all(_AUDIT_ONLY, _READ))),
        _administrator("security", (*_all(_SECURITY, _READ + _WRITE), _may_bind())),
        _administrator("audit", _all(_audited(), _READ)),
        RolePlan(
            name=TIER_ROLE, grants=(*_all(_TENANTS, _READ + _WRITE), *_all(_TENANTS_SEE, _READ))
        ),
    )


def _administrator(name: str, grants: tuple[Grant, ...]) -> RolePlan:
    return RolePlan(name=f"suyun-{name}-administrator", grants=grants, administrator=name)


def _administrators() -> Iterator[BindingPlan]:
    for name in ADMINISTRATORS:
        role = f"suyun-{name}-administrator"
        yield BindingPlan(name=role, role=role, group=administrator_group(name))


def _may_bind() -> Grant:
    """The security administrator makes operators, but no administrators: those come by code."""
    return Grant(group=_RBAC, resources=("clusterroles",), verbs=("bind",), names=(TIER_ROLE,))


def _audited() -> dict[str, tuple[str, ...]]:
    """Everything that the others may touch, but for what is in Secrets."""
    seen: dict[str, set[str]] = {}
    for resources in (_SYSTEM, _SECURITY, _AUDIT_ONLY):
        for group, names in resources.items():
            seen.setdefault(group, set()).update(names)
    seen[""].discard(_UNSEEN_BY_AUDIT)
    return {group: tuple(sorted(names)) for group, names in seen.items()}


def _all(resources: dict[str, tuple[str, ...]], verbs: tuple[str, ...]) -> tuple[Grant, ...]:
    return tuple(
        Grant(group=group, resources=names, verbs=verbs) for group, names in resources.items()
    )

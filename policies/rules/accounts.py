"""Rules about who a pod is for the API server, and what roles grant."""

from __future__ import annotations

from collections.abc import Iterator

from policies.field import Problem, equals, forbid, is_false, require
from policies.manifest import Manifest
from policies.norms import cis, gbt, nsa
from policies.pods import pods
from policies.rule import ManifestRule

_RBAC = "rbac.authorization.k8s.io"


def _default_account_unused(manifest: Manifest) -> Iterator[Problem]:
    for pod in pods(manifest):
        name = pod.at("spec", "serviceAccountName")
        hint = f"set {name.path} to a ServiceAccount of the workload's own"
        yield from require(name, lambda value: not equals("default", "")(value), hint)
        token = pod.at("spec", "automountServiceAccountToken")
        yield from require(token, is_false, f"set {token.path} to false")
    if manifest.group == _RBAC and manifest.kind in {"RoleBinding", "ClusterRoleBinding"}:
        yield from _default_account_unbound(manifest)


def _default_account_unbound(manifest: Manifest) -> Iterator[Problem]:
    for subject in manifest.root["subjects"].each():
        if subject["kind"].value != "User":
            hint = f"bind a ServiceAccount of the workload's own: {subject.path}"
            yield from forbid(subject["name"], equals("default"), hint)


def _roles_are_precise(manifest: Manifest) -> Iterator[Problem]:
    if manifest.group != _RBAC:
        return
    for rule in manifest.root["rules"].each():
        for key in ("verbs", "resources", "apiGroups"):
            for value in rule[key].each():
                yield from forbid(
                    value, equals("*"), f"list the {key} that are needed: {value.path}"
                )
    role = manifest.root.at("roleRef", "name")
    hint = f"set {role.path} to a role that grants only what is needed"
    yield from forbid(role, equals("cluster-admin"), hint)


RULES = (
    ManifestRule(
        id="default-service-account-unused",
        sentence="No pod goes by the default account or carries a token that it does not need",
        claim="security",
        rationale="All pods of a namespace share its default account, so a grant to one is a grant "
        "to all; and a mounted token is the first thing an intruder takes.",
        references=(
            gbt("8.1.4.2 CES1-06 (no default accounts)"),
            cis("5.1.5 (default service accounts), 5.1.6 (tokens only where necessary)"),
            nsa("Protecting Pod service account tokens"),
        ),
        judge=_default_account_unused,
        keeps="""\
apiVersion: v1
kind: Pod
metadata: {name: catalogue, namespace: city}
spec:
  serviceAccountName: catalogue
  automountServiceAccountToken: false
""",
        breaks="""\
apiVersion: v1
kind: Pod
metadata: {name: catalogue, namespace: city}
spec:
  serviceAccountName: default
  automountServiceAccountToken: false
""",
    ),
    ManifestRule(
        id="roles-name-what-they-grant",
        sentence="Each role names what it grants; nobody is given everything",
        claim="security",
        rationale="A wildcard also grants what will be installed later; least privilege and "
        "separate administrators can only be reviewed where grants are listed.",
        references=(
            gbt("8.1.4.2 CES1-08 (least privilege, separate administrators)"),
            cis("5.1.1 (cluster-admin), 5.1.3 (wildcards)"),
        ),
        judge=_roles_are_precise,
        keeps="""\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: city}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [get, list]}]
""",
        breaks="""\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: city}
rules: [{apiGroups: [""], resources: [configmaps], verbs: ["*"]}]
""",
    ),
)

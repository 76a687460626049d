"""Rules about administrators: three of them, and none can do another's work."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from infra.plan.access import ADMINISTRATORS
from infra.plan.labels import ADMINISTRATOR_LABEL
from policies.field import Field, Problem, equals, require
from policies.manifest import Manifest, Stack
from policies.norms import cis, gbt
from policies.rule import StackRule

_RBAC = "rbac.authorization.k8s.io"
_READING = equals("get", "list", "watch")
_BINDINGS = ("ClusterRoleBinding", "RoleBinding")
_AUDIT = "audit"
_APART = "give it to one administrator only"
Written = dict[tuple[object, object], Field]


def _are_separate(stack: Stack) -> Iterator[tuple[Manifest, Problem]]:
    roles = [role for role in stack.of("ClusterRole", _RBAC) if not _kind(role).is_missing]
    for role in roles:
        hint = f"set {_kind(role).path} to one of {', '.join(ADMINISTRATORS)}"
        for problem in require(_kind(role), equals(*ADMINISTRATORS), hint):
            yield role, problem
        for problem in _unjudgeable(role):
            yield role, problem
        if _kind(role).value == _AUDIT:
            for verb in _writing(role):
                yield role, Problem(f"{verb.seen}, but an auditor changes nothing", "remove it")
    for one, other in combinations(roles, 2):
        for resource in _written(one).keys() & _written(other).keys():
            seen = f"{_written(other)[resource].path} is written by {one.name} too"
            yield other, Problem(seen, _APART)
    yield from _given_apart(stack, {role.name for role in roles})


def _given_apart(stack: Stack, roles: set[str]) -> Iterator[tuple[Manifest, Problem]]:
    """Nobody is given two of the roles; a subject that is not known could be anybody."""
    held: dict[str, str] = {}
    for binding in (found for kind in _BINDINGS for found in stack.of(kind, _RBAC)):
        role = binding.root.at("roleRef", "name").text
        if role not in roles:
            continue
        for name in (subject["name"] for subject in binding.root["subjects"].each()):
            first = held.setdefault(name.text, role)
            if name.text == "" or first != role:
                seen = f"{name.seen} and holds {first} too" if name.text else name.seen
                yield binding, Problem(seen, _APART)


def _kind(role: Manifest) -> Field:
    return role.root.at("metadata", "labels", ADMINISTRATOR_LABEL)


def _unjudgeable(role: Manifest) -> Iterator[Problem]:
    """Whatever decides what a role writes has to be known."""
    for rule in role.root["rules"].each():
        parts = [rule, rule["apiGroups"], rule["resources"], rule["verbs"]]
        listed = [item for key in parts[1:] for item in key.each()]
        for field in (*parts, *listed):
            if field.is_unknown:
                yield Problem(field.seen, f"give {field.path} as values known to the plan")


def _writing(role: Manifest) -> Iterator[Field]:
    for rule in role.root["rules"].each():
        for verb in rule["verbs"].each():
            if not _READING(verb.value) and not verb.is_unknown:
                yield verb


def _written(role: Manifest) -> Written:
    """What the role may write: (API group, resource), with the field that says so."""
    return {
        (group.text, resource.text): resource
        for rule in role.root["rules"].each()
        if any(not _READING(verb.value) for verb in rule["verbs"].each())
        for group in rule["apiGroups"].each()
        for resource in rule["resources"].each()
    }


RULES = (
    StackRule(
        id="administrators-are-separate",
        sentence="System, security and audit administrators cannot do each other's work",
        claim="security",
        rationale="Whoever runs the system must not be able to give rights or to remove traces; "
        "whoever gives rights must not run things with them; whoever audits changes nothing. "
        "The roles are those that bear the label suyun.io/administrator.",
        references=(
            gbt("8.1.4.2 CES1-08 (separate administrators)"),
            gbt("8.1.5.1 SMC1-01, 8.1.5.2 SMC1-03, 8.1.5.3 SMC1-05 (system, audit, security)"),
            cis("5.1.8 (bind, impersonate and escalate)"),
        ),
        judge=_are_separate,
        keeps="""\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: auditor, labels: {suyun.io/administrator: audit}}
rules: [{apiGroups: [""], resources: [events], verbs: [get, list]}]
""",
        breaks="""\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: auditor, labels: {suyun.io/administrator: audit}}
rules: [{apiGroups: [""], resources: [events], verbs: [get, delete]}]
""",
    ),
)

"""The preview pack: every rule, mandatory, where Pulumi asks before it creates or changes anything.

Pulumi's analyzer runs this file in this folder. The repository's root goes before it on the import
path, so that all modules keep their one name. A resource whose values are not known
yet is judged all the same, with what is unknown marked as such (`policies.field`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyPack,
    ReportViolation,
    ResourceValidation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidation,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from policies.catalogue import manifest_rules, stack_rules
from policies.field import UNKNOWN
from policies.manifest import Manifest, Stack, manifests_of
from policies.rule import ManifestRule, Rule, StackRule
from province.findings import Finding

_OPAQUE = "kubernetes:helm.sh/v3:Release"


def policies() -> list[Policy]:
    """A policy for each rule, under the rule's id."""
    return [
        *(_policy(ResourceValidationPolicy, rule, _validate(rule)) for rule in manifest_rules()),
        *(_policy(StackValidationPolicy, rule, _validate_stack(rule)) for rule in stack_rules()),
    ]


def _policy(
    kind: type[ResourceValidationPolicy | StackValidationPolicy],
    rule: Rule,
    validate: ResourceValidation | StackValidation,
) -> Policy:
    return kind(
        name=rule.id,
        description=f"{rule.sentence}.",
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY,
    )


def _validate(rule: ManifestRule) -> ResourceValidation:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        for finding in rule.check(_read(args)):
            report(_message(finding), None)

    return validate


_READ: dict[str, Stack] = {}
"""What each resource consists of, by URN: Pulumi asks of it once, and then rule after rule."""


def _read(args: ResourceValidationArgs) -> Stack:
    if args.urn not in _READ:
        _READ[args.urn] = Stack(_manifests(args.resource_type, args.name, args.props, args.urn))
    return _READ[args.urn]


def _validate_stack(rule: StackRule) -> StackValidation:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        stack = Stack(
            manifest
            for resource in args.resources
            for manifest in _manifests(
                resource.resource_type, resource.name, resource.props, resource.urn
            )
        )
        for finding in rule.check(stack):
            report(_message(finding), finding.location)

    return validate


def _message(finding: Finding) -> str:
    """What `infra.fleet` reads a finding from; Pulumi's event itself does not say who broke it."""
    return f"{finding.subject}: {finding.evidence}\nFix: {finding.hint}"


def _manifests(
    resource_type: str, name: str, properties: Mapping[str, object], urn: str
) -> tuple[Manifest, ...]:
    """The Kubernetes objects of one resource: none for providers and components."""
    if resource_type == _OPAQUE:
        release = {"apiVersion": "helm.sh/v3", "kind": "Release", "metadata": {"name": name}}
        return tuple(manifests_of(release, urn))
    if not resource_type.startswith("kubernetes:") or "kind" not in properties:
        return ()
    return tuple(manifests_of(_plain(properties), urn))


def _plain(value: object) -> object:
    """The value without Pulumi's proxies, which raise where a value is not known yet."""
    if isinstance(value, Mapping):
        return {key: _known(partial(value.__getitem__, key)) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_known(partial(value.__getitem__, index)) for index in range(len(value))]
    return value


def _known(read: Callable[[], object]) -> object:
    try:
        return _plain(read())
    except UnknownValueError:
        return UNKNOWN


if __name__ == "__main__":
    PolicyPack("suyun", policies=policies())

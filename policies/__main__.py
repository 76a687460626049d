"""The preview pack: every rule, mandatory, where Pulumi asks before it creates or changes anything.

Pulumi's analyzer runs this file in this folder. The repository's root goes before it on the import
path, so that all modules keep their one name. A resource whose values are not known
yet is judged all the same, with what is unknown marked as such (`policies.field`).

The policy SDK 1.21 unpacks each resource anew for each rule, and once more to ask for
remediations, which no rule has: `unpack_once` mends both.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidation,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy import policy as sdk
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


_READ: dict[int, tuple[object, Stack]] = {}
"""What each resource consists of, by its properties' identity, which lasts as they are kept here.
Rule after rule is given the same properties (`unpack_once`)."""


def _read(resource: ResourceValidationArgs | PolicyResource) -> Stack:
    given = resource.props
    if id(given) not in _READ:
        read = _manifests(resource.resource_type, resource.name, given, resource.urn)
        _READ[id(given)] = (given, Stack(read))
    return _READ[id(given)][1]


def _validate_stack(rule: StackRule) -> StackValidation:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        each = (_read(resource).manifests for resource in args.resources)
        for finding in rule.check(Stack(chain.from_iterable(each))):
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


class _Unpacking:
    """Stands for `json_format` where the SDK unpacks a message: once, and not for each rule."""

    def __init__(self) -> None:
        self.MessageToDict = _once(sdk.json_format.MessageToDict)


def unpack_once() -> None:
    """Makes the SDK unpack a resource once for all rules, and not at all for remediations."""
    sdk.json_format = _Unpacking()
    sdk.deserialize_properties = _once(sdk.deserialize_properties)
    sdk.unknown_checking_proxy = _once(sdk.unknown_checking_proxy)
    sdk._PolicyAnalyzerServicer.Remediate = lambda *_: sdk.proto.RemediateResponse()  # noqa: SLF001 - no option


def _once(work: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same work, done once for each object: an object that is kept keeps its id its own."""
    done: dict[int, tuple[object, Any]] = {}

    def remembered(given: object) -> Any:  # noqa: ANN401 - whatever the SDK makes of it
        if id(given) not in done:
            done[id(given)] = (given, work(given))
        return done[id(given)][1]

    return remembered


if __name__ == "__main__":
    unpack_once()
    PolicyPack("suyun", policies=policies())

"""Rules about all resources: policies must be able to see what they judge."""

from __future__ import annotations

from collections.abc import Iterator

from policies.field import Problem, forbid, require
from policies.manifest import Manifest
from policies.norms import k8s, nsa
from policies.rule import ManifestRule


def _known(manifest: Manifest) -> Iterator[Problem]:
    root, metadata = manifest.root, manifest.root["metadata"]
    if manifest.is_a("Release", group="helm.sh"):
        yield Problem(
            "what a Helm Release deploys cannot be seen at preview",
            "use kubernetes.helm.v4.Chart, which renders to resources",
        )
    for field in (root["apiVersion"], root["kind"]):
        yield from require(field, _is_name, f"set {field.path} to a text known to the plan")
    if metadata["generateName"].is_missing:
        hint = f"set {metadata['name'].path} to a text known to the plan"
        yield from require(metadata["name"], _is_name, hint)
    yield from _identity_known(manifest)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _identity_known(manifest: Manifest) -> Iterator[Problem]:
    metadata = manifest.root["metadata"]
    hint = f"set {metadata['namespace'].path} to a namespace known to the plan"
    yield from forbid(
        metadata["namespace"], lambda value: not _is_name(value) or value == "default", hint
    )
    for field in (metadata["labels"], manifest.root["spec"], manifest.root["items"]):
        yield from forbid(field, lambda _: False, f"give {field.path} as values known to the plan")


RULES = (
    ManifestRule(
        id="resources-are-known",
        sentence="What is deployed is known before it is deployed, and has a place of its own",
        claim="security",
        rationale="A rule cannot judge what it cannot see: outputs of other resources, Helm "
        "Releases; and in the namespace `default` no quota, wall or tier applies.",
        references=(k8s("Namespaces"), nsa("Namespaces")),
        judge=_known,
        keeps="""\
apiVersion: v1
kind: ConfigMap
metadata: {name: catalogue, namespace: city}
""",
        breaks="""\
apiVersion: v1
kind: ConfigMap
metadata: {name: catalogue, namespace: default}
""",
    ),
)

"""A Kubernetes object as its author wrote it: the value that every rule judges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field

from policies.field import UNKNOWN, Field

_UNKNOWN_TEXT = "(unknown)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """One object. `location` is `file:line` or, in a preview, the resource's URN.

    A text that is missing is empty; one that is not yet known is `(unknown)`, which no rule takes
    for any name (the rule `resources-are-known` refuses it anyhow).
    """

    api_version: str
    kind: str
    namespace: str
    name: str
    labels: Mapping[str, str]
    properties: Mapping[str, object] = dataclass_field(repr=False)
    location: str | None = None

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def subject(self) -> str:
        """`Kind namespace/name`, as findings name it."""
        return f"{self.kind} {self.namespace}/{self.name}".replace(" /", " ")

    @property
    def root(self) -> Field:
        """The whole object as a field."""
        return Field("", self.properties)

    def is_a(self, kind: str, group: str) -> bool:
        """Whether it is an object of that kind and API group (empty for the core group)."""
        return (self.kind, self.group) == (kind, group)


class Stack:
    """All manifests that are deployed together, for rules that hold between them."""

    def __init__(self, manifests: Iterable[Manifest]) -> None:
        self.manifests = tuple(manifests)

    def of(self, kind: str, group: str, namespace: str | None = None) -> Iterator[Manifest]:
        """Those of a kind; in one namespace, when one is given."""
        return (
            manifest
            for manifest in self.manifests
            if manifest.is_a(kind, group) and namespace in {None, manifest.namespace}
        )


def manifests_of(properties: object, location: str | None = None) -> Iterator[Manifest]:
    """The manifest of those properties, or the manifests of the items when they are a List."""
    root = Field("", properties)
    if _text(root["kind"]).endswith("List") and isinstance(root["items"].value, list):
        for item in root["items"].each():
            yield from manifests_of(item.value, location)
    else:
        yield _manifest(root, location)


def _manifest(root: Field, location: str | None) -> Manifest:
    labels = root.at("metadata", "labels").value
    return Manifest(
        api_version=_text(root["apiVersion"]),
        kind=_text(root["kind"]),
        namespace=_text(root.at("metadata", "namespace")),
        name=_text(root.at("metadata", "name")),
        labels={key: str(value) for key, value in labels.items()}
        if isinstance(labels, Mapping)
        else {},
        properties=root.value if isinstance(root.value, Mapping) else {},
        location=location,
    )


def _text(field: Field) -> str:
    return _UNKNOWN_TEXT if field.value is UNKNOWN else field.text

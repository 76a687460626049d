"""How a Pulumi resource is called when people read of it."""

from __future__ import annotations


def resource_name(urn: str) -> str:
    """`Deployment city/catalogue` for the URN of that Deployment.

    A URN is `urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME`, a type `package:module:Kind`.
    """
    *_, types, name = urn.split("::")
    kind = types.rsplit("$", 1)[-1].rsplit(":", 1)[-1]
    return f"{kind} {name}"


def is_component(urn: str) -> bool:
    """Whether the URN is of a grouping of ours or of Pulumi's own, not of a cluster's object."""
    kind = urn.split("::")[-2].rsplit("$", 1)[-1]
    return not kind.startswith("kubernetes:")

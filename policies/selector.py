"""Label selectors, as Kubernetes defines them (`LabelSelector`)."""

from __future__ import annotations

from collections.abc import Mapping

from policies.field import Field


def selects_all(selector: Field) -> bool:
    """Whether the selector is there and has no terms, which selects everything."""
    return (
        isinstance(selector.value, Mapping)
        and selector["matchLabels"].is_empty
        and selector["matchExpressions"].is_empty
    )


def selects(selector: Field, labels: Field) -> bool:
    """Whether it surely selects something with those labels. A missing selector selects nothing."""
    wanted = selector["matchLabels"].value
    if not isinstance(selector.value, Mapping) or labels.is_unknown:
        return False
    if isinstance(wanted, Mapping) and any(
        labels[key].value != value for key, value in wanted.items()
    ):
        return False
    if selector["matchLabels"].is_unknown:
        return False
    return all(_holds(term, labels) for term in selector["matchExpressions"].each())


def _holds(term: Field, labels: Field) -> bool:
    label = labels[term["key"].text]
    listed = any(value.value == label.value for value in term["values"].each())
    return {
        "In": listed,
        "NotIn": not listed and not label.is_unknown and not term["values"].is_unknown,
        "Exists": not label.is_missing,
        "DoesNotExist": label.is_missing,
    }.get(term["operator"].text, False)

"""What every object of a site bears: its name, its labels, and how Pulumi treats it.

`pulumi.com/skipAwait`: each object is created without waiting for its status; one gate at the end
of the stack waits for all of them (`infra.fleet.readiness`). Awaiting one by one took 40 s for ten
Deployments, for the SDK keeps only a few resources in flight.

`pulumi.com/patchForce`: a field that somebody changed by hand belongs to them in the eyes of
server-side apply, and taking it back would fail as a conflict. What is in code wins.
"""

from __future__ import annotations

from collections.abc import Mapping

from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

_ANNOTATIONS = {"pulumi.com/patchForce": "true", "pulumi.com/skipAwait": "true"}


def metadata(
    name: str,
    labels: Mapping[str, str],
    namespace: str | None = None,
    annotations: Mapping[str, str] | None = None,
) -> ObjectMetaArgs:
    """The metadata of one object; `namespace` is left out for what belongs to the cluster.

    `annotations` come on top of those that every object bears.
    """
    return ObjectMetaArgs(
        name=name,
        namespace=namespace,
        labels=dict(labels),
        annotations={**_ANNOTATIONS, **(annotations or {})},
    )

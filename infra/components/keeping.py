"""How Pulumi treats what holds data: in production it neither deletes it nor lets go of it."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi


def keeping(
    parent: pulumi.Resource, needs: Sequence[pulumi.Resource], *, is_retained: bool
) -> pulumi.ResourceOptions:
    """Options of an object that needs those, its namespace first.

    Retained, it is refused to be deleted or replaced (`protect`); and once somebody has lifted
    that, or taken it out of the code, the object itself stays (`retain_on_delete`).
    """
    return pulumi.ResourceOptions(
        parent=parent,
        depends_on=list(needs),
        deleted_with=None if is_retained else needs[0],
        protect=is_retained,
        retain_on_delete=is_retained,
    )

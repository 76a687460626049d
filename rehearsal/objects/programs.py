"""Ceph's programs as a site runs them: which there have to be, and what they trust."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from rehearsal.debian import command_for
from rehearsal.objects.errors import ObjectStoreError
from rehearsal.objects.layout import StoreLayout

PACKAGES = {
    "ceph-mon": "ceph-mon",
    "ceph-osd": "ceph-osd",
    "monmaptool": "ceph-mon",
    "osdmaptool": "ceph-mon",
    "radosgw": "radosgw",
    "radosgw-admin": "radosgw",
}
"""Every program that is needed, and the package that has it."""
NEEDED = tuple(PACKAGES)
_SYSTEM_AUTHORITIES = "/etc/ssl/certs"
_UNDER_ITS_OWN = f'mount --bind "$0" {_SYSTEM_AUTHORITIES} && exec "$@"'


def require(programs: Mapping[str, Path]) -> None:
    """Raises ObjectStoreError, with the command that mends it, unless all of them are there."""
    missing = [name for name in NEEDED if name not in programs or not programs[name].is_file()]
    if missing:
        packages = sorted({PACKAGES[name] for name in missing})
        raise ObjectStoreError(
            f"not installed: {', '.join(missing)} of Ceph", command_for(" ".join(packages))
        )


def trusting(layout: StoreLayout, program: Path, *arguments: str) -> tuple[str, ...]:
    """A program that trusts the authority of this run and no other, at that site.

    A gateway fetches from others through a libcurl that can be told of no authority but the
    system's. So it gets a mount namespace in which that folder is the site's own.
    """
    user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    inner = ("sh", "-c", _UNDER_ITS_OWN, str(layout.trusted), str(program), *arguments)
    return (*layout.place.prefix, "unshare", "--mount", *user, *inner)

"""Which definitions a management cluster is given, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rehearsal.toolchain.pins import MANAGEMENT_CRDS

_OWN = Path(__file__).resolve().parent / "crds"


def management_folders(assets: Mapping[str, Path]) -> tuple[Path, ...]:
    """The folders of Cluster API's own definitions, and of ours of the machine room."""
    return (*(assets[name] for name in MANAGEMENT_CRDS), _OWN)

"""Where a checkout keeps what it makes: state, runs and the toolchain's cache."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True, slots=True)
class Workspace:
    """Folders of one checkout. `state` can be deleted at any time that nothing runs."""

    root: Path
    state: Path
    runs: Path
    cache: Path

    @classmethod
    def here(cls) -> Workspace:
        """This code's checkout; `SUYUN_STATE`, `SUYUN_RUNS` and `SUYUN_CACHE` move its folders."""
        return cls(
            root=ROOT,
            state=_folder("SUYUN_STATE", ROOT / ".suyun"),
            runs=_folder("SUYUN_RUNS", ROOT / "runs"),
            cache=_folder("SUYUN_CACHE", _user_cache() / "suyun"),
        )

    @property
    def province_file(self) -> Path:
        """The province that is used unless another is named."""
        return self.root / "stacks" / "province.yaml"

    @property
    def policy_pack(self) -> Path:
        """The mandatory policy pack."""
        return self.root / "policies"


def _folder(variable: str, default: Path) -> Path:
    return Path(os.environ.get(variable) or default).absolute()


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")

"""Where a checkout keeps what it makes: state, runs and the toolchain's cache."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROVINCE_VARIABLE = "SUYUN_PROVINCE"
"""Names the province for a whole shell, or for the commands of a drill."""


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
            state=_path("SUYUN_STATE", ROOT / ".suyun"),
            runs=_path("SUYUN_RUNS", ROOT / "runs"),
            cache=_path("SUYUN_CACHE", _user_cache() / "suyun"),
        )

    @property
    def province_file(self) -> Path:
        """The province that is used unless another is named; `SUYUN_PROVINCE` moves it."""
        return _path(PROVINCE_VARIABLE, self.root / "stacks" / "province.yaml")

    def environment(self, province_file: Path) -> dict[str, str]:
        """What makes a suyun that is started from here, in any folder, use these and no others."""
        return {
            "SUYUN_STATE": str(self.state),
            "SUYUN_RUNS": str(self.runs),
            "SUYUN_CACHE": str(self.cache),
            PROVINCE_VARIABLE: str(province_file),
        }

    @property
    def policy_pack(self) -> Path:
        """The mandatory policy pack."""
        return self.root / "policies"


def _path(variable: str, default: Path) -> Path:
    return Path(os.environ.get(variable) or default).absolute()


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")

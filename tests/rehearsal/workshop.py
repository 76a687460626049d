"""A toolchain with a Go of our own making: a script that does as it is told."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from processes.supervisor import Supervisor
from rehearsal.toolchain.keys import this_platform
from rehearsal.toolchain.pins import Acceptable, Asset, GoTool, Pin, Release
from rehearsal.toolchain.toolchain import Toolchain
from rehearsal.toolchain.values import Binary, ToolProgress, ToolStatus

_GO = """#!/bin/sh
here=$(dirname "$0")
case $1 in
  version) echo "go version go$(cat "$here/go-version") linux/amd64"; exit ;;
  list) basename "$PWD" >> "$here/lists"; exit ;;
  mod) printf '{"Dir": "%s"}\\n' "$here/module"; exit ;;
esac
while [ "$1" != -o ]; do shift; done
target=$2 name=$(basename "$2")
echo "$name" >> "$here/builds"
ls > "$here/seen"
mkdir -p "$(dirname "$target")"
if [ -f "$here/complaint" ]; then cat "$here/complaint" >&2; exit 1; fi
if [ -f "$here/slow" ]; then printf half > "$target"; sleep 60; fi
cp "$here/program" "$target"
chmod 755 "$target"
"""

_ACCEPTABLE = Acceptable(at_least=(1, 2, 0), below=(1, 3, 0))


def says(text: str) -> str:
    """A program that says this, whatever it is asked."""
    return f"#!/bin/sh\necho '{text}'\n"


CRASHES = "#!/bin/sh\nkill -SEGV $$\n"


def pin(name: str, seconds: float = 10.0, **changes: object) -> GoTool:
    tool = GoTool(
        name=name,
        version="1.2.3",
        module=f"example.org/{name}",
        module_version="v1.2.3",
        package=".",
        folder=name,
        linker_flags="-s",
        acceptable=_ACCEPTABLE,
        seconds=seconds,
    )
    return dataclasses.replace(tool, **changes)  # type: ignore[arg-type]  # fields by name


class Workshop:
    """Tools `one` and `two`, an asset `sheets`, an empty cache, and PATH with the false Go."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.go = folder / "go"
        self.cache = folder / "cache"
        self.sources = folder / "tools"
        self.pins: dict[str, Pin] = {"one": pin("one"), "two": pin("two", 30.0)}
        self.sheets = Asset(
            name="sheets", module="example.org/s", module_version="v1.0.0", folder="sheets"
        )
        self.told: list[ToolProgress] = []

    @classmethod
    def made(cls, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
        shop = cls(folder)
        for name in ("one", "two", "crds"):
            (shop.sources / name).mkdir(parents=True)
            (shop.sources / name / "go.mod").write_text(f"module {name}\n")
            (shop.sources / name / "go.sum").write_text("")
        (shop.go / "module" / "sheets" / "inner").mkdir(parents=True)
        (shop.go / "module" / "sheets" / "inner" / "a.yaml").write_text("kind: A\n")
        shop.put_program("go", _GO, shop.go)
        (shop.go / "go-version").write_text("1.24.7")
        (shop.go / "program").write_text(says("tool v1.2.3"))
        monkeypatch.setenv("PATH", f"{shop.go}:{folder / 'path'}:/usr/bin:/bin")
        return shop

    def put_program(self, name: str, text: str, folder: Path | None = None) -> Path:
        """A program on PATH."""
        path = (folder or self.folder / "path") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def without_go(self) -> None:
        (self.go / "go").write_text("#!/bin/sh\nexit 127\n")

    @property
    def builds(self) -> list[str]:
        log = self.go / "builds"
        return log.read_text().split() if log.exists() else []

    @property
    def entries(self) -> list[Path]:
        return sorted((self.cache / "entries").glob("*"))

    @property
    def notices(self) -> list[str]:
        return [progress.text for progress in self.told if progress.notice]

    def toolchain(self, supervisor: Supervisor) -> Toolchain:
        assets = {"sheets": self.sheets}
        return Toolchain(
            self.cache, supervisor, pins=self.pins, assets=assets, sources=self.sources
        )

    async def ensure_async(self, *names: str) -> Mapping[str, Binary]:
        async with Supervisor(self.folder / "owner") as supervisor:
            return await self.toolchain(supervisor).ensure(names, self.told.append)

    def ensure(self, *names: str) -> Mapping[str, Binary]:
        self.told.clear()
        return asyncio.run(self.ensure_async(*names))

    def asset(self) -> Path:
        async def scene() -> Path:
            async with Supervisor(self.folder / "owner") as supervisor:
                return (await self.toolchain(supervisor).assets(["sheets"]))["sheets"]

        return asyncio.run(scene())

    def survey(self) -> tuple[ToolStatus, ...]:
        async def scene() -> tuple[ToolStatus, ...]:
            async with Supervisor(self.folder / "owner") as supervisor:
                return await self.toolchain(supervisor).survey()

        return asyncio.run(scene())

    def pin_release(self, name: str, url: str, sha256: str, member: str) -> None:
        release = Release(url=url, sha256=sha256, member=member)
        self.pins[name] = pin(name, releases={this_platform(): release})


if __name__ == "__main__":
    Workshop(Path(sys.argv[1])).ensure("one")

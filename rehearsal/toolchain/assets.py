"""Folders of manifests out of Go modules: the projects' own, checked against go.sum."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from rehearsal.toolchain.cache import Cache, CorruptEntryError, key_of
from rehearsal.toolchain.errors import ToolchainError
from rehearsal.toolchain.go import Go, copy_sources
from rehearsal.toolchain.pins import Asset

MODULE = "crds"
"""The folder in `tools/` whose go.mod requires all assets' modules."""


class AssetStore:
    """Copies assets out of the module cache into ours, where they are whole or not there."""

    def __init__(self, cache: Cache, go: Go, assets: Mapping[str, Asset], sources: Path) -> None:
        self._cache = cache
        self._go = go
        self._assets = assets
        self._source = sources / MODULE

    async def folder(self, name: str) -> Path:
        """That asset's folder, not to be written to. Raises ToolchainError."""
        asset = self._assets[name]
        key = key_of(
            (self._source / "go.sum").read_bytes(),
            asset.module,
            asset.folder,
            *asset.files,
            *asset.definitions,
        )
        found = self._found(key, name)
        if found is None:
            async with self._cache.lock(lambda: None):
                found = self._found(key, name) or await self._made(asset, key)
        return found

    def _found(self, key: str, name: str) -> Path | None:
        try:
            found = self._cache.find(key, name)
        except CorruptEntryError:
            return None
        return found[0] if found else None

    async def _made(self, asset: Asset, key: str) -> Path:
        await self._go.require(f"the asset {asset.name}")
        work = self._cache.staging(f"asset-{asset.name}")
        copy_sources(self._source, work)
        module = await self._go.module_folder(asset.module, work)
        if not (module / asset.folder).is_dir():
            raise ToolchainError(
                f"{asset.module} {asset.module_version} has no folder {asset.folder}",
                "mend the asset's pin",
            )
        made = work / asset.name
        _copy(module / asset.folder, made, asset)
        for path in (made, *made.rglob("*")):
            if path.is_dir():
                path.chmod(0o755)  # the module cache's folders are read-only, and so their copies
        return self._cache.put(key, made, asset.module_version, "module")[0]


def _copy(folder: Path, made: Path, asset: Asset) -> None:
    """The whole folder, or those files of it. Raises ToolchainError when one is not there."""
    if not asset.files:
        shutil.copytree(folder, made, copy_function=shutil.copyfile)
        return
    made.mkdir()
    for name in asset.files:
        if not (folder / name).is_file():
            raise ToolchainError(
                f"{asset.module} {asset.module_version} has no {asset.folder}/{name}",
                "mend the asset's pin",
            )
        shutil.copyfile(folder / name, made / name)
    if asset.definitions:
        _keep(made, asset)


def _keep(made: Path, asset: Asset) -> None:
    """Leaves only the wanted documents. Raises ToolchainError when one of them is not there."""
    found: dict[str, str] = {}
    for name in asset.files:
        for text in (made / name).read_text("utf-8").split("\n---\n"):
            found.update((one, text) for one in asset.definitions if f"\n  name: {one}\n" in text)
        (made / name).unlink()
    missing = sorted(set(asset.definitions) - set(found))
    if missing:
        raise ToolchainError(
            f"{asset.module} {asset.module_version} does not define {missing[0]}",
            "mend the asset's pin",
        )
    (made / asset.files[0]).write_text("\n---\n".join(found.values()), "utf-8")

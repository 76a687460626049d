"""The archive's program, which PostgreSQL starts: `python -m rehearsal.database.archive`.

    prepare CONFIG                  makes the bucket and shows that it can be written and read
    put-wal CONFIG FILE NAME        `archive_command`
    get-wal CONFIG NAME FILE        `restore_command`; 1 where no archive has it
    put-base CONFIG FOLDER LABEL    a base backup's files
    get-base CONFIG FOLDER [UNTIL]  the newest base backup, unpacked; of those labelled up to UNTIL

The configuration is JSON in a file, and the secret key is in another, so that no command line has
it. What goes wrong is said in one line.
"""

from __future__ import annotations

import json
import os
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rehearsal.database.bucket import ArchiveError, Bucket, MissingError, Source

FAILED = 1
BROKEN = 130
"""PostgreSQL gives up on anything above 125: a restore must not take an archive that does not
answer for one that has no more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchiveConfig:
    """Where a server's own files go (`own`), and where others' are looked for, in this order.

    With `is_strict` an archive that does not answer is not passed over.
    """

    own: Source | None
    sources: tuple[Source, ...]
    is_strict: bool = False

    def write(self, file: Path) -> Path:
        """As a file that `read` takes."""
        file.write_text(json.dumps(asdict(self), default=str), "utf-8")
        return file

    @classmethod
    def read(cls, file: Path) -> ArchiveConfig:
        """What was written there. Raises ArchiveError."""
        try:
            said = json.loads(file.read_text("utf-8"))
            return cls(
                own=Source.parse(said["own"]) if said["own"] else None,
                sources=tuple(Source.parse(one) for one in said["sources"]),
                is_strict=said["is_strict"],
            )
        except (OSError, ValueError, KeyError) as error:
            raise ArchiveError(f"{file} is no archive's configuration: {error}") from error


def main(arguments: Sequence[str]) -> int:
    """Does one thing and returns the exit status."""
    action, config_file, *values = arguments
    is_strict = False
    try:
        config = ArchiveConfig.read(Path(config_file))
        is_strict = config.is_strict
        _act(action, config, values)
    except MissingError:
        return FAILED
    except (ArchiveError, OSError, tarfile.TarError) as error:
        sys.stderr.write(f"archive: {action}: {error}\n")
        return BROKEN if is_strict else FAILED
    return 0


def _act(action: str, config: ArchiveConfig, values: Sequence[str]) -> None:
    if action == "get-wal":
        _get_wal(config, values[0], Path(values[1]))
        return
    if action == "get-base":
        _get_base(config, Path(values[0]), *values[1:])
        return
    if config.own is None:
        raise ArchiveError("this server has no archive of its own")
    bucket = Bucket(config.own)
    if action == "prepare":
        bucket.prepare()
    elif action == "put-wal":
        bucket.put(f"wals/{_folder(values[1])}{values[1]}.gz", Path(values[0]))
    elif action == "put-base":
        _put_base(bucket, Path(values[0]), values[1])
    else:
        raise ArchiveError(f"there is no {action}")


def _get_wal(config: ArchiveConfig, name: str, file: Path) -> None:
    """From the first archive that has it. Raises ArchiveError, MissingError."""
    troubles = []
    for source in config.sources:
        try:
            new = file.with_name(f"{file.name}.new")
            Bucket(source).get(f"wals/{_folder(name)}{name}.gz", new)
        except MissingError:
            continue
        except ArchiveError as error:
            troubles.append(str(error))
            continue
        new.replace(file)
        return
    if troubles:
        raise ArchiveError("; ".join(troubles))
    raise MissingError(name)


def _put_base(bucket: Bucket, folder: Path, label: str) -> None:
    """The manifest last: a backup without one is not whole."""
    for name in ("base.tar", "backup_manifest"):
        bucket.put(f"base/{label}/{name}.gz", folder / name)


def _get_base(config: ArchiveConfig, folder: Path, until: str = "") -> None:
    label, bucket = _newest(config, until)
    packed = folder.with_name(f"{folder.name}.tar")
    bucket.get(f"base/{label}/base.tar.gz", packed)
    folder.mkdir(mode=0o700)
    with tarfile.open(packed) as files:
        files.extractall(folder, filter="data")
    packed.unlink()
    bucket.get(f"base/{label}/backup_manifest.gz", folder / "backup_manifest")
    for part in folder.rglob("*"):
        part.chmod(0o700 if part.is_dir() else 0o600)


def _newest(config: ArchiveConfig, until: str) -> tuple[str, Bucket]:
    """The newest label in any archive. Raises ArchiveError, MissingError."""
    found: list[tuple[str, int]] = []
    for number, source in enumerate(config.sources):
        for key in Bucket(source).keys("base/"):
            _, label, name = key.split("/")
            if name == "backup_manifest.gz" and (not until or label <= until):
                found.append((label, number))
    if not found:
        raise ArchiveError("no archive has a base backup" + (f" up to {until}" if until else ""))
    label, number = max(found)
    return label, Bucket(config.sources[number])


def _folder(name: str) -> str:
    """As Barman sorts segments: by timeline and log, 256 to a folder; history files lie apart."""
    return "" if name.endswith(".history") else f"{name[:16]}/"


if __name__ == "__main__":
    os.umask(0o077)
    raise SystemExit(main(sys.argv[1:]))

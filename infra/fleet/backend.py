"""Where stacks live: one folder with Pulumi's file backend, its settings and its secrets.

backend/      Pulumi's own: state, locks, history
work/SITE/    Pulumi.yaml and the stack's file, so that no run changes the repository
bin/          links to the binaries, and the analyzer that starts the policy pack
home/         Pulumi's home, instead of the user's
passphrase    encrypts secrets in the state; mode 0600, made at first use for a rehearsal
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
import socket
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import yaml

from infra.fleet.errors import FleetError, StackLockedError
from infra.fleet.orders import Operation
from processes.files import write_private, write_whole
from province.value import Value

PROJECT = "suyun"
ROOT = Path(__file__).resolve().parent.parent.parent
_FOLDER_VARIABLE = "SUYUN_PULUMI"
_PASSPHRASE_VARIABLE = "SUYUN_PASSPHRASE"  # noqa: S105 - a variable's name
_BINARIES = ("pulumi", "pulumi-resource-kubernetes")
_WITHOUT_SIDECARS = "?metadata=skip"
"""Pulumi renames a state file into place whole, but writes the sidecar with its metadata, which
nobody needs, in place: a kill in between left an empty one, and the stack could not be read."""
_ANALYZER = "pulumi-analyzer-policy-python"


class Lock(Value):
    """What Pulumi's file backend writes when it locks a stack."""

    pid: int
    username: str
    hostname: str
    timestamp: datetime


class Backend:
    """One state folder's stacks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of_workers(cls) -> Backend:
        """The backend that the engine told this worker of."""
        return cls(Path(os.environ[_FOLDER_VARIABLE]))

    @property
    def pulumi_root(self) -> Path:
        """The folder in which `bin/pulumi` is."""
        return self.folder

    def prepare(self, binaries: Mapping[str, Path]) -> None:
        """Makes the folders and the links. Raises FleetError when a binary is missing."""
        for name in ("backend", "work", "bin", "home"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for name in _BINARIES:
            _link(self.folder / "bin" / name, _binary(binaries, name))
        analyzer = self.folder / "bin" / _ANALYZER
        python = shlex.quote(sys.executable)
        analyzer.write_text(f'#!/bin/sh\nexec {python} -u -m pulumi.policy "$1" "$2"\n')
        analyzer.chmod(0o755)

    def environment(self, environment: str, operation: Operation) -> dict[str, str]:
        """What a worker needs in its environment: nothing of the network, nothing of the user's.

        A destroy saves its state once, at the end: what is gone already is no error when it is
        done again. So does an `up` in a rehearsal, whose clusters end with it: saving twice for
        each resource was 11 of its 19 s of processor time at a site. A production's `up` saves all
        the while: a kill must not leave what no state knows.
        Raises FleetError when production has no passphrase.
        """
        once = operation == "destroy" or (operation == "up" and environment == "rehearsal")
        saving = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"} if once else {}
        path = os.pathsep.join((str(self.folder / "bin"), os.environ.get("PATH", os.defpath)))
        return {
            _FOLDER_VARIABLE: str(self.folder),
            "PATH": path,
            "PULUMI_BACKEND_URL": (self.folder / "backend").as_uri() + _WITHOUT_SIDECARS,
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_CONFIG_PASSPHRASE": self._passphrase(environment),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            # Engine and provider live for seconds: collecting their garbage is a tenth of the work.
            "GOGC": "300",
            **saving,
        }

    def workspace(self, stack: str, site: str, config: Mapping[str, str]) -> Path:
        """The folder of that stack's files, with the repository's settings and these over them.

        The salt of the stack's secrets, which Pulumi keeps in the stack file, is left as it is.
        """
        folder = self.folder / "work" / site
        folder.mkdir(parents=True, exist_ok=True)
        _write_yaml(folder / "Pulumi.yaml", {"name": PROJECT, "runtime": "python"})
        file = folder / f"Pulumi.{stack}.yaml"
        kept = _read_yaml(file)
        committed = _read_yaml(ROOT / "stacks" / file.name).get("config") or {}
        own = {f"{PROJECT}:{key}": value for key, value in config.items()}
        _write_yaml(file, {**kept, "config": {**committed, **own}})
        return folder

    def has(self, stack: str) -> bool:
        """Whether the stack was ever created."""
        return self._checkpoint(stack).is_file()

    def stacks(self, environment: str) -> tuple[str, ...]:
        """The sites that have a stack in that environment."""
        folder, prefix = self._checkpoint("any").parent, f"{environment}."
        names = (file.stem for file in sorted(folder.glob(f"{prefix}*.json")))
        return tuple(name.removeprefix(prefix) for name in names)

    def pending(self, stack: str) -> tuple[str, ...]:
        """URNs of what a killed run had begun and never ended."""
        operations = self._latest(stack).get("pending_operations") or ()
        return tuple(operation["resource"]["urn"] for operation in operations)

    def outputs(self, stack: str) -> Mapping[str, Any]:
        """The stack's outputs as its last operation left them; none of a stack that never stood."""
        resources = self._latest(stack).get("resources") or ()
        stacks = (one for one in resources if one["type"] == "pulumi:pulumi:Stack")
        return next((one.get("outputs") or {} for one in stacks), {})

    def unlock(self, stack: str) -> str | None:
        """Takes away a dead process's lock; tells whose. Raises StackLockedError when it lives."""
        said = None
        for file in sorted(self._locks(stack).glob("*.json")):
            lock = Lock.model_validate_json(file.read_text("utf-8"))
            if _is_alive(lock):
                raise _locked(stack, lock)
            file.unlink(missing_ok=True)
            said = f"cancelled the lock that process {lock.pid} left when it was killed"
        return said

    def _latest(self, stack: str) -> Mapping[str, Any]:
        """What Pulumi saved last of a stack; empty where there is none."""
        if not self.has(stack):
            return {}
        saved = json.loads(self._checkpoint(stack).read_text("utf-8"))
        return saved["checkpoint"]["latest"] or {}

    def _checkpoint(self, stack: str) -> Path:
        return self.folder / "backend" / ".pulumi" / "stacks" / PROJECT / f"{stack}.json"

    def _locks(self, stack: str) -> Path:
        return self.folder / "backend" / ".pulumi" / "locks" / "organization" / PROJECT / stack

    def _passphrase(self, environment: str) -> str:
        given = os.environ.get(_PASSPHRASE_VARIABLE)
        if given:
            return given
        if environment != "rehearsal":
            raise FleetError(
                f"the stacks of {environment} are encrypted and no passphrase is given",
                f"set {_PASSPHRASE_VARIABLE}",
            )
        file = self.folder / "passphrase"
        if not file.is_file():
            write_private(file, secrets.token_urlsafe(32).encode())
        return file.read_text("utf-8")


def _binary(binaries: Mapping[str, Path], name: str) -> Path:
    path = binaries.get(name)
    if path is None or not path.is_file():
        raise FleetError(f"{name} is missing", "./suyun tools finds or builds it")
    return path.resolve()


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def _is_alive(lock: Lock) -> bool:
    """Whether the lock's process still runs; on another machine nobody can say, so it counts."""
    if lock.hostname != socket.gethostname():
        return True
    try:
        process = psutil.Process(lock.pid)
        return process.status() != psutil.STATUS_ZOMBIE and "pulumi" in process.name()
    except psutil.NoSuchProcess:
        return False


def _locked(stack: str, lock: Lock) -> StackLockedError:
    return StackLockedError(
        f"{stack} is locked by {lock.username}@{lock.hostname}, process {lock.pid}, "
        f"since {lock.timestamp:%Y-%m-%d %H:%M:%S %Z}",
        "wait until that run has ended, or stop it",
    )


def _read_yaml(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    return dict(yaml.safe_load(file.read_text("utf-8")) or {})


def _write_yaml(file: Path, content: Mapping[str, object]) -> None:
    write_whole(file, yaml.safe_dump(dict(content), sort_keys=True).encode())

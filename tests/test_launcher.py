"""The launcher keeps the environment as the lock says, then hands over."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

_RELEASE = """
import os, sys, trifle
print(trifle.__version__, os.getcwd(), sys.argv[1:])
raise SystemExit(7)
"""
_NEEDED = ("sh", "cmp", "readlink", "dirname", "cp", "mv", "id", "sleep", "cat")
"""Programs that every POSIX system has. No Python, no apt-get."""

pytestmark = pytest.mark.slow


def wheel(folder: Path, version: str) -> str:
    """Makes a wheel of a tiny package and returns its line for a lock."""
    path = folder / f"trifle-{version}-py3-none-any.whl"
    info = f"trifle-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("trifle.py", f"__version__ = '{version}'\n")
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: trifle\nVersion: {version}\n"
        )
        archive.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr(f"{info}/RECORD", "")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"trifle @ {path.as_uri()} --hash=sha256:{digest}\n"


class Checkout:
    """A checkout with the real launcher, a lock of one package and a `release` that echoes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "a checkout"
        (self.root / "release").mkdir(parents=True)
        (self.root / "release" / "__init__.py").touch()
        (self.root / "release" / "__main__.py").write_text(_RELEASE)
        shutil.copy(ROOT / "suyun", self.root / "suyun")
        self.lock("1.0")

    @property
    def stamp(self) -> Path:
        return self.root / ".venv" / "requirements.lock"

    def lock(self, version: str) -> None:
        (self.root / "requirements.lock").write_text(wheel(self.folder, version))

    def programs(self, **scripts: str) -> str:
        """A PATH with those scripts and little else."""
        folder = self.folder / "programs"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name in _NEEDED:
            (folder / name).symlink_to(str(shutil.which(name)))
        for name, text in scripts.items():
            script = folder / name.replace("_", "-")
            script.unlink(missing_ok=True)
            script.write_text(f"#!/bin/sh\n{text}\n")
            script.chmod(0o755)
        return str(folder)

    def popen(self, *words: str, path: str | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(self.root / "suyun"), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=self.env(path),
            start_new_session=True,
        )

    def run(
        self, *words: str, path: str | None = None, program: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(program or self.root / "suyun"), *words],
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self.env(path),
            check=False,
            timeout=300,
        )

    def env(self, path: str | None) -> dict[str, str]:
        usual = f"{Path(sys.executable).resolve().parent}:/usr/bin:/bin"
        return {"PATH": path or usual, "HOME": str(self.folder), "PIP_NO_INDEX": "1"}


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    checkout = Checkout(tmp_path_factory.mktemp("ready"))
    first = checkout.run("hello", "two words")
    assert first.stdout == f"1.0 {checkout.folder} ['hello', 'two words']\n", first.stderr
    assert first.returncode == 7
    assert first.stderr.count("installing the packages") == 1
    return checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_a_ready_environment_needs_no_python_on_path_and_says_nothing(ready: Checkout) -> None:
    again = ready.run("x", path=ready.programs())

    assert (again.stdout, again.stderr) == (f"1.0 {ready.folder} ['x']\n", "")
    assert ready.stamp.read_bytes() == (ready.root / "requirements.lock").read_bytes()


def test_it_works_through_symlinks(ready: Checkout, tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to(ready.root / "suyun")
    (tmp_path / "two").symlink_to("one")

    assert ready.run("x", program=tmp_path / "two").stdout.startswith("1.0 ")


def test_a_package_named_like_ours_in_the_current_folder_is_not_run(ready: Checkout) -> None:
    impostor = ready.folder / "release"
    impostor.mkdir()
    (impostor / "__init__.py").touch()
    (impostor / "__main__.py").write_text("print('impostor')")

    assert ready.run("x").stdout.startswith("1.0 ")
    shutil.rmtree(impostor)


def test_a_changed_lock_is_installed_and_a_wrong_hash_is_refused(checkout: Checkout) -> None:
    lock = checkout.root / "requirements.lock"
    good = lock.read_text()
    lock.write_text(re.sub(r"sha256:\w{8}", "sha256:00000000", good))

    refused = checkout.run("x")
    assert refused.returncode == 4
    assert "suyun: the packages could not be installed" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not checkout.stamp.exists()

    lock.write_text(good)
    assert checkout.run("x").stdout.startswith("1.0 ")
    checkout.lock("2.0")
    assert checkout.run("x").stdout.startswith("2.0 ")


def test_an_interrupted_installation_is_done_again(checkout: Checkout) -> None:
    python = shutil.which("python3", path=checkout.env(None)["PATH"])
    slow = f'case "$*" in *"-m venv"*) "{python}" "$@"; exec sleep 60;; esac; exec "{python}" "$@"'
    child = checkout.popen("x", path=checkout.programs(python3=slow))
    for _ in range(600):
        if (checkout.root / ".venv" / "bin" / "pip").exists():
            break
        time.sleep(0.05)
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate()

    assert not checkout.stamp.exists()
    assert checkout.run("x").stdout.startswith("1.0 ")


def test_two_at_once_install_once_and_both_run(checkout: Checkout) -> None:
    both = [checkout.popen("x"), checkout.popen("x")]
    told = [child.communicate(timeout=300) for child in both]

    assert [child.returncode for child in both] == [7, 7]
    assert sum(error.count("installing the packages") for _, error in told) == 1


def test_without_python_it_says_what_to_install(checkout: Checkout) -> None:
    old = 'case "$*" in *version_info*) exit 1;; esac'

    told = checkout.run("x", path=checkout.programs(python3=old))

    assert told.returncode == 4
    assert told.stderr.splitlines() == [
        "suyun: Python 3.11 or later was not found",
        "  hint: install it (Debian 12: apt-get install python3 python3-venv)",
    ]


def test_without_venv_it_names_the_package(checkout: Checkout) -> None:
    python = shutil.which("python3", path=checkout.env(None)["PATH"])
    lacking = f'case "$*" in *ensurepip*) exit 1;; esac; exec "{python}" "$@"'

    told = checkout.run("x", path=checkout.programs(python3=lacking))

    assert told.returncode == 4
    assert re.search(r"hint: sudo apt-get install python3\.\d+-venv", told.stderr)


def test_root_gets_the_missing_package_installed(checkout: Checkout) -> None:
    python = shutil.which("python3", path=checkout.env(None)["PATH"])
    flag = checkout.folder / "installed"
    lacking = f'case "$*" in *ensurepip*) [ -e "{flag}" ] || exit 1;; esac; exec "{python}" "$@"'
    apt_get = f'case "$1" in install) : > "{flag}";; esac'
    path = checkout.programs(python3=lacking, apt_get=apt_get, id="echo 0")

    told = checkout.run("x", path=path)

    assert re.search(r"suyun: installing python3\.\d+-venv", told.stderr)
    assert told.stdout.startswith("1.0 ")


def test_the_launcher_is_short_and_plain_sh() -> None:
    text = (ROOT / "suyun").read_text()

    assert text.startswith("#!/bin/sh\n")
    assert len(text.splitlines()) <= 60
    assert os.access(ROOT / "suyun", os.X_OK)


def test_the_lock_has_a_hash_for_every_package_and_no_host() -> None:
    text = (ROOT / "requirements.lock").read_text()
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]

    assert blocks
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text


def test_the_lock_holds_every_pin_of_pyproject() -> None:
    lock = (ROOT / "requirements.lock").read_text().lower()
    pins = re.findall(
        r'^  "([\w.-]+==[\w.]+)",$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE
    )

    assert len(pins) > 20
    assert [pin for pin in pins if f"\n{pin.lower()} " not in f"\n{lock}"] == []


def test_ci_runs_the_test_command_and_nothing_else() -> None:
    text = (ROOT / ".ci" / "run").read_text()

    assert text.splitlines()[-1] == "exec ./suyun test </dev/null"

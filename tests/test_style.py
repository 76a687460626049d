"""This repository is tidy, and each tidy check fails where it should."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import tidy
from tests.tidy import CHECKS, Check, Tree

ROOT = Path(__file__).resolve().parent.parent

PYPROJECT = """\
[tool.ruff.lint.per-file-ignores]
"{pattern}" = []
[tool.mypy]
packages = ["room"]
[tool.importlinter]
root_packages = ["room"]
[tool.pytest.ini_options]
testpaths = ["tests"]
"""
IGNORED = '[tool.ruff.lint]\nignore = [\n  "D105",\n]\n'
REGISTRY = tidy.REGISTRIES[0]

BROKEN: tuple[tuple[Check, dict[str, str]], ...] = (
    (tidy.files_are_short, {"room/long.py": "\n" * 500}),
    (tidy.functions_are_short, {"room/a.py": "def f():\n" + "    pass\n" * 70}),
    (tidy.functions_are_short, {"room/a.py": "async def f():\n" + "    pass\n" * 70}),
    (tidy.names_say_something, {"room/utils.py": ""}),
    (tidy.names_say_something, {"room/common/names.py": ""}),
    (tidy.nothing_is_unfinished, {"room/a.py": f"# {tidy.UNFINISHED[0]} later\n"}),
    (tidy.nothing_is_unfinished, {"suyun": f"# {tidy.UNFINISHED[1]}\n"}),
    (tidy.rooms_do_not_print, {"room/a.py": "print(1)\n"}),
    (tidy.rooms_do_not_print, {"release/a.py": "breakpoint()\n"}),
    (tidy.no_machine_paths, {"README.md": "see /" + "work/main/x"}),
    (tidy.no_machine_paths, {"room/a.py": "'/" + "root/.ssh'"}),
    (tidy.no_machine_paths, {"room/a.py": "'/tmp/" + "bin/etcd'"}),
    (tidy.no_registry_hosts, {"requirements.txt": f"--index-url https://{REGISTRY}/simple"}),
    (tidy.no_secrets, {"key.pem": "-----BEGIN EC " + "PRIVATE KEY-----"}),
    (tidy.no_secrets, {"room/a.py": "AKIA" + "A" * 16}),
    (tidy.ignored_rules_have_reasons, {"room/a.py": "import a  # noqa\n"}),
    (tidy.ignored_rules_have_reasons, {"room/a.py": "import a  # noqa: F401\n"}),
    (tidy.ignored_rules_have_reasons, {"room/a.py": "a = b  # type: ignore[x]\n"}),
    (tidy.ignored_rules_have_reasons, {"pyproject.toml": IGNORED}),
    (tidy.patterns_match_something, {"pyproject.toml": PYPROJECT.format(pattern="gone/**")}),
    (
        tidy.patterns_match_something,
        {"hall/__init__.py": "", "tests/hall/test_b.py": ""},
    ),
    (tidy.ignored_files_are_ours, {".gitignore": "leftovers/\n"}),
    (tidy.tests_mirror_rooms, {"hall/__init__.py": ""}),
    (tidy.tests_mirror_rooms, {"tests/gone/test_a.py": ""}),
    (tidy.no_dead_modules, {"room/dead.py": "X = 1\n", "tests/test_a.py": "import room.dead\n"}),
    (tidy.links_lead_somewhere, {"docs/a.md": "see [b](b.md)"}),
)

TIDY = {
    ".gitignore": ".venv/\nruns/\n",
    "README.md": "see [the room](room/__init__.py), [a page](https://example.org/) and `/tmp`",
    "pyproject.toml": PYPROJECT.format(pattern="tests/**") + IGNORED.replace(",", ", # because"),
    "room/__init__.py": "",
    "room/__main__.py": 'import room.used\nFOLDER = "runs"\n',
    "room/used.py": "import os  # noqa: F401 - shows how\nx = '-m room.worker'\n",
    "room/worker.py": "def f() -> None:\n    pass\n",
    "tests/room/test_a.py": "def test_a() -> None:\n    pass\n",
}


def planted(root: Path, files: dict[str, str]) -> Tree:
    """A tree of those files."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return Tree.whole(root)


@pytest.fixture(scope="module")
def repository() -> Tree:
    return Tree.tracked(ROOT)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_repository_is_tidy(repository: Tree, check: Check) -> None:
    problems = list(check(repository))
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(("check", "files"), BROKEN, ids=[check.__name__ for check, _ in BROKEN])
def test_a_check_finds_what_is_untidy(tmp_path: Path, check: Check, files: dict[str, str]) -> None:
    problems = list(check(planted(tmp_path, {**TIDY, **files})))
    assert len(problems) == 1
    assert "\n" not in problems[0]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_check_finds_nothing_in_a_tidy_tree(tmp_path: Path, check: Check) -> None:
    assert list(check(planted(tmp_path, TIDY))) == []


def test_every_check_is_shown_to_fail() -> None:
    assert {check for check, _ in BROKEN} == set(CHECKS)

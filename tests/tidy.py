"""Style as checks: each takes a tree of files and yields its problems, a line each."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path, PurePosixPath

LINES_PER_FILE_MAX = 500
LINES_PER_FUNCTION_MAX = 70
WRITTEN_BY_HAND = {".py", ".go", ".sh", ".md", ".css", ".js", ".j2", ".html"}
NAMELESS = {"utils", "util", "helpers", "helper", "common", "lib", "libs", "misc", "manager"}
UNFINISHED = tuple(
    "".join(parts) for parts in (("TO", "DO"), ("FIX", "ME"), ("XX", "X"), ("HA", "CK"))
)
MAY_PRINT = {"release", "benchmarks"}
REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("proxy", "golang", "org"),
        ("sum", "golang", "org"),
        ("crates", "io"),
        ("npmjs", "org"),
        ("maven", "org"),
        ("maven", "apache", "org"),
        ("debian", "org"),
    )
)
SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}"
    r"|eyJ[\w-]{20,}\.eyJ[\w-]{20,}\.[\w-]{20,}"
)
MACHINE_PATH = re.compile(r"(?<![\w./-])/(?:work|root|home/\w+)/|/tmp/" + "bin")
REASONED = {
    "noqa": re.compile(r"# noqa: [A-Z]+[0-9]+(, [A-Z]+[0-9]+)* - \S.{3,}"),
    "type: ignore": re.compile(r"# type: ignore\[[\w, -]+\]  # \S.{3,}"),
}
TOOLS_LEAVE = {
    *("__pycache__/", "*.egg-info/", ".venv/"),
    *(".mypy_cache/", ".ruff_cache/", ".pytest_cache/", ".hypothesis/", ".import_linter_cache/"),
}
DATA_FOR_TESTS = {"transcripts"}
LINK = re.compile(r"\[[^\]]*\]\(([^)#:\s]+)(?:#[^)]*)?\)")
MODULE_NAME = re.compile(r"\b[a-z_]\w*(?:\.[a-z_]\w*)+\b")

Check = Callable[["Tree"], Iterator[str]]


@dataclass(frozen=True)
class Tree:
    """A root folder and the files in it that are looked at, as paths relative to it."""

    root: Path
    files: tuple[PurePosixPath, ...]

    @classmethod
    def tracked(cls, root: Path) -> Tree:
        """The files that git knows of and that are there."""
        listed = subprocess.run(
            ["git", "ls-files", "-z"],  # noqa: S607 - the git that made this checkout
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        names = (name for name in listed.split("\0") if name and (root / name).is_file())
        return cls(root, tuple(PurePosixPath(name) for name in sorted(names)))

    @classmethod
    def whole(cls, root: Path) -> Tree:
        """All files of a folder."""
        paths = sorted(path for path in root.rglob("*") if path.is_file())
        return cls(root, tuple(PurePosixPath(path.relative_to(root)) for path in paths))

    def text(self, file: PurePosixPath) -> str:
        """A file's text; empty for what is no text."""
        try:
            return (self.root / file).read_text("utf-8")
        except UnicodeDecodeError:
            return ""

    def lines(self, *suffixes: str) -> Iterator[tuple[str, str]]:
        """Each line of those files (of all, without suffixes), after its place."""
        for file in self.files:
            if not suffixes or file.suffix in suffixes:
                for number, line in enumerate(self.text(file).splitlines(), 1):
                    yield f"{file}:{number}", line

    @cached_property
    def modules(self) -> dict[PurePosixPath, ast.Module]:
        """Each Python file's syntax tree."""
        return {
            file: ast.parse(self.text(file), str(file))
            for file in self.files
            if file.suffix == ".py"
        }

    @cached_property
    def rooms(self) -> set[str]:
        """The packages at the root, tests aside."""
        tops = {file.parts[0] for file in self.files if file.name == "__init__.py"}
        return tops - {"tests"}


def files_are_short(tree: Tree) -> Iterator[str]:
    """A file has fewer than 500 lines."""
    for file in tree.files:
        count = len(tree.text(file).splitlines())
        if file.suffix in WRITTEN_BY_HAND and count >= LINES_PER_FILE_MAX:
            yield f"{file}: {count} lines"


def functions_are_short(tree: Tree) -> Iterator[str]:
    """A function has at most 70 lines."""
    for file, module in tree.modules.items():
        for node in ast.walk(module):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                count = (node.end_lineno or node.lineno) - node.lineno + 1
                if count > LINES_PER_FUNCTION_MAX:
                    yield f"{file}:{node.lineno}: {node.name} has {count} lines"


def names_say_something(tree: Tree) -> Iterator[str]:
    """No file or folder is named for being useful."""
    for file in tree.files:
        for part in (*file.parent.parts, file.stem):
            if part.lower() in NAMELESS:
                yield f"{file}: what is '{part}' about?"


def nothing_is_unfinished(tree: Tree) -> Iterator[str]:
    """No note in the code that something is still to do."""
    words = re.compile(rf"\b({'|'.join(UNFINISHED)})\b")
    for place, line in tree.lines(".py", ".go", ".sh", ".yaml", ".toml", ""):
        if words.search(line):
            yield f"{place}: {line.strip()}"


def rooms_do_not_print(tree: Tree) -> Iterator[str]:
    """Only `release` and `benchmarks` talk to people."""
    for file, module in tree.modules.items():
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                prints = node.func.id == "print" and file.parts[0] not in MAY_PRINT
                if prints or node.func.id == "breakpoint":
                    yield f"{file}:{node.lineno}: {node.func.id}()"


def no_machine_paths(tree: Tree) -> Iterator[str]:
    """No path of the machine on which it was written."""
    for place, line in tree.lines():
        if MACHINE_PATH.search(line):
            yield f"{place}: {line.strip()}"


def no_registry_hosts(tree: Tree) -> Iterator[str]:
    """Package registries are the clients' business, and not named."""
    for place, line in tree.lines():
        if any(host in line for host in REGISTRIES):
            yield f"{place}: {line.strip()}"


def no_secrets(tree: Tree) -> Iterator[str]:
    """Nothing that looks like a key or a token."""
    for place, line in tree.lines():
        if SECRET.search(line):
            yield f"{place}: looks like a secret"


def ignored_rules_have_reasons(tree: Tree) -> Iterator[str]:
    """A suppressed warning says why, on its line."""
    for file in tree.modules:
        for token in tokenize.generate_tokens(io.StringIO(tree.text(file)).readline):
            for mark, reasoned in REASONED.items() if token.type == tokenize.COMMENT else ():
                if f"# {mark}" in token.string and not reasoned.search(token.string):
                    yield f"{file}:{token.start[0]}: {mark} without a reason"
    pyproject = next((file for file in tree.files if str(file) == "pyproject.toml"), None)
    lint = tree.text(pyproject).partition("[tool.ruff.lint]")[2] if pyproject else ""
    for line in lint.partition("[tool.ruff.lint.pydocstyle]")[0].splitlines():
        if re.match(r'\s+"[A-Z]+[0-9]*",?\s*$', line):
            yield f"pyproject.toml: {line.strip()} without a reason"


def patterns_match_something(tree: Tree) -> Iterator[str]:
    """No pattern in the configuration went stale."""
    if PurePosixPath("pyproject.toml") not in tree.files:
        return
    tool = tomllib.loads(tree.text(PurePosixPath("pyproject.toml")))["tool"]
    patterns = [
        *tool["ruff"]["lint"]["per-file-ignores"],
        *tool["pytest"]["ini_options"]["testpaths"],
    ]
    for pattern in patterns:
        if not any(fnmatch(str(file), f"{pattern}*") for file in tree.files):
            yield f"pyproject.toml: {pattern} matches nothing"
    for package in {*tool["mypy"]["packages"], *tool["importlinter"]["root_packages"]} ^ tree.rooms:
        yield f"pyproject.toml: {package} is not both a room and checked"


def ignored_files_are_ours(tree: Tree) -> Iterator[str]:
    """What git ignores is made by a known tool, or by ourselves: then some file names it."""
    gitignore = PurePosixPath(".gitignore")
    if gitignore not in tree.files:
        return
    others = [tree.text(file) for file in tree.files if file != gitignore]
    for pattern in tree.text(gitignore).split():
        named = re.compile(rf"[/\"`]{re.escape(PurePosixPath(pattern).name)}[/\"`]")
        if pattern not in TOOLS_LEAVE and not any(map(named.search, others)):
            yield f".gitignore: nothing makes {pattern}"


def tests_mirror_rooms(tree: Tree) -> Iterator[str]:
    """Each room has a folder of tests, and each folder of tests a room."""
    folders = {file.parts[1] for file in tree.files if file.parts[0] == "tests" and file.parts[2:]}
    for folder in (folders - DATA_FOR_TESTS) ^ tree.rooms:
        yield f"tests/{folder}: not both a room and a folder of tests"


def no_dead_modules(tree: Tree) -> Iterator[str]:
    """Each module is imported or named by other code, or run by itself. Tests keep none alive."""
    named = {file: set(_names_in(module)) for file, module in tree.modules.items()}
    for file in tree.modules:
        users = [
            f for f in named if f != file and ("tests" in file.parts or "tests" not in f.parts)
        ]
        is_run = file.name in {"__main__.py", "__init__.py", "conftest.py", "locustfile.py"}
        if is_run or file.name.startswith("test_") or _runs_itself(tree.modules[file]):
            continue
        if not any(_module_name(file) in named[user] for user in users):
            yield f"{file}: nothing uses it"


def links_lead_somewhere(tree: Tree) -> Iterator[str]:
    """A link of a Markdown file to a file leads to one."""
    for place, line in tree.lines(".md"):
        for target in LINK.findall(line):
            if not (tree.root / place.rpartition(":")[0]).parent.joinpath(target).exists():
                yield f"{place}: no {target}"


def _names_in(module: ast.Module) -> Iterator[str]:
    """Dotted names that the module imports, or that its texts hold (`-m`, `package.module:app`)."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from MODULE_NAME.findall(node.value)


def _module_name(file: PurePosixPath) -> str:
    return ".".join(file.with_suffix("").parts)


def _runs_itself(module: ast.Module) -> bool:
    return any(
        isinstance(node, ast.If) and "__name__" in ast.unparse(node.test) for node in module.body
    )


CHECKS: tuple[Check, ...] = (
    files_are_short,
    functions_are_short,
    names_say_something,
    nothing_is_unfinished,
    rooms_do_not_print,
    no_machine_paths,
    no_registry_hosts,
    no_secrets,
    ignored_rules_have_reasons,
    patterns_match_something,
    ignored_files_are_ours,
    tests_mirror_rooms,
    no_dead_modules,
    links_lead_somewhere,
)

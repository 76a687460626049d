from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release.claims.drills import DRILLS
from release.cli import main
from runbooks.reader import FOLDER, RunbookError, names, read_runbook
from runbooks.runbook import Expectation, Runbook, RunbookStep

WORDS = st.text("abc XYZ 苏云 0-9", min_size=1, max_size=20).map(lambda text: f"w{text.strip()}")
LINES = st.lists(
    st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20)
    .map(lambda text: f"x {text}")
    .filter(lambda line: "`" not in line),
    min_size=1,
    max_size=3,
)
STEPS = st.builds(
    RunbookStep,
    title=WORDS,
    line=st.just(1),
    why=WORDS,
    command=LINES.map("\n".join),
    expect=st.builds(Expectation, exit_code=st.integers(0, 255), contains=LINES.map(tuple)),
    undo=st.none() | LINES.map("\n".join),
)

WHOLE = """\
# Title

For this.

## One

Why.

```sh
./suyun doctor
```

```expect
exit 2
lacks
```

```undo
true
```
"""


def on_paper(runbook: Runbook) -> str:
    """The runbook as its author would write it."""
    parts = [f"# {runbook.title}", runbook.purpose]
    for step in runbook.steps:
        expected = "\n".join((f"exit {step.expect.exit_code}", *step.expect.contains))
        parts += [f"## {step.title}", step.why, f"```sh\n{step.command}\n```"]
        parts += [f"````expect\n{expected}\n````"]
        parts += [] if step.undo is None else [f"~~~undo\n{step.undo}\n~~~"]
    return "\n\n".join(parts) + "\n"


def read(text: str, folder: Path, name: str = "drill.md") -> Runbook:
    path = folder / name
    path.write_text(text, "utf-8")
    return read_runbook(path)


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for texts that follow one another."""
    return tmp_path_factory.mktemp("runbooks")


def test_a_step_is_read_as_it_stands(tmp_path: Path) -> None:
    (step,) = read(WHOLE, tmp_path).steps
    assert (step.title, step.line, step.why) == ("One", 5, "Why.")
    assert step.command == "./suyun doctor"
    assert step.expect == Expectation(exit_code=2, contains=("lacks",))
    assert step.undo == "true"


@settings(max_examples=60)
@given(WORDS, WORDS, st.lists(STEPS, min_size=1, max_size=4, unique_by=lambda step: step.title))
def test_what_is_written_is_what_is_read(
    desk: Path, title: str, purpose: str, steps: list[RunbookStep]
) -> None:
    told = [step.model_copy(update={"title": f"{step.title} {title}."}) for step in steps]
    written = Runbook(name="drill", title=title, purpose=purpose, steps=tuple(told))
    seen = read(on_paper(written), desk)
    lined = [step.model_copy(update={"line": 1}) for step in seen.steps]
    assert seen.model_copy(update={"steps": tuple(lined)}) == written
    lines = on_paper(written).split("\n")
    assert [lines[step.line - 1] for step in seen.steps] == [f"## {one.title}" for one in told]


PIECES = st.sampled_from(
    ["# A", "## B", "### C", "```sh", "```expect", "```undo", "```", "~~~", "> ", "- ", "exit 0"]
)


@settings(max_examples=150)
@given(st.lists(PIECES | st.text(max_size=10), max_size=20).map("\n".join))
def test_any_text_is_a_runbook_or_has_findings_within_it(desk: Path, text: str) -> None:
    path = desk / "drill.md"
    path.write_text(text, "utf-8", newline="")
    count = len(path.read_text("utf-8").splitlines()) + 1
    try:
        assert read_runbook(path).steps
    except RunbookError as error:
        places = [int(str(found.location).rpartition(":")[2]) for found in error.findings]
        assert places == sorted(places)
        assert all(1 <= place <= count for place in places)


@pytest.mark.parametrize(
    ("old", "new", "line", "evidence"),
    [
        ("# Title\n", "\n", 1, "it does not begin with a title"),
        ("For this.", "# Other", 3, "a second title, after that of line 1"),
        ("For this.", "```sh\ntrue\n```", 3, "'sh' without a command to which it belongs"),
        ("```sh", "```shell", 5, "it has no step"),
        ("```expect", "```exepct", 13, "a block of 'exepct' is neither of sh, expect, undo"),
        ("```expect", "```text", 5, "nothing says what to see"),
        ("```undo", "```sh", 18, "a second block 'sh'"),
        ("./suyun doctor\n", "", 9, "'sh' is empty"),
        ("exit 2", "exit 256", 13, "'exit 256' names no exit code"),
        ("exit 2", "exit", 13, "'exit' names no exit code"),
        ("lacks", "exit 3", 13, "2 exit codes are expected of one command"),
        ("true\n```\n", "true\n", 18, "the block has no end"),
        ("Why.", "## One", 7, "it has the heading of line 5"),
        ("Why.", "##", 7, "it is empty"),
    ],
)
def test_a_mistake_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, evidence: str
) -> None:
    assert old in WHOLE
    with pytest.raises(RunbookError) as refused:
        read(WHOLE.replace(old, new, 1), tmp_path)
    told = [(found.location, found.evidence) for found in refused.value.findings]
    place = f"{tmp_path / 'drill.md'}:{line}"
    assert any(where == place and what.startswith(evidence) for where, what in told), told
    assert refused.value.hint


def test_a_file_that_cannot_be_read_is_told_with_those_that_can(tmp_path: Path) -> None:
    read(WHOLE, tmp_path)
    with pytest.raises(RunbookError) as refused:
        read_runbook(tmp_path / "dril.md")
    assert refused.value.findings[0].hint == "runbooks there are: drill"
    (tmp_path / "bytes.md").write_bytes(b"# A\n\xff")
    with pytest.raises(RunbookError, match=r"bytes.md:2: .*not UTF-8"):
        read_runbook(tmp_path / "bytes.md")


def test_a_name_is_one_that_can_be_typed(tmp_path: Path) -> None:
    with pytest.raises(RunbookError, match="its name cannot be typed"):
        read(WHOLE, tmp_path, "My Drill.md")


def commands(name: str) -> list[str]:
    return [step.command for step in read_runbook(FOLDER / f"{name}.md").steps]


ON_PAPER = tuple(name for name in names() if "./suyun data" not in "".join(commands(name)))
"""Those that touch no server."""


@pytest.mark.parametrize("name", ON_PAPER)
def test_our_runbooks_commands_do_what_they_say(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for step in read_runbook(FOLDER / f"{name}.md").steps:
        program, *words = shlex.split(step.command)
        assert program == "./suyun"
        assert main(words) == step.expect.exit_code, step.title
        told = capsys.readouterr()
        for text in step.expect.contains:
            assert text in told.out + told.err, step.title


def test_there_are_runbooks() -> None:
    assert ON_PAPER


def test_every_drill_that_a_claim_asks_for_is_a_runbook_that_ends_in_an_account() -> None:
    asked = {drill for some in DRILLS.values() for drill in some}
    assert asked <= set(names())
    for name in asked:
        assert f"./suyun data check --drill {name}" in commands(name)

"""Reads `runbooks/<name>.md` into a `Runbook`, or says all that is wrong with it at once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from province.findings import Finding
from runbooks.markdown import Block, Section, sections
from runbooks.runbook import Expectation, Runbook, RunbookStep

FOLDER = Path(__file__).resolve().parent
"""Where ours lie, beside the code that reads them."""
COMMAND, EXPECT, UNDO = "sh", "expect", "undo"
KINDS = (COMMAND, EXPECT, UNDO)
FOR_PEOPLE = "text"
"""A block that shows something and is no part of a step."""

_EXIT = re.compile(r"exit\b(?P<code>.*)")
_CODE = re.compile(r" +(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d) *", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


class RunbookError(Exception):
    """The runbook cannot be followed as it is written; `findings` say why, in file order."""

    exit_code = 3
    """The input was wrong (`evidence.verdict.ExitCode.BAD_INPUT`)."""

    def __init__(self, path: Path, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        count = f"{len(findings)} errors" if len(findings) > 1 else "1 error"
        self.cause = f"{path} is no runbook: {count}"
        self.hint = "a step is a section with a block 'sh', a block 'expect' and perhaps an 'undo'"
        lines = (f"{found.location}: {found.subject}: {found.evidence}" for found in self.findings)
        super().__init__("\n".join((self.cause, *lines)))


def names(folder: Path = FOLDER) -> tuple[str, ...]:
    """The names of the runbooks in a folder, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.md")))


def read_runbook(path: Path) -> Runbook:
    """The runbook in that file. Raises RunbookError with every finding."""
    found = sections(_text(path))
    findings = sorted(_findings(path, found), key=_line_of)
    if findings:
        raise RunbookError(path, findings)
    title = next(section for section in found if section.level == 1)
    return Runbook(
        name=path.stem,
        title=title.title,
        purpose=title.prose,
        steps=tuple(_step(section) for section in found if _is_step(section)),
    )


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        evidence = f"it is not UTF-8: byte {error.object[error.start]:#04x}"
        finding = _finding(path, line, path.name, evidence, "save it as UTF-8")
    except OSError as error:
        evidence = f"it cannot be read: {(error.strerror or str(error)).lower()}"
        near = ", ".join(names(path.parent)) or "none"
        finding = _finding(path, 1, path.name, evidence, f"runbooks there are: {near}")
    raise RunbookError(path, [finding])


def _findings(path: Path, found: Sequence[Section]) -> Iterator[Finding]:
    yield from _name_findings(path)
    yield from _title_findings(path, found)
    yield from _repeated(path, [section for section in found if section.level])
    for section in found:
        yield from _block_findings(path, section)
        if _is_step(section):
            yield from _step_findings(path, section)
    if not any(_is_step(section) for section in found):
        hint = "give each step a section '## …' with a block 'sh'"
        yield _finding(path, found[-1].line, path.name, "it has no step", hint)


def _name_findings(path: Path) -> Iterator[Finding]:
    if not _NAME.fullmatch(path.stem):
        hint = "name the file by lower-case letters, digits and hyphens"
        yield _finding(path, 1, path.name, "its name cannot be typed as a drill's", hint)


def _title_findings(path: Path, found: Sequence[Section]) -> Iterator[Finding]:
    titles = [section for section in found if section.level == 1]
    before = found[0].prose or found[0].blocks
    if not titles or before or found[1].level != 1:
        yield _finding(path, 1, path.name, "it does not begin with a title", "begin with '# …'")
    for section in titles[1:]:
        evidence = f"a second title, after that of line {titles[0].line}"
        yield _finding(path, section.line, section.title, evidence, "write it with '##'")


def _repeated(path: Path, found: Sequence[Section]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for section in found:
        line = first.setdefault(section.title, section.line)
        if not section.title:
            yield _finding(path, section.line, "heading", "it is empty", "say what is done")
        elif line != section.line:
            evidence = f"it has the heading of line {line}"
            yield _finding(path, section.line, section.title, evidence, "give it its own")


def _block_findings(path: Path, section: Section) -> Iterator[Finding]:
    for block in section.blocks:
        if not block.is_closed:
            evidence = "the block has no end; all that follows was taken for a part of it"
            yield _finding(path, block.line, _subject(section), evidence, "close it with its fence")
        if block.kind not in {*KINDS, FOR_PEOPLE}:
            near = difflib.get_close_matches(block.kind, (*KINDS, FOR_PEOPLE), n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"'{FOR_PEOPLE}' is only shown"
            evidence = f"a block of '{block.kind}' is neither of {', '.join(KINDS)}"
            yield _finding(path, block.line, _subject(section), evidence, hint)
        elif block.kind in KINDS and not _is_step(section):
            evidence = f"'{block.kind}' without a command to which it belongs"
            hint = "a step is a section '## …' with a block 'sh'"
            yield _finding(path, block.line, _subject(section), evidence, hint)
        elif block.kind in {COMMAND, UNDO} and not block.text.strip():
            yield _finding(
                path, block.line, _subject(section), f"'{block.kind}' is empty", "say what to type"
            )


def _step_findings(path: Path, section: Section) -> Iterator[Finding]:
    for kind in KINDS:
        for block in _of(section, kind)[1:]:
            hint = "make two steps of it"
            yield _finding(path, block.line, section.title, f"a second block '{kind}'", hint)
    if not _of(section, EXPECT):
        hint = "add a block 'expect', with 'exit 0' at least"
        yield _finding(path, section.line, section.title, "nothing says what to see", hint)
    for block in _of(section, EXPECT):
        yield from _exit_findings(path, section, block)


def _exit_findings(path: Path, section: Section, block: Block) -> Iterator[Finding]:
    codes = [match for match in map(_EXIT.fullmatch, block.text.splitlines()) if match]
    for match in codes:
        if not _CODE.fullmatch(match["code"]):
            evidence = f"'{match[0]}' names no exit code"
            yield _finding(path, block.line, section.title, evidence, "0 to 255 are codes")
    if len(codes) > 1:
        evidence = f"{len(codes)} exit codes are expected of one command"
        yield _finding(path, block.line, section.title, evidence, "keep one")


def _step(section: Section) -> RunbookStep:
    undo = _of(section, UNDO)
    return RunbookStep(
        title=section.title,
        line=section.line,
        why=section.prose,
        command=_of(section, COMMAND)[0].text,
        expect=_expectation(_of(section, EXPECT)[0].text),
        undo=undo[0].text if undo else None,
    )


def _expectation(text: str) -> Expectation:
    lines = [line for line in text.splitlines() if line.strip()]
    codes = [int(match["code"]) for match in map(_EXIT.fullmatch, lines) if match]
    return Expectation(
        exit_code=codes[0] if codes else 0,
        contains=tuple(line for line in lines if not _EXIT.fullmatch(line)),
    )


def _is_step(section: Section) -> bool:
    return section.level > 1 and bool(_of(section, COMMAND))


def _of(section: Section, kind: str) -> list[Block]:
    return [block for block in section.blocks if block.kind == kind]


def _subject(section: Section) -> str:
    return section.title or "before the title"


def _finding(path: Path, line: int, subject: str, evidence: str, hint: str) -> Finding:
    return Finding(
        rule="runbook-can-be-followed",
        subject=subject,
        evidence=evidence,
        hint=hint,
        location=f"{path}:{line}",
    )


def _line_of(finding: Finding) -> int:
    return int((finding.location or ":0").rpartition(":")[2])

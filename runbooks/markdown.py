"""A Markdown text (CommonMark) as sections with their fenced blocks, each with its line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

_SECTION_LEVELS = ("h1", "h2")
"""Deeper headings are a section's own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A fenced block: the first word after its fence, its text, its line, and whether it ends."""

    kind: str
    text: str
    line: int
    is_closed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """From one heading to the next. Level 0 is what stands before the first heading."""

    level: int
    title: str
    line: int
    prose: str = ""
    blocks: tuple[Block, ...] = ()


@dataclass(kw_only=True, slots=True)
class _Open:
    """A section that is being read."""

    level: int = 0
    title: str = ""
    line: int = 1
    prose: list[str] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    def close(self) -> Section:
        return Section(
            level=self.level,
            title=self.title,
            line=self.line,
            prose="\n\n".join(self.prose),
            blocks=tuple(self.blocks),
        )


def sections(text: str) -> tuple[Section, ...]:
    """The text's sections in their order; the first is of level 0."""
    return tuple(_sections(MarkdownIt("commonmark").parse(text), text.splitlines()))


def _sections(tokens: Sequence[Token], lines: Sequence[str]) -> Iterator[Section]:
    now = _Open()
    for index, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag in _SECTION_LEVELS and not token.level:
            yield now.close()
            title = tokens[index + 1].content
            now = _Open(level=int(token.tag[1:]), title=title, line=_line(token))
        elif token.type == "fence":
            now.blocks.append(_block(token, lines))
        elif token.type == "inline" and not _is_title(tokens[index - 1]):
            now.prose.append(token.content)
    yield now.close()


def _is_title(before: Token) -> bool:
    return before.type == "heading_open" and before.tag in _SECTION_LEVELS and not before.level


def _block(token: Token, lines: Sequence[str]) -> Block:
    words = token.info.split()
    return Block(
        kind=words[0] if words else "",
        text=token.content.removesuffix("\n"),
        line=_line(token),
        is_closed=_is_closed(token, lines),
    )


def _is_closed(token: Token, lines: Sequence[str]) -> bool:
    """An open block goes on to the end of the text; only its last line tells."""
    begin, end = token.map or (0, 0)
    last = lines[end - 1].strip(" >\t") if end - begin > 1 else ""
    return last.startswith(token.markup) and not last.strip(token.markup[0])


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 1

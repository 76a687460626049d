"""What commands print on standard output: JSON for machines, tables for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

_UNWRAPPED_COLUMNS = 400


def print_json(value: BaseModel | Sequence[BaseModel] | dict[str, object]) -> None:
    """One JSON document, indented, non-ASCII kept readable."""
    sys.stdout.write(json.dumps(_plain(value), indent=2, ensure_ascii=False) + "\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table without colours of its own; it wraps to the terminal, and not at all elsewhere."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    table_console().print(table)


def table_console() -> Console:
    """Where tables are printed: it is as wide as the terminal, and wide enough elsewhere."""
    width = None if sys.stdout.isatty() else _UNWRAPPED_COLUMNS
    return Console(highlight=False, markup=False, width=width)


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value

"""Every line that a runbook has us type is a command line that there is."""

from __future__ import annotations

import shlex

import pytest

from evidence.verdict import ExitCode
from rehearsal.data.orders import Order
from release.cli import main
from release.commands import data
from runbooks.reader import FOLDER, names, read_runbook


@pytest.mark.parametrize("name", names())
def test_what_is_typed_for_the_data_world_is_an_order(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders: list[Order] = []

    def note(order: Order, *, as_json: bool) -> ExitCode:
        assert not as_json
        orders.append(order)
        return ExitCode.PASS

    monkeypatch.setattr(data, "carry_out", note)
    monkeypatch.setattr(data, "start", lambda *_, **__: ExitCode.PASS)
    monkeypatch.setattr(data, "stop", lambda: ExitCode.PASS)
    lines = [
        shlex.split(line)
        for step in read_runbook(FOLDER / f"{name}.md").steps
        for line in f"{step.command}\n{step.undo or ''}".splitlines()
    ]
    for program, *words in filter(None, lines):
        assert program in {"./suyun", "sleep", "git"}
        if words[0] == "data":
            assert main(words) == ExitCode.PASS, words
    assert all(order.drill in {None, name} for order in orders)

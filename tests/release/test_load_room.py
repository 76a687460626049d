"""A machine that is too small for the users says so before anything is started."""

from __future__ import annotations

import pytest

from loadtests.order import LoadError
from loadtests.planning import Machine
from release.crowd import usual_ramp_seconds
from release.load_stage import require_room


def of(memory_mib: int) -> Machine:
    return Machine(cores=2, files=20_000, ports=28_000, memory_mib=memory_mib)


def test_users_who_do_not_fit_are_refused_with_the_number_that_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Machine, "here", lambda: of(8_000))
    with pytest.raises(LoadError, match="200,000 users") as refused:
        require_room(200_000)
    fits = int(refused.value.hint.split()[1].replace(",", ""))
    require_room(fits)
    with pytest.raises(LoadError):
        require_room(fits * 2)  # some more fit than that: fewer users are fewer workers


def test_the_promised_users_fit_into_the_machine_that_the_docs_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Machine, "here", lambda: of(22_000))
    require_room(200_000)


def test_the_usual_ramp_is_as_long_as_the_arrivals_take() -> None:
    assert usual_ramp_seconds(200_000) == pytest.approx(285.7, abs=0.1)
    assert usual_ramp_seconds(10) == 5

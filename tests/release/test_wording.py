"""Figures in words."""

from __future__ import annotations

import pytest

from evidence.figure import Figure
from release.wording import bounds, label, printable, quantity, sentence


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (200_000, "users", "200,000 users"),
        (1, "changes", "1 change"),
        (1, "cities", "1 city"),
        (1, "s", "1 s"),
        (1, "ms", "1 ms"),
        (0, "requests", "0 requests"),
        (0.1, "ratio", "10 %"),
        (0.000123, "ratio", "0.0123 %"),
        (21.53, "s", "21.5 s"),
        (0.026, "ms", "0.026 ms"),
        (1234.56, "ms", "1,235 ms"),
        (117.2, "1/s", "117 a second"),
        (512, "bytes", "512 B"),
        (2_990, "bytes", "2.9 KiB"),
        (5 * 2**30, "bytes", "5 GiB"),
        (3 * 2**60, "bytes", "3,072 PiB"),
    ],
)
def test_quantities(value: float, unit: str, words: str) -> None:
    assert quantity(value, unit) == words


def test_bounds_name_interval_and_objective_where_they_are_known() -> None:
    assert bounds(Figure(value=1, unit="ms")) == ""
    assert bounds(Figure(value=1, unit="ms", objective=5)) == "objective 5 ms"
    both = Figure(value=0, unit="ratio", low=0, high=0.0005, objective=0.001)
    assert bounds(both) == "0 % to 0.05 %, objective 0.1 %"


def test_labels_are_words_without_units() -> None:
    assert label("login_response_ms_p95") == "login response p95"
    assert label("users_ipv6_share") == "users IPv6 share"


def test_sentences_begin_and_end() -> None:
    assert sentence("all stand") == sentence("all stand.") == "All stand."
    assert sentence("") == ""


def test_control_characters_are_shown_as_replaced() -> None:
    assert printable("a\x1b[2J\x00\n\tb\x9b") == "a\ufffd[2J\ufffd\n\tb\ufffd"

"""The parts that only compute: time left, why a build failed, what must not be told."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.toolchain.cache import key_of, sha256_of
from rehearsal.toolchain.diagnosis import failed_build, redact
from rehearsal.toolchain.estimate import Estimate

SECONDS = st.floats(0.5, 1000)


@pytest.mark.parametrize(
    ("line", "cause", "hint"),
    [
        ("write /x: no space left on device", "the disk is full", "free 12 GB"),
        ("dial tcp: lookup proxy.example: no such host", "cannot be reached", "GOPROXY"),
        ("verifying module: checksum mismatch", "not what go.sum says", "clean -modcache"),
        ("go: go.mod requires go >= 1.24.7 (running go 1.22)", "Go is too old", "1.24.7"),
        ("compile: signal: killed", "memory ran out", "free 5 GB"),
        ("x.go:1:2: undefined: y", "could not be built", "whole log"),
    ],
)
def test_a_failure_is_told_by_its_cause(tmp_path: Path, line: str, cause: str, hint: str) -> None:
    log = tmp_path / "tool.log"
    log.write_text(f"first\n{line}\n")

    error = failed_build("tool", log)

    assert cause in error.cause
    assert line in error.cause
    assert hint in error.hint


def test_a_build_that_wrote_nothing_is_an_error_too(tmp_path: Path) -> None:
    assert "could not be built" in failed_build("tool", tmp_path / "none.log").cause


@given(st.text("abcXYZ019!$%:", min_size=1), st.text("abc.", min_size=1))
def test_credentials_never_pass(secret: str, host: str) -> None:
    told = redact(f"get https://{secret}@{host}/path: 403")

    assert told == f"get https://***@{host}/path: 403"


@given(st.dictionaries(st.sampled_from("abcdef"), SECONDS, min_size=1), st.integers(1, 64))
def test_first_estimate_scales_with_the_cores(expected: dict[str, float], cores: int) -> None:
    estimate = Estimate(expected, cores)
    first = next(iter(expected))

    assert estimate.left(first, 0) == pytest.approx(sum(expected.values()) * 2 / cores)
    assert estimate.done(first, 0) == 0


@given(st.lists(SECONDS, min_size=2, max_size=6))
def test_time_left_shrinks_with_every_build_that_keeps_to_time(row: list[float]) -> None:
    names = [str(number) for number in range(len(row))]
    estimate = Estimate(dict(zip(names, row, strict=True)), 2)

    for name, following in pairwise(names):
        before = estimate.left(name, 0)
        estimate.finish(name, row[int(name)])
        assert estimate.left(following, 0) == pytest.approx(before - row[int(name)])
    assert estimate.finished == pytest.approx(sum(row[:-1]))


@given(SECONDS, st.floats(0, 5000))
def test_a_late_build_still_has_time_left_and_is_never_whole(
    seconds: float, elapsed: float
) -> None:
    estimate = Estimate({"late": seconds}, 2)

    assert estimate.done("late", elapsed) < seconds
    assert estimate.left("late", elapsed) >= 0.2 * elapsed


def test_a_slow_machine_is_learnt_from_what_it_built() -> None:
    estimate = Estimate({"a": 600.0, "b": 100.0}, 2)
    estimate.finish("a", 1200.0)

    assert estimate.left("b", 0) == pytest.approx(100 * (1200 + 60) / (600 + 60))


@given(st.lists(st.text(max_size=5), min_size=1, max_size=4))
def test_a_key_tells_where_a_part_ends(parts: list[str]) -> None:
    joined = key_of("".join(parts), *[""] * (len(parts) - 1))

    assert (key_of(*parts) == joined) == (parts == ["".join(parts), *[""] * (len(parts) - 1)])


def test_a_folders_hash_sees_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    first = sha256_of(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    renamed = sha256_of(tmp_path)
    (tmp_path / "b").write_text("2")

    assert len({first, renamed, sha256_of(tmp_path)}) == 3

"""A promise is kept on a slice in every run and to its full figure when it is soaked, from a seed that is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from backend.core.config import HOUSE
from tests.world import figures
from tests.world.figures import KEPT, SEED, dice, figure, how_to_repeat, is_quick, rounds, seed_of_run, throws
from tests.world.storms import storm


def test_only_the_promise_that_is_soaked_runs_to_its_full_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOAK", "P5")
    assert (figure("P5", slice=3, full=500), figure("P1", slice=20, full=1000)) == (500, 20)


def test_time_is_asked_only_where_nothing_else_shares_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOAK", "P5")
    assert (is_quick("P5", 4.9, within=5), is_quick("P5", 5.1, within=5)) == (True, False)
    assert is_quick("P22", 9.9, within=0.3)


def test_a_seed_that_found_something_is_played_in_every_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KEPT, "a story", (715,))
    assert list(rounds("a story", 25, size=10)) == [(715, 10), (SEED, 10), (SEED + 1, 10), (SEED + 2, 5)]
    assert len(set(throws("a story", 25, size=10))) == 4
    assert next(throws("a story", 1, size=10)).random() == dice("a story", seed=715).random()


def test_every_story_that_may_keep_a_seed_is_played_and_no_other() -> None:
    paths = [path for path in (HOUSE / "tests").rglob("test_*.py") if path.name != Path(__file__).name]
    called = re.compile(r'(?:rounds|throws)\("([^"]+)"|story="([^"]+)", cases')
    played = {"".join(names) for path in paths for names in called.findall(path.read_text(encoding="utf-8"))}
    assert played == set(KEPT)


def test_a_storm_longer_than_a_round_is_thrown_round_by_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KEPT, "a story", ())
    seen: list[tuple[int, int]] = []

    def act(number: int) -> None:
        seen.append((figures.PLAYED[-1], number))

    for _ in range(2):
        storm(act, story="a story", cases=25, size=10, rules=settings(database=None), number=st.integers())
    half = len(seen) // 2
    assert seen[:half] == seen[half:], "the same seed throws the same"
    assert {seed for seed, _ in seen} == {SEED, SEED + 1, SEED + 2}


def test_a_seed_that_is_told_throws_the_same_dice_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEED", "7")
    assert seed_of_run() == 7
    assert dice("a").random() == dice("a").random() != dice("b").random()


def test_every_soak_has_a_seed_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEED", raising=False)
    monkeypatch.setenv("SOAK", "P5")
    assert seed_of_run() != seed_of_run()


def test_a_failed_test_tells_how_it_is_repeated(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOAK", "P5")
    told = how_to_repeat(request.node)
    assert "SOAK=P5" in told
    assert "SEED=" in told
    assert "test_a_failed_test_tells_how_it_is_repeated" in told


def test_a_failed_round_tells_its_own_seed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KEPT, "a story", (715,))
    assert f"SEED={SEED} " in how_to_repeat(request.node)
    next(rounds("a story", 1, size=1))
    assert "SEED=715 " in how_to_repeat(request.node)


def test_no_other_file_reads_what_is_soaked() -> None:
    """One that took it for a number ended every soak before its first case."""
    readers = [path for path in (HOUSE / "tests").rglob("*.py") if 'get("SOAK"' in path.read_text(encoding="utf-8")]
    assert [path.name for path in readers if path.name != Path(__file__).name] == ["figures.py"]

"""A promise is kept on a slice in every run and to its full figure when it is soaked, from a seed that is told."""

from __future__ import annotations

import pytest

from tests.world.figures import dice, figure, how_to_repeat, seed_of_run


def test_only_the_promise_that_is_soaked_runs_to_its_full_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOAK", "P5")
    assert (figure("P5", slice=3, full=500), figure("P1", slice=20, full=1000)) == (500, 20)


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

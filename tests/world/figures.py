"""How far a test of a promise goes: a slice in `make test`, the full figure in `make soak P=P5`; always from a seed.

A test says whose promise it keeps, and how much of it a slice is:

    @pytest.mark.promise(name="P1")
    def test_a_repeated_notice_never_posts_twice(village):
        for order in range(figure("P1", slice=20, full=1000)):
            ...
"""

from __future__ import annotations

import os
import random

import pytest

PROMISE = "promise(name): keeps a promise of `backend/docs/REQUIREMENTS.md`; `make soak P=<name>` runs its full figure."


def soaked() -> str:
    """Return the promise whose full figure is run now, or nothing."""
    return os.environ.get("SOAK", "")


def figure(promise: str, *, slice: int, full: int) -> int:  # noqa: A002 - a slice of the figure.
    """Return how many cases to run: `full` when this promise is soaked, else `slice`."""
    return full if soaked() == promise else slice


def seed_of_run() -> int:
    """Return the seed of this run: SEED when it is set, another one at each soak, the same one in `make test`."""
    told = os.environ.get("SEED", "")
    if told:
        return int(told)
    return random.SystemRandom().randrange(1, 2**31) if soaked() else 20261122


SEED = seed_of_run()


def dice(name: str) -> random.Random:
    """Return the dice of one test: the same throws for the same seed and name, whatever ran before."""
    return random.Random(f"{SEED}:{name}")


def how_to_repeat(item: pytest.Item) -> str:
    """Return the command that repeats a failed test with this run's seed."""
    soak = f"SOAK={soaked()} " if soaked() else ""
    return f"SEED={SEED} {soak}.venv/bin/python -m pytest {item.nodeid!r}"

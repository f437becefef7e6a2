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
from collections.abc import Iterator

import pytest

PROMISE = "promise(name): keeps a promise of `backend/docs/REQUIREMENTS.md`; `make soak P=<name>` runs its full figure."


KEPT: dict[str, tuple[int, ...]] = {
    "whatever a phone sends twice": (),
    "parts of a purse": (),
    "refunds of a purse": (),
    "a life of money": (),
    "junk at the door": (),
    "true words": (),
    "forged and replayed": (),
    "contradictions": (),
    "bill of a day": (),
    "two days of faults": (),
}
"""Seeds that found something once, by the story that they throw: each is played in every run, before the run's own.

Of what Hypothesis throws, also keep the shortest case as an `@example`: it throws by the source of the house too.
"""
PLAYED: list[int] = []
"""The seeds that the present test has played, the last of them just now."""


def soaked() -> str:
    """Return the promise whose full figure is run now, or nothing."""
    return os.environ.get("SOAK", "")


def figure(promise: str, *, slice: int, full: int) -> int:  # noqa: A002 - a slice of the figure.
    """Return how many cases to run: `full` when this promise is soaked, else `slice`."""
    return full if soaked() == promise else slice


def is_quick(promise: str, seconds: float, *, within: float) -> bool:
    """Say whether something took less time than promised; a slice shares its machine, so there it always did."""
    return soaked() != promise or seconds < within


def seed_of_run() -> int:
    """Return the seed of this run: SEED when it is set, another one at each soak, the same one in `make test`."""
    told = os.environ.get("SEED", "")
    if told:
        return int(told)
    return random.SystemRandom().randrange(1, 2**31) if soaked() else 20261122


SEED = seed_of_run()


def dice(name: str, *, seed: int | None = None) -> random.Random:
    """Return the dice of one test: the same throws for the same seed and name, whatever ran before."""
    return random.Random(f"{SEED if seed is None else seed}:{name}")


def rounds(story: str, cases: int, *, size: int) -> Iterator[tuple[int, int]]:
    """Yield seed and number of cases of each round of a story: those of the seeds kept for it, then this run's own.

    A long run is many rounds, each with a seed of its own, so that what one of them found is found again without the
    others. A kept seed plays its whole round, as it did when it found something.
    """
    own = [(SEED + number, min(size, cases - number * size)) for number in range(-(-cases // size))]
    for seed, count in [*((seed, size) for seed in KEPT[story]), *own]:
        PLAYED.append(seed)
        yield seed, count


def throws(story: str, cases: int, *, size: int) -> Iterator[random.Random]:
    """Yield for each case of a story the dice of its round."""
    for seed, count in rounds(story, cases, size=size):
        chance = dice(story, seed=seed)
        for _ in range(count):
            yield chance


def how_to_repeat(item: pytest.Item) -> str:
    """Return the command that repeats a failed test with its seed: that of the round in which it failed."""
    soak = f"SOAK={soaked()} " if soaked() else ""
    seed = PLAYED[-1] if PLAYED else SEED
    keep = f"# once mended, keep the seed in {__name__}.KEPT"
    return f"SEED={seed} {soak}.venv/bin/python -m pytest {item.nodeid!r} {keep}"

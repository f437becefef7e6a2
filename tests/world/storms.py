"""What Hypothesis throws at a promise, round by round."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, seed, settings
from hypothesis.strategies import SearchStrategy

from tests.world.figures import rounds


def storm(
    act: Callable[..., None], *, story: str, cases: int, size: int, rules: settings, **told: SearchStrategy[Any]
) -> None:
    """Throw so many cases at `act`, in rounds of `size`: what was tried is remembered within a round only."""
    for one, count in rounds(story, cases, size=size):
        seed(one)(settings(rules, max_examples=count)(given(**told)(act)))()

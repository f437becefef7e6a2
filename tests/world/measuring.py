"""Which tests the coverage is measured in: a rule that holds on both databases is measured on one of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from coverage import Coverage

_paused: list[Coverage] = []


def is_twin(item: pytest.Item, *, databases: list[str]) -> bool:
    """Return whether this is a test on PostgreSQL that the same run measures on SQLite already."""
    given = getattr(item, "callspec", None)
    return "sqlite" in databases and given is not None and given.params.get("database") == "postgresql"


@contextmanager
def unmeasured() -> Iterator[None]:  # pragma: no cover - it switches off what would see it.
    """Measure nothing for a while: tracing makes a test a third slower."""
    coverage = Coverage.current()
    if coverage is None:
        yield
        return
    coverage.stop()
    _paused.append(coverage)
    try:
        yield
    finally:
        _paused.remove(coverage)
        coverage.start()


@contextmanager
def measured() -> Iterator[None]:  # pragma: no cover - the measuring sees no frame that began before it.
    """Measure after all, inside `unmeasured`: what is done once for many tests."""
    if not _paused:
        yield
        return
    _paused[-1].start()
    try:
        yield
    finally:
        _paused[-1].stop()

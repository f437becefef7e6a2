"""`write_together`: what several threads want written at one moment is committed once, and answered after that."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from backend.core.db import WRITE_LOCK_SECONDS, db, refuse_nesting, write_with_retries, writing
from backend.core.errors import DatabaseBusy, StorageUnavailable

T = TypeVar("T")
LOCK_WAIT_MS = 300
"""How long a batch waits for a row that somebody else holds, before its acts go on without each other."""


def write_together(act: Callable[[], T], *, order: str) -> T:
    """Run `act` in a writing transaction, if others wait just now then in one with theirs; return after its commit.

    A commit costs a disk as much as all statements of a settling: those who come while one is written share the
    next (ADR 0012). The acts of a batch run by their `order`, in every process the same, so that no two batches wait
    for each other. Each answer and each refusal is that of the own act: when a batch fails, or one of its rows is
    locked by somebody, all of it is rolled back and each act is run apart, by `write_with_retries` in its own thread.
    So `act` may run more than once, and in another thread: it must have no effect outside the transaction, and
    written twice must be as good as written once. Refuses `DatabaseBusy` and `StorageUnavailable`.
    """
    refuse_nesting()  # Here, not in the thread that writes: others' acts must not fall with ours.
    with _queues_lock:
        queue = _queues.setdefault(db.engine, _Queue())
    wish = _Wish(act, order)
    queue.write(wish)
    if isinstance(wish.answer.exception(), _SetApart):
        return write_with_retries(act)
    result: T = wish.answer.result()
    return result


class _SetApart(Exception):
    """The act is run again by itself: its batch was rolled back."""


@dataclass(frozen=True, eq=False)
class _Wish:
    """An act that somebody wants written, its place in a batch, and what will have become of it."""

    act: Callable[[], Any]
    order: str
    answer: Future[Any] = field(default_factory=Future)


class _Queue:
    """The wishes of this process for one database. Whoever has the turn writes all that wait."""

    def __init__(self) -> None:
        self._turn, self._lock = threading.Lock(), threading.Lock()
        self._waiting: list[_Wish] = []

    def write(self, wish: _Wish) -> None:
        with self._lock:
            self._waiting.append(wish)
        self._take_turn(wish)
        try:
            if not wish.answer.done():
                self._write_what_waits(wish)
        finally:
            self._turn.release()

    def _take_turn(self, wish: _Wish) -> None:
        """Wait for the turn; when it does not come in time, take the wish back, unless it is being written."""
        while not self._turn.acquire(timeout=WRITE_LOCK_SECONDS):
            with self._lock:
                if wish in self._waiting:
                    self._waiting.remove(wish)
                    raise DatabaseBusy()

    def _write_what_waits(self, own: _Wish) -> None:
        with self._lock:
            batch, self._waiting = self._waiting, []
        try:
            _write_at_once(sorted(batch, key=lambda wish: wish.order))
        except BaseException:  # This thread is being ended: the others' wishes are somebody else's turn.
            with self._lock:
                self._waiting = [wish for wish in batch if wish is not own] + self._waiting
            raise


def _write_at_once(batch: list[_Wish]) -> None:
    try:
        with writing(lock_wait_ms=LOCK_WAIT_MS):
            results = [wish.act() for wish in batch]
    except (DatabaseBusy, StorageUnavailable) as fault:
        for wish in batch:
            wish.answer.set_exception(fault)
    except Exception:
        # One is at fault, or wants a row that is held. Apart, each meets and tells its own fault.
        for wish in batch:
            wish.answer.set_exception(_SetApart())
    else:
        for wish, result in zip(batch, results, strict=True):
            wish.answer.set_result(result)


_queues: WeakKeyDictionary[Engine, _Queue] = WeakKeyDictionary()
_queues_lock = threading.Lock()

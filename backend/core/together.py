"""`write_together`: what several threads want written at one moment is committed once, and answered after that."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from backend.core.db import WRITE_LOCK_SECONDS, db, refuse_nesting, write_with_retries
from backend.core.errors import DatabaseBusy, StorageUnavailable

T = TypeVar("T")


def write_together(act: Callable[[], T]) -> T:
    """Run `act` in a writing transaction, if others wait just now then in one with theirs; return after its commit.

    A commit costs a disk as much as all statements of a settling: those who come while one is written share the
    next (ADR 0012). Each answer and each refusal is that of the own act: when any act of a batch raises, all of it is
    rolled back and each is run alone, as by `write_with_retries`. So `act` may run more than once, and in another
    thread: it must have no effect outside the transaction, and written twice must be as good as written once.
    Refuses `DatabaseBusy` and `StorageUnavailable`.
    """
    refuse_nesting()  # Here, not in the thread that writes: others' acts must not fall with ours.
    with _queues_lock:
        queue = _queues.setdefault(db.engine, _Queue())
    return queue.write(act)


class _Wish:
    """An act that somebody wants written, and what became of it."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self.act = act
        self.is_done = False
        self.result: Any = None
        self.fault: Exception | None = None

    def is_written(self, result: Any) -> None:
        self.result, self.is_done = result, True

    def is_refused(self, fault: Exception) -> None:
        self.fault, self.is_done = fault, True


class _Queue:
    """The wishes of this process for one database. Whoever has the turn writes all that wait."""

    def __init__(self) -> None:
        self._turn, self._lock = threading.Lock(), threading.Lock()
        self._waiting: list[_Wish] = []

    def write(self, act: Callable[[], T]) -> T:
        wish = _Wish(act)
        with self._lock:
            self._waiting.append(wish)
        self._take_turn(wish)
        try:
            if not wish.is_done:
                self._write_what_waits(wish)
        finally:
            self._turn.release()
        if wish.fault is not None:
            raise wish.fault
        result: T = wish.result
        return result

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
            if len(batch) > 1:
                _write_at_once(batch)
            for wish in batch:
                if not wish.is_done:
                    _write_alone(wish)
        except BaseException:  # This thread is being ended: the others' wishes are somebody else's turn.
            with self._lock:
                self._waiting = [wish for wish in batch if not wish.is_done and wish is not own] + self._waiting
            raise


def _write_at_once(batch: list[_Wish]) -> None:
    try:
        results = write_with_retries(lambda: [wish.act() for wish in batch])
    except (DatabaseBusy, StorageUnavailable) as fault:
        for wish in batch:
            wish.is_refused(fault)
    except Exception:
        return  # One of them is at fault: alone, each gets its own answer.
    else:
        for wish, result in zip(batch, results, strict=True):
            wish.is_written(result)


def _write_alone(wish: _Wish) -> None:
    try:
        wish.is_written(write_with_retries(wish.act))
    except Exception as fault:
        wish.is_refused(fault)


_queues: WeakKeyDictionary[Engine, _Queue] = WeakKeyDictionary()
_queues_lock = threading.Lock()

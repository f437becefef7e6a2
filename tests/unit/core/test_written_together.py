"""Who comes while one is written shares the next commit, and has his own answer all the same (ADR 0012)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep

import pytest
from flask import Flask
from sqlalchemy import event, select, text

from backend.core import together
from backend.core.db import db, is_sqlite, read_with_retries, writing
from backend.core.errors import DatabaseBusy, Refusal, StorageUnavailable
from backend.core.together import write_together
from backend.ledger.models import LedgerState


class Told(Refusal):
    """A rule of the test's own says no."""

    code = "TOLD"


def counts() -> int:
    state = db.session.scalars(select(LedgerState).with_for_update()).one()
    state.last_position += 1
    return state.last_position


def refuses() -> int:
    counts()
    raise Told()


def counted(app: Flask) -> int:
    with app.app_context():
        return read_with_retries(lambda: db.session.scalar(select(LedgerState.last_position)) or 0)


class Crowd:
    """Threads that want something written; what each was answered, by the order in which it came."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.answers: dict[int, object] = {}
        self._threads: list[threading.Thread] = []
        self.goes_on = threading.Event()

    def asks(self, act: Callable[[], object]) -> None:
        number = len(self._threads)

        def ask() -> None:
            with self.app.app_context():
                try:
                    self.answers[number] = write_together(act, order=f"{100 - number}")
                except BaseException as fault:
                    self.answers[number] = fault

        self._threads.append(threading.Thread(target=ask))
        self._threads[-1].start()

    def waits_until(self, is_so: Callable[[], bool]) -> None:
        end = monotonic() + 20
        while not is_so():
            assert monotonic() < end
            sleep(1 / 200)

    def is_answered(self) -> list[object]:
        for thread in self._threads:
            thread.join(timeout=60)
        return [self.answers[number] for number in range(len(self._threads))]


@contextmanager
def while_one_is_written(
    app: Flask, *acts: Callable[[], object], first: Callable[[], object] = counts
) -> Iterator[Crowd]:
    """One is in its transaction, and `acts` have come behind it, when the block begins; it goes on after it at last."""
    crowd, inside = Crowd(app), threading.Event()

    def slowly() -> object:
        inside.set()
        assert crowd.goes_on.wait(timeout=60)
        return first()

    crowd.asks(slowly)
    assert inside.wait(timeout=20)
    with app.app_context():
        queue = together._queues[db.engine]
    for number, act in enumerate(acts, start=1):
        crowd.asks(act)
        crowd.waits_until(lambda: len(queue._waiting) == number)  # noqa: B023 - called at once.
    try:
        yield crowd
    finally:
        crowd.goes_on.set()
        crowd.is_answered()


def test_those_who_come_while_one_is_written_share_the_next_commit(app: Flask) -> None:
    commits: list[object] = []
    with while_one_is_written(app, counts, counts, counts) as crowd, app.app_context():
        event.listen(db.engine, "commit", commits.append)
    assert crowd.is_answered() == [1, 4, 3, 2], "in the order of the acts, not of their coming"
    assert len(commits) == 2
    assert counted(app) == 4


def test_a_refusal_is_told_to_the_one_whom_it_concerns_and_the_others_are_written(app: Flask) -> None:
    with while_one_is_written(app, counts, refuses, counts) as crowd:
        pass
    first, second, refused, fourth = crowd.is_answered()
    assert (first, sorted([str(second), str(fourth)])) == (1, ["2", "3"])
    assert isinstance(refused, Told)
    assert counted(app) == 3


def test_a_refusal_leaves_nothing_behind(app: Flask) -> None:
    with app.app_context(), pytest.raises(Told):
        write_together(refuses, order="")
    assert counted(app) == 0


def test_a_store_that_cannot_be_written_is_told_to_all_who_waited(app: Flask) -> None:
    def meets_a_read_only_store() -> object:
        db.session.execute(text("PRAGMA query_only=ON" if db.engine.name == "sqlite" else "SET TRANSACTION READ ONLY"))
        return db.session.execute(text("UPDATE ledger_state SET last_position = last_position + 1"))

    with while_one_is_written(app, meets_a_read_only_store, counts) as crowd:
        pass
    first, *refused = crowd.is_answered()
    assert first == 1
    assert [type(one) for one in refused] == [StorageUnavailable] * 2
    assert counted(app) == 1


def test_a_row_that_somebody_holds_stops_only_those_who_want_it(app: Flask) -> None:
    def wants_the_row() -> str:
        return "had" if counts() else ""

    with app.app_context():
        holds = not is_sqlite()  # There a reader holds nothing, and a writer is alone: nobody is stopped.
        other = db.engine.connect().execution_options(writes=holds)
        other.execute(select(LedgerState.last_position).with_for_update())
    with while_one_is_written(app, wants_the_row, lambda: "free", lambda: "free", first=lambda: "first") as crowd:
        crowd.goes_on.set()
        crowd.waits_until(lambda: len(crowd.answers) == (3 if holds else 4))
        assert (1 in crowd.answers) is not holds
        other.rollback()
        other.close()
    assert crowd.is_answered() == ["first", "had", "free", "free"]


def test_who_waits_too_long_is_told_so_and_nothing_of_his_is_written(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "WRITE_LOCK_SECONDS", 1 / 10)
    with while_one_is_written(app) as crowd:
        crowd.asks(counts)
        crowd.waits_until(lambda: 1 in crowd.answers)
    assert isinstance(crowd.answers[1], DatabaseBusy)
    assert counted(app) == 1


def test_a_process_that_is_ended_while_it_writes_leaves_the_others_their_turn(app: Flask) -> None:
    def is_ended() -> object:
        raise SystemExit

    with while_one_is_written(app, counts, counts, first=is_ended) as crowd:
        pass
    ended, *others = crowd.is_answered()
    assert isinstance(ended, SystemExit)
    assert sorted(map(str, others)) == ["1", "2"]


def test_inside_a_transaction_nobody_asks_for_another(app: Flask) -> None:
    with app.app_context(), writing(), pytest.raises(RuntimeError, match="one transaction"):
        write_together(counts, order="")

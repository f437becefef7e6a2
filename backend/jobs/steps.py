"""The small works of the one-second loop, in their order; a room that needs one adds its line to `STEPS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from backend.core import idempotency
from backend.core.clock import local_day
from backend.disbursements import overdue
from backend.jobs import clock_guard
from backend.ledger import chain, ordering, queries
from backend.people.login import forget_old_failures
from backend.people.login_states import forget_old_states
from backend.people.phone import forget_old_codes
from backend.people.service import forget_ended_sessions
from backend.vault.erasing import end_terms
from backend.volunteers.minors import end_old_consents

ORDER_CHUNK = 100  # Numbering and rolling up so many holds the write lock for about 25 ms.
CHAIN_CHUNK = 200
MONEY_CHUNK = 50


@dataclass(frozen=True, kw_only=True)
class Step:
    """One work of the loop. `act` does one chunk at `now` and returns how many things it did; zero: nothing waits.

    `act` runs inside a writing transaction of its own and must be done with a chunk within 50 ms. A step that
    `calls_out`, or reads for long, gets no transaction and runs beside the others: it opens its own (law 13).
    `has_work` is asked in a reading transaction before, so that an idle loop takes no write lock.
    """

    name: str
    act: Callable[[datetime], int]
    has_work: Callable[[datetime], bool] | None = None
    every_seconds: int = 1
    calls_out: bool = False


def _order(_now: datetime) -> int:
    return ordering.append_order(limit=ORDER_CHUNK)


def _has_queue(_now: datetime) -> bool:
    return queries.oldest_queued_at() is not None


def _chain(_now: datetime) -> int:
    return chain.extend(limit=CHAIN_CHUNK)


def _has_unlinked(_now: datetime) -> bool:
    return chain.has_unlinked()


def _forget_answers(now: datetime) -> int:
    return idempotency.forget_old_answers(now=now)


def _end_terms(now: datetime) -> int:
    return end_terms(today=local_day(now))


def _forget_people(now: datetime) -> int:
    begun = forget_old_states(now=now) + forget_old_codes(now=now)
    return begun + forget_old_failures(now=now) + forget_ended_sessions(now=now)


def _end_consents(now: datetime) -> int:
    return end_old_consents(now=now)


def _is_clock_believed(_now: datetime) -> bool:
    """What is due by its date, and is not taken back, is not done by a clock that jumped."""
    return clock_guard.state().paused_at is None


def _has_overdue(now: datetime) -> bool:
    return _is_clock_believed(now) and overdue.has_overdue(now=now)


def _call_for_overdue(now: datetime) -> int:
    return overdue.call_for_overdue(limit=MONEY_CHUNK, now=now)


STEPS: tuple[Step, ...] = (
    Step(name="order", act=_order, has_work=_has_queue),
    Step(name="chain", act=_chain, has_work=_has_unlinked, every_seconds=10),
    Step(name="forget_answers", act=_forget_answers, every_seconds=3600),
    Step(name="forget_people", act=_forget_people, has_work=_is_clock_believed, every_seconds=3600),
    Step(name="end_terms", act=_end_terms, has_work=_is_clock_believed, every_seconds=3600),
    Step(name="end_consents", act=_end_consents, has_work=_is_clock_believed, every_seconds=3600),
    Step(name="money_waits", act=_call_for_overdue, has_work=_has_overdue, every_seconds=600),
)

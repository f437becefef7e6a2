"""Asking the provider about orders of which no notice came, until there is nothing left to ask (P6; bugs 3, 4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from backend.core.db import db, write_with_retries
from backend.core.failpoints import failpoint
from backend.payments.inbox import hear
from backend.payments.models import CLOSED, ENDED_STATES, EXPIRED, OPEN_STATES, PAID, OrderAsk, PaymentOrder
from backend.payments.providers import Provider, TradeAnswer
from backend.payments.workflow import sources_of

AFTER_SECONDS = (10, 30, 60, 180, 600, 1200, 1800)
LAST_WORD_AFTER = timedelta(minutes=10)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Question:
    """One order to ask about; `is_last` when the provider can no longer take its money.

    `is_ended` when we ended it ourselves, so that the provider should take its money no more.
    """

    order_id: int
    out_trade_no: str
    is_last: bool
    is_ended: bool
    is_over: bool = False
    """Whether its time to pay has passed: then, unpaid, it is closed at the provider too (the order of the facts:
    ask, close, ask)."""


def next_ask(*, created_at: datetime, expires_at: datetime, now: datetime, is_ended: bool = False) -> datetime:
    """Return when to ask again: 10 s, 30 s, 1, 3, 10, 20, 30 min after the order, hourly, ten minutes after its end.

    When even that last question stays without an answer, it is asked again every hour. An order that we ended
    (`is_ended`) is asked about every minute until then: its giver may have paid, and waits to hear of it.
    """
    last = expires_at + LAST_WORD_AFTER
    if now >= last:
        return now + HOUR
    if is_ended:
        return min(last, now + MINUTE)
    steps = [created_at + timedelta(seconds=seconds) for seconds in AFTER_SECONDS]
    while steps[-1] <= now:
        steps.append(steps[-1] + HOUR)
    return min(last, next(step for step in steps if step > now))


def has_due(*, now: datetime) -> bool:
    """Say whether an order is due to be asked about."""
    return db.session.scalar(select(OrderAsk.order_id).where(OrderAsk.next_at <= now).limit(1)) is not None


def ask_due(*, provider: Provider, now: datetime, limit: int = 5) -> int:
    """Ask about the orders that are due and settle what was answered; return how many were asked about.

    For the worker; opens its own short transactions and asks with none open.
    """
    questions = write_with_retries(lambda: _claim(provider=provider.name, now=now, limit=limit))
    for question in questions:
        failpoint("question_claimed")
        answer = _ask(provider, question, now=now)
        failpoint("question_answered")
        if answer.paid is not None:
            hear(answer.paid, now=now)
        failpoint("answer_heard")
        write_with_retries(lambda: _conclude(question, answer))  # noqa: B023 - called at once.
    return len(questions)


def _ask(provider: Provider, question: Question, *, now: datetime) -> TradeAnswer:
    """Ask; when nobody has paid for an order that has ended or is over, have it closed and ask what came of that."""
    answer = provider.query(question.out_trade_no, now=now)
    if answer.state != "unpaid" or not (question.is_ended or question.is_over):
        return answer
    provider.close(question.out_trade_no, now=now)
    return provider.query(question.out_trade_no, now=now)


def _claim(*, provider: str, now: datetime, limit: int) -> list[Question]:
    """Take the due questions by moving each to its next time, and drop those that are answered already."""
    due = (
        select(OrderAsk.next_at, PaymentOrder)
        .join(PaymentOrder, PaymentOrder.id == OrderAsk.order_id)
        .where(OrderAsk.next_at <= now, PaymentOrder.provider == provider)
        .order_by(OrderAsk.next_at)
        .limit(limit)
    )
    questions = []
    for next_at, order in db.session.execute(due.execution_options(populate_existing=True)).all():
        if order.state == PAID:
            _drop(order.id)
            continue
        is_ended = order.state in ENDED_STATES
        later = next_ask(created_at=order.created_at, expires_at=order.expires_at, now=now, is_ended=is_ended)
        mine = (OrderAsk.order_id == order.id) & (OrderAsk.next_at == next_at)
        taking = update(OrderAsk).where(mine).values(next_at=later).returning(OrderAsk.order_id)
        if db.session.execute(taking.execution_options(synchronize_session=False)).first() is not None:
            is_last = now >= order.expires_at + LAST_WORD_AFTER
            asked = Question(
                order_id=order.id,
                out_trade_no=order.out_trade_no,
                is_last=is_last,
                is_ended=is_ended,
                is_over=now >= order.expires_at,
            )
            questions.append(asked)
    return questions


def _conclude(question: Question, answer: TradeAnswer) -> None:
    """End an order only on the provider's own word: its silence ends nothing. What it confirmed is in the inbox."""
    if answer.state == "paid":
        _drop(question.order_id)
    elif answer.state == "closed" or (answer.state == "unpaid" and question.is_last):
        ended = CLOSED if answer.state == "closed" else EXPIRED
        may_end = sources_of(ended, within=OPEN_STATES)
        still_open = (PaymentOrder.id == question.order_id) & PaymentOrder.state.in_(may_end)
        ending = update(PaymentOrder).where(still_open).values(state=ended)
        db.session.execute(ending.execution_options(synchronize_session=False))
        _drop(question.order_id)


def _drop(order_id: int) -> None:
    dropping = delete(OrderAsk).where(OrderAsk.order_id == order_id)
    db.session.execute(dropping.execution_options(synchronize_session=False))

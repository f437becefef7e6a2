"""Two givers of the story ask for their gift back: one had it months ago, the other waits for the second person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select

from backend.core.db import db
from backend.donations.service import find_gift_row
from backend.outbox.models import DELIVERED, OutboxItem
from backend.payments.providers import QUERY, RefundToMake
from backend.payments.refund_words import read_refund
from backend.payments.sandbox import NAME
from backend.payments.sandbox_book import find_trade
from backend.payments.sandbox_refunds import TAKES, open_refund, refund_of
from backend.refunds.hearing import DONE, settle_refund
from backend.refunds.models import Refund
from backend.refunds.service import KIND, approve_refund, ask_refund
from miniapp_api.demo.cast import NATION_CHECKER, NATION_PAYER, staff_member
from miniapp_api.demo.giving import gift_event
from miniapp_api.demo.stage import Event, Stage


@dataclass(frozen=True, kw_only=True)
class Returned:
    """A gift of which something is asked back; `days_ago` of the gift, the request comes on the day after."""

    key: str
    days_ago: int
    giver: int
    gift_fen: int
    asked_fen: int
    reason: str
    is_done: bool


TOLD = (
    Returned(
        key="too-many-noughts",
        days_ago=58,
        giver=3,
        gift_fen=2_000_00,
        asked_fen=1_800_00,
        reason="想捐200元，多写了一个零",
        is_done=True,
    ),
    Returned(
        key="given-twice",
        days_ago=2,
        giver=9,
        gift_fen=88_00,
        asked_fen=88_00,
        reason="手机卡住，付了两次",
        is_done=False,
    ),
)


def refunds(fund: str, *, number: int, stage: Stage) -> Iterator[Event]:
    """Yield the gifts to the first village's fund of which something is asked back, and what becomes of each."""
    for told in TOLD if number == 0 else ():
        key = f"{fund}-{told.key}"
        given = stage.hour(days_ago=told.days_ago, minutes=9 * 60 + 30)
        yield gift_event(key, fund, fen=told.gift_fen, giver=told.giver, at=given, stage=stage)
        asked = given + timedelta(days=1)
        yield Event(at=asked, key=f"{key}-asked", act=partial(_ask, key, told, stage, asked))
        checked = asked + timedelta(hours=2)
        yield Event(at=checked, key=f"{key}-checked", act=partial(_approve, key, NATION_PAYER, stage, checked))
        if told.is_done:
            approved = checked + timedelta(hours=3)
            yield Event(at=approved, key=f"{key}-approved", act=partial(_approve, key, NATION_CHECKER, stage, approved))
            done = approved + timedelta(minutes=2)
            yield Event(at=done, key=f"{key}-done", act=partial(_give_back, key, stage, approved, done))


def _ask(key: str, told: Returned, stage: Stage, at: datetime) -> str:
    gift = stage.codes[key]
    person_id = find_gift_row(gift).person_id
    return ask_refund(gift=gift, person_id=person_id, amount_fen=told.asked_fen, reason=told.reason, now=at)


def _approve(key: str, login: str, stage: Stage, at: datetime) -> None:
    approve_refund(refund=stage.codes[f"{key}-asked"], staff=staff_member(login), now=at)


def _give_back(key: str, stage: Stage, sent: datetime, at: datetime) -> None:
    """Play the sandbox, which gives back what it was sent; nothing is owed to it any more."""
    row = db.session.scalars(select(Refund).where(Refund.code == stage.codes[f"{key}-asked"])).one()
    order = RefundToMake(**json.loads(row.body or ""))
    owed = select(OutboxItem).where(OutboxItem.kind == KIND, OutboxItem.key == order.refund_no)
    item = db.session.scalars(owed).one()
    item.state, item.next_at, item.ended_at = DELIVERED, None, sent + TAKES
    book = open_refund(order, now=sent + TAKES, owes_notice=False)
    told = refund_of(book, find_trade(order.out_trade_no), now=at)
    outcome = settle_refund(read_refund(told, provider=NAME, notice_id="", told_by=QUERY, body="{}"), now=at)
    assert outcome == DONE, outcome

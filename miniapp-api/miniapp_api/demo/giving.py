"""Gifts of the story: each ordered, paid in the sandbox and settled, as a villager's is."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

from backend.donations.service import order_gift, resume_gift, showing
from backend.payments.providers import H5
from backend.payments.sandbox import APP_ID, MERCHANT, NAME
from backend.payments.sandbox_book import find_trade, open_trade, pay_trade, transaction_of
from backend.payments.settle import settle
from backend.payments.settle_care import SETTLED
from backend.payments.transactions import read_transaction
from miniapp_api.demo.stage import Event, Stage
from miniapp_api.demo.story import GIVERS, MESSAGES, SMALL_FEN

ANONYMOUS_EVERY, HIDDEN_EVERY, MESSAGE_EVERY = 4, 9, 3


def small_gifts(
    project: str, *, count: int, since: int, until: int, stage: Stage, chance: random.Random
) -> Iterator[Event]:
    """Yield gifts of villagers and relatives between two days, counted back from the end."""
    for number in range(count):
        at = stage.hour(days_ago=chance.randint(until, since), minutes=chance.randint(7 * 60, 22 * 60 - 1))
        fen = chance.choice(SMALL_FEN)
        yield gift_event(f"{project}-small-{number}", project, fen=fen, giver=number % len(GIVERS), at=at, stage=stage)


def large_gifts(project: str, amounts: Sequence[int], *, since: int, stage: Stage) -> Iterator[Event]:
    """Yield the large gifts that come in the first days of a project, one a day."""
    for number, fen in enumerate(amounts):
        at = stage.hour(days_ago=since - number, minutes=11 * 60 + number)
        yield gift_event(f"{project}-large-{number}", project, fen=fen, giver=number % len(GIVERS), at=at, stage=stage)


def gift_event(key: str, project: str, *, fen: int, giver: int, at: datetime, stage: Stage) -> Event:
    """Return one gift of a giver, known by his number in the cast."""
    return Event(at=at, key=key, act=partial(_give, key, project, fen=fen, giver=giver, at=at, stage=stage))


def _give(key: str, project: str, *, fen: int, giver: int, at: datetime, stage: Stage) -> str:
    """Order, pay and settle one gift, all in the journal's transaction."""
    mood = sum(key.encode())
    shown = showing(
        display="anonymous" if mood % ANONYMOUS_EVERY == 0 else "nickname",
        name=GIVERS[giver],
        hide_amount=mood % HIDDEN_EVERY == 0,
        message=MESSAGES[mood % len(MESSAGES)] if mood % MESSAGE_EVERY == 0 else None,
    )
    ordered = order_gift(
        person_id=stage.givers[giver],
        project_code=stage.codes[project],
        amount_fen=fen,
        shown=shown,
        link_id=None,
        provider=stage.provider,
        channel=H5,
        again=True,
        now=at,
    )
    to_prepay = ordered.to_prepay or resume_gift(ordered.code, now=at).to_prepay
    assert to_prepay is not None, "a new order has not been announced yet"
    open_trade(to_prepay, merchant=MERCHANT, app_id=APP_ID)
    paid_at = at + timedelta(seconds=40)
    pay_trade(ordered.out_trade_no, now=paid_at, owes_notice=False)
    told = transaction_of(find_trade(ordered.out_trade_no), now=paid_at)
    paid = read_transaction(
        told, provider=NAME, notice_id=f"query:{told['transaction_id']}", told_by="query", body="{}"
    )
    outcome = settle(paid, now=paid_at)
    assert outcome == SETTLED, outcome
    return ordered.code

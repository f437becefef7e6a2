"""An order goes only the ways of one table: each pair of states is looked at, in the rule and in the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import select, update

from backend.core.db import db
from backend.payments.models import PaymentOrder
from backend.payments.orders import claim_announcement, close_orders_of, mark_payable
from backend.payments.providers import PayWay
from backend.payments.workflow import (
    ANNOUNCED_FOR,
    CLOSED,
    CREATED,
    EXPIRED,
    NEXT,
    OPEN_STATES,
    PAID,
    PAYABLE,
    PREPAYING,
    QUARANTINED,
    may_announce,
    sources_of,
)
from tests.world.giving import Giving, ordered, project_of, village

STATES = (CREATED, PREPAYING, PAYABLE, PAID, CLOSED, EXPIRED, QUARANTINED)
# Rows: from; columns: to, in the order of STATES. `x` is a way, `.` is none.
TABLE = {
    CREATED: ".x.xxxx",
    PREPAYING: ".xxxxxx",
    PAYABLE: ".x.xxxx",
    PAID: ".......",
    CLOSED: "...x..x",
    EXPIRED: "...x..x",
    QUARANTINED: "...x..x",
}
NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)
LATER = NOW + timedelta(minutes=30)


@pytest.mark.parametrize(("before", "after"), list(product(STATES, STATES)))
def test_the_table_has_these_ways_and_no_others(before: str, after: str) -> None:
    is_way = TABLE[before][STATES.index(after)] == "x"
    assert (after in NEXT[before], before in sources_of(after)) == (is_way, is_way)


def test_nothing_leaves_paid_and_everything_reaches_it() -> None:
    assert NEXT[PAID] == frozenset()
    assert sources_of(PAID) == tuple(state for state in NEXT if state != PAID)
    assert sources_of(PAID, within=OPEN_STATES) == OPEN_STATES


ANNOUNCED = [
    (CREATED, None, None, LATER, True, "the provider never heard of it"),
    (CREATED, None, None, NOW, False, "its time is over"),
    (PREPAYING, NOW + timedelta(seconds=1), None, LATER, False, "another request is at it"),
    (PREPAYING, NOW, None, LATER, True, "who was at it has died"),
    (PREPAYING, None, None, LATER, True, "who was at it gave up"),
    (PAYABLE, None, NOW - timedelta(minutes=5), LATER, False, "its answer is good still"),
    (PAYABLE, None, NOW - ANNOUNCED_FOR, LATER, True, "its answer is too old for a cashier"),
    (PAYABLE, None, None, LATER, True, "when it was announced is not known"),
    (PAID, None, None, LATER, False, "it is paid"),
    (CLOSED, None, None, LATER, False, "it is closed"),
    (QUARANTINED, None, None, LATER, False, "a person looks at it"),
]


@pytest.mark.parametrize(
    ("state", "until", "announced_at", "expires_at", "may", "reason"), ANNOUNCED, ids=[row[5] for row in ANNOUNCED]
)
def test_when_an_order_is_announced(
    state: str, until: datetime | None, announced_at: datetime | None, expires_at: datetime, may: bool, reason: str
) -> None:
    told: dict[str, Any] = {"announcing_until": until, "announced_at": announced_at, "expires_at": expires_at}
    assert may_announce(state=state, now=NOW, **told) is may, reason


def test_of_two_requests_one_announces_an_order(village: Giving) -> None:
    ordered(village)
    anew = {"state": CREATED, "announced_at": None, "pay_url": None}
    village.writes(lambda: db.session.execute(update(PaymentOrder).values(anew)))

    def claims_twice_as_seen_at_once() -> list[bool]:
        order = db.session.scalars(select(PaymentOrder)).one()
        db.session.expunge(order)
        return [claim_announcement(order, now=village.clock), claim_announcement(order, now=village.clock)]

    assert village.writes(claims_twice_as_seen_at_once) == [True, False]
    assert village.order_states() == [PREPAYING]


@pytest.mark.parametrize("state", STATES)
def test_the_database_is_changed_only_along_the_table(village: Giving, state: str) -> None:
    _, gift = ordered(village)
    whole = {"paid_at": village.clock, "paid_fen": 1, "transaction_no": "T"} if state == PAID else {}
    village.writes(lambda: db.session.execute(update(PaymentOrder).values(state=state, **whole)))
    number = village.trade_no(gift)
    village.writes(lambda: mark_payable(out_trade_no=number, way=PayWay(pay_url="/x"), now=village.clock))
    assert village.order_states() == [PAYABLE if state in sources_of(PAYABLE) else state]
    village.writes(lambda: db.session.execute(update(PaymentOrder).values(state=state)))
    village.writes(lambda: close_orders_of(project_of(gift), now=village.clock))
    assert village.order_states() == [CLOSED if state in sources_of(CLOSED) else state]


__all__ = ["village"]

"""The same key means the same gift: one order, one answer to the byte, whoever repeats it and however often."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

import pytest
from hypothesis import settings as rules
from hypothesis import strategies as st
from sqlalchemy import func, select

from backend.core.audit import AuditEntry
from backend.core.db import db
from backend.core.idempotency import KeptAnswer
from backend.donations.models import Gift
from backend.outbox.models import OutboxItem
from backend.payments.models import PaymentOrder
from backend.payments.providers import OrderToPrepay, PayWay
from backend.payments.sandbox import SandboxProvider
from tests.world.figures import figure
from tests.world.giving import Giving, new_key, village
from tests.world.storms import storm

__all__ = ["village"]
NAMES = st.one_of(st.none(), st.text(alphabet="张王李赵ab", min_size=1, max_size=5))
WISHES = st.tuples(st.integers(1, 500_000_000), NAMES, st.booleans()).map(
    lambda told: dict(zip(("fen", "name", "hide_amount"), told, strict=True))  # Always the same bytes for the same.
)


def test_fifty_requests_under_one_key_order_one_gift_and_get_one_answer(village: Giving) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    cookie = phone.browser.get_cookie("session")
    assert cookie is not None
    answers: list[tuple[int, bytes]] = []

    def asks() -> None:
        other = type(phone)(village.app.test_client())
        other.browser.set_cookie("session", cookie.value)
        answer = other.orders(roof, key="one-key-for-all")
        answers.append((answer.status_code, answer.data))

    threads = [threading.Thread(target=asks) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 50
    assert {status for status, _ in answers} == {201}
    assert len({body for _, body in answers}) == 1
    assert village.order_states() == ["payable"]


def test_twenty_tabs_with_keys_of_their_own_share_one_order(village: Giving) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    cookie = phone.browser.get_cookie("session")
    assert cookie is not None
    answers: list[int] = []

    def asks(key: str) -> None:
        other = type(phone)(village.app.test_client())
        other.browser.set_cookie("session", cookie.value)
        answers.append(other.orders(roof, key=key).status_code)

    threads = [threading.Thread(target=asks, args=(new_key(),)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [201] * 20
    assert village.order_states() == ["payable"]


def test_the_same_key_of_two_people_is_two_gifts(village: Giving) -> None:
    roof = village.opens_project("屋顶")
    codes = {village.phone().orders(roof, key="shared-key").json["code"] for _ in range(2)}
    assert len(codes) == 2


def test_a_key_used_again_while_the_first_request_is_under_way_is_told_to_come_again(
    village: Giving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("miniapp_api.paying.LOOKS_MAX", 2)
    roof, phone = village.opens_project("屋顶"), village.phone()
    real, meanwhile = SandboxProvider.prepay, []

    def hangs(self: SandboxProvider, order: OrderToPrepay, *, now: datetime) -> PayWay:
        before = written(village)
        meanwhile.append(phone.orders(roof, key="one-key-for-all"))
        assert written(village) == before, "who is told to come again has written nothing"
        return real(self, order, now=now)

    monkeypatch.setattr(SandboxProvider, "prepay", hangs)
    first = phone.orders(roof, key="one-key-for-all")
    (answer,) = meanwhile
    assert (answer.status_code, answer.json["code"], answer.json["retryable"]) == (409, "PAYMENT_PREPARING", True)
    assert answer.headers["Retry-After"] == "2"
    assert phone.orders(roof, key="one-key-for-all").data == first.data
    assert village.order_states() == ["payable"]


def written(village: Giving) -> list[int]:
    """How much stands in the tables that ordering a gift writes to."""
    tables = (PaymentOrder, Gift, KeptAnswer, OutboxItem, AuditEntry)
    return [village.asks(lambda: db.session.scalar(select(func.count()).select_from(one)) or 0) for one in tables]  # noqa: B023 - asked at once.


@pytest.mark.promise(name="P2")
@pytest.mark.timeout(0)
def test_a_repeat_is_the_same_answer_and_another_story_is_refused(village: Giving) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()

    def gives(first: dict[str, Any], second: dict[str, Any]) -> None:
        key = new_key()
        answer = phone.orders(roof, key=key, again=True, **first)
        assert answer.status_code == 201
        assert phone.orders(roof, key=key, again=True, **first).data == answer.data
        before = written(village)
        other = phone.orders(roof, key=key, again=True, **second)
        is_same = first == second
        assert (other.status_code, other.data == answer.data) == ((201, True) if is_same else (422, False))
        assert written(village) == before

    cases, plain = figure("P2", slice=25, full=10_000), rules(deadline=None, database=None)
    storm(gives, story="whatever a phone sends twice", cases=cases, size=100, rules=plain, first=WISHES, second=WISHES)

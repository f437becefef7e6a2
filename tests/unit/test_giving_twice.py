"""The same key means the same gift: one order, one answer to the byte, whoever repeats it and however often."""

from __future__ import annotations

import threading

from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st
from sqlalchemy import func, select

from backend.core.db import db
from backend.payments.models import PaymentOrder
from tests.world.giving import Giving, new_key, village

__all__ = ["village"]


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


@rules(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    first=st.integers(1, 500_000_000),
    second=st.integers(1, 500_000_000),
    name=st.one_of(st.none(), st.text(alphabet="张王李赵ab", min_size=1, max_size=5)),
)
def test_a_repeat_is_the_same_answer_and_another_story_is_refused(
    village: Giving, first: int, second: int, name: str | None
) -> None:
    if not hasattr(village, "roof"):
        village.roof, village.giver = village.opens_project("屋顶"), village.phone()  # type: ignore[attr-defined]  # kept
    phone, roof, key = village.giver, village.roof, new_key()  # type: ignore[attr-defined]  # kept over examples
    answer = phone.orders(roof, first, key=key, name=name)
    assert answer.status_code == 201
    assert phone.orders(roof, first, key=key, name=name).data == answer.data

    def count() -> int:
        return village.asks(lambda: db.session.scalar(select(func.count()).select_from(PaymentOrder)) or 0)

    before = count()
    other = phone.orders(roof, second, key=key, name=name)
    same = first == second
    assert (other.status_code, other.data == answer.data) == ((201, True) if same else (422, False))
    assert count() == before

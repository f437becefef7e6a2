"""The provider hears of an order once at a time, in the same words; whatever becomes of the call, no gift is lost."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from backend.core.db import db
from backend.core.failpoints import failing
from backend.payments import announcing
from backend.payments.models import PaymentOrder
from backend.payments.providers import (
    MINI,
    NumberKnown,
    OrderToPrepay,
    Paid,
    PaymentUnavailable,
    PaysOnPhone,
    PayWay,
    PrepayRefused,
    TradeAnswer,
)
from backend.payments.sandbox import SandboxProvider
from backend.payments.transactions import read_notice
from backend.people import accounts
from backend.projects.models import Project
from tests.world.giving import OURS, Giving, Phone, new_key, ordered, village

APPS = {MINI: "wx-mini", "h5": "wx-official"}


@dataclass(frozen=True)
class Cashier(SandboxProvider):
    """The sandbox as a provider whose cashier is in the phone; it answers as each story says, then as it should."""

    answers: list[PayWay | Exception] = field(default_factory=list)
    announced: list[OrderToPrepay] = field(default_factory=list)
    queried: list[TradeAnswer] = field(default_factory=list)

    def app_id_for(self, channel: str) -> str:
        return APPS[channel]

    def prepay(self, order: OrderToPrepay, *, now: datetime) -> PayWay:
        self.announced.append(order)
        answer = self.answers.pop(0) if self.answers else PayWay(prepay_id=f"wx{len(self.announced)}")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def pay_params(self, prepay_id: str, *, app_id: str, now: datetime) -> dict[str, str]:
        told = {"timeStamp": str(int(now.timestamp())), "nonceStr": "n", "package": f"prepay_id={prepay_id}"}
        return told | {"signType": "RSA", "paySign": f"{app_id}:{prepay_id}"}

    def heard(self, body: str) -> Paid:
        """What a notice tells, as it is understood."""
        told = read_notice(body.encode(), provider=self.name)
        assert isinstance(told, Paid)
        return told

    def query(self, out_trade_no: str, *, now: datetime) -> TradeAnswer:
        return self.queried.pop(0) if self.queried else TradeAnswer(state="unpaid")


@pytest.fixture
def cashier(app: Flask, village: Giving, monkeypatch: pytest.MonkeyPatch) -> Cashier:
    """A cashier in the phone, and payers whom it knows by their number."""
    made = Cashier(village.settings, wire=village.wire)
    app.extensions["payment_provider"] = made
    monkeypatch.setattr("miniapp_api.paying.openid_of", lambda *, person_id, app_id: f"{app_id}-{person_id}")
    return made


@dataclass
class Payer:
    """Somebody with a phone who gives to one project."""

    village: Giving
    phone: Phone
    roof: str

    def gives(self, *, key: str = "give-0001", **told: Any) -> Any:
        """Order; return the answer."""
        return self.phone.orders(self.roof, 10_00, key=key, **told)

    def pays(self, code: str, **told: Any) -> Any:
        """Ask once more how to pay; return the answer."""
        return self.phone.browser.post(f"/api/v1/gifts/{code}/payment", json=told, headers=OURS)


@pytest.fixture
def payer(village: Giving) -> Payer:
    """A payer."""
    return Payer(village, village.phone(), village.opens_project("屋顶"))


def test_the_answer_carries_what_the_phone_hands_to_its_cashier(cashier: Cashier, payer: Payer) -> None:
    assert isinstance(cashier, PaysOnPhone)
    told = payer.gives(channel="mini").json
    assert (told["state"], told["pay_url"]) == ("payable", None)
    assert told["pay_params"]["package"] == "prepay_id=wx1"
    assert told["pay_params"]["paySign"] == "wx-mini:wx1"
    assert told["pay_params"]["appId"] == "wx-mini"
    (announced,) = cashier.announced
    assert (announced.app_id, announced.payer_ref) == ("wx-mini", "wx-mini-1")
    assert payer.phone.sees(told)["pay_params"] is None, "only who pays just now needs it"


def test_the_same_order_is_offered_again_freshly_signed_and_not_announced_again(
    village: Giving, cashier: Cashier, payer: Payer
) -> None:
    told = payer.gives().json
    village.later(minutes=2)
    again = payer.pays(told["code"]).json
    assert again["pay_params"]["package"] == told["pay_params"]["package"]
    assert int(again["pay_params"]["timeStamp"]) - int(told["pay_params"]["timeStamp"]) == 120
    assert len(cashier.announced) == 1


def test_a_cashiers_number_that_is_too_old_is_asked_for_again_in_the_same_words(
    village: Giving, cashier: Cashier, payer: Payer
) -> None:
    told = payer.gives().json
    far = village.clock + timedelta(hours=5)
    village.writes(lambda: db.session.execute(update(PaymentOrder).values(expires_at=far)))
    village.writes(lambda: db.session.execute(update(Project).values(title="改了名字")))
    village.later(hours=2)
    assert payer.pays(told["code"]).json["pay_params"]["package"] == "prepay_id=wx2"
    first, second = cashier.announced
    assert (first.out_trade_no, first.description) == (second.out_trade_no, second.description)


def test_a_payer_whom_the_cashier_does_not_know_logs_in_first_and_nothing_is_ordered(
    village: Giving, cashier: Cashier, payer: Payer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("miniapp_api.paying.openid_of", accounts.openid_of)
    answer = payer.gives()
    assert (answer.status_code, answer.json["code"]) == (409, "PAYER_UNKNOWN")
    assert village.order_states() == []


def test_an_order_of_one_app_is_not_paid_in_the_other(cashier: Cashier, payer: Payer) -> None:
    told = payer.gives(channel="mini").json
    answer = payer.pays(told["code"], channel="h5")
    assert (answer.status_code, answer.json["code"]) == (409, "PAY_ELSEWHERE")
    other = payer.gives(key="give-0002", channel="h5").json
    assert other["code"] != told["code"], "he orders anew where he is"


def test_nobody_pays_for_another_persons_gift(village: Giving, cashier: Cashier, payer: Payer) -> None:
    told = payer.gives().json
    payer.phone = village.phone()
    assert payer.pays(told["code"]).status_code == 404


UNKNOWN = [PaymentUnavailable(), ConnectionError("cut")]


@pytest.mark.parametrize("fault", UNKNOWN, ids=["no answer that can be trusted", "the call broke"])
def test_what_became_of_an_announcement_is_not_known_so_the_same_is_announced_again(
    village: Giving, cashier: Cashier, payer: Payer, fault: Exception
) -> None:
    cashier.answers.append(fault)
    assert payer.gives().status_code in (500, 503)
    assert village.order_states() == ["prepaying"]
    told = payer.gives().json
    assert told["pay_params"]["package"] == "prepay_id=wx2"
    assert cashier.announced[0] == cashier.announced[1]
    assert village.order_states() == ["payable"]


def test_a_plain_no_ends_the_order_and_calls_a_person(village: Giving, cashier: Cashier, payer: Payer) -> None:
    cashier.answers.append(PrepayRefused(provider_code="NO_AUTH"))
    answer = payer.gives()
    assert (answer.status_code, answer.json["code"], answer.json["retryable"]) == (502, "PAYMENT_REFUSED", False)
    assert (village.order_states(), village.alerts()) == (["closed"], ["PREPAY_REFUSED"])
    told = payer.gives().json
    assert told["pay_params"]["package"] == "prepay_id=wx2", "the same request begins anew"
    assert cashier.announced[0].out_trade_no != cashier.announced[1].out_trade_no


def test_a_number_that_is_paid_already_converges_to_paid(village: Giving, cashier: Cashier, payer: Payer) -> None:
    cashier.answers.extend((PaymentUnavailable(), NumberKnown()))
    payer.gives()
    order = village.asks(lambda: db.session.execute(select(PaymentOrder.out_trade_no, PaymentOrder.app_id)).one())
    gift = {"pay_url": f"/{order.out_trade_no}", "amount_fen": 10_00, "project": {"code": payer.roof}}
    paid = cashier.heard(village.notice(gift, appid=order.app_id))
    cashier.queried.append(TradeAnswer(state="paid", paid=paid))
    told = payer.gives().json
    assert (told["state"], told["pay_params"], village.holds(payer.roof)) == ("paid", None, 10_00)


@pytest.mark.parametrize(("state", "becomes"), [("unknown", "prepaying"), ("unpaid", "closed"), ("closed", "closed")])
def test_a_number_that_is_known_and_not_paid(
    village: Giving, cashier: Cashier, payer: Payer, state: Any, becomes: str
) -> None:
    cashier.answers.append(NumberKnown())
    cashier.queried.append(TradeAnswer(state=state))
    assert payer.gives().json["code"] == "PAYMENT_NUMBER_KNOWN"
    assert village.order_states() == [becomes]
    assert payer.gives().json["pay_params"]["package"] == "prepay_id=wx2"


def test_who_comes_while_another_request_announces_the_order_waits_for_its_answer(
    village: Giving, cashier: Cashier, payer: Payer
) -> None:
    entered, goes_on, real = threading.Event(), threading.Event(), cashier.prepay

    def slow(order: OrderToPrepay, *, now: datetime) -> PayWay:
        entered.set()
        assert goes_on.wait(10)
        return real(order, now=now)

    object.__setattr__(cashier, "prepay", slow)
    answers: list[Any] = []
    first = threading.Thread(target=lambda: answers.append(payer.gives(key="first-0001").json))
    first.start()
    assert entered.wait(10)
    second = threading.Thread(target=lambda: answers.append(payer.gives(key="second-0001").json))
    second.start()
    threading.Timer(0.2, goes_on.set).start()
    for thread in (first, second):
        thread.join()
    assert len(cashier.announced) == 1
    assert {told["code"] for told in answers} == {answers[0]["code"]}
    assert [told["pay_params"]["package"] for told in answers] == ["prepay_id=wx1"] * 2


def test_who_waits_too_long_is_asked_to_come_again(
    village: Giving, cashier: Cashier, payer: Payer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("miniapp_api.paying.LOOKS_MAX", 2)
    told = payer.gives().json
    until = {"state": "prepaying", "announcing_until": village.clock + timedelta(seconds=9)}
    village.writes(lambda: db.session.execute(update(PaymentOrder).values(until)))
    answer = payer.pays(told["code"])
    assert (answer.status_code, answer.json["code"]) == (409, "PAYMENT_PREPARING")
    village.later(seconds=9)
    assert payer.pays(told["code"]).json["pay_params"]["package"] == "prepay_id=wx2", "who announced it has died"


def test_who_waits_learns_at_once_that_the_other_gave_up(
    village: Giving, cashier: Cashier, payer: Payer, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = payer.gives().json
    until = {"state": "prepaying", "announcing_until": village.clock + timedelta(seconds=9)}
    village.writes(lambda: db.session.execute(update(PaymentOrder).values(until)))

    def gives_up(_seconds: float) -> None:
        village.writes(lambda: db.session.execute(update(PaymentOrder).values(announcing_until=None)))

    monkeypatch.setattr("miniapp_api.paying.time.sleep", gives_up)
    assert payer.pays(told["code"]).json["code"] == "PAYMENT_UNAVAILABLE"


def test_so_many_wait_for_a_provider_that_hangs_and_the_others_are_told_at_once(
    village: Giving, cashier: Cashier, payer: Payer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcing, "_waiting", threading.BoundedSemaphore(1))
    with announcing._a_free_place():
        assert payer.gives().json["code"] == "PAYMENT_UNAVAILABLE"
    assert cashier.announced == []
    assert payer.gives().status_code == 201


@pytest.mark.parametrize("place", ["order_committed", "before_prepay", "after_prepay", "order_payable"])
def test_a_request_that_dies_at_any_point_is_healed_by_the_same_request(
    village: Giving, cashier: Cashier, payer: Payer, place: str
) -> None:
    with failing(f"{place}=raise"):
        assert payer.gives().status_code == 500
    village.later(seconds=10)
    told = payer.gives().json
    assert (told["state"], village.order_states()) == ("payable", ["payable"])
    assert told["pay_params"] is not None
    assert len({order.out_trade_no for order in cashier.announced}) <= 1
    assert village.out_of_joint() == []


def test_a_second_gift_like_the_one_of_a_minute_ago_is_asked_about_first(village: Giving) -> None:
    phone, gift = ordered(village)
    phone.presses(gift)
    village.works()
    roof = gift["project"]["code"]
    answer = phone.orders(roof, 50_00)
    assert (answer.status_code, answer.json["code"], answer.json["gift"]) == (409, "PAID_JUST_NOW", gift["code"])
    assert phone.order(roof, 50_00, again=True)["code"] != gift["code"]
    assert phone.orders(roof, 50_01).status_code == 201, "another amount is another wish"
    village.later(seconds=61)
    assert phone.orders(roof, 50_00, key=new_key()).status_code == 201


__all__ = ["village"]

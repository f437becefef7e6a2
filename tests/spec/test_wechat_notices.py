"""WeChat Pay calls: what is truly its own is stored and settled once, all else is turned away and calls nobody."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, seed
from hypothesis import settings as tuned
from hypothesis import strategies as st
from miniapp_api.app import create_app
from sqlalchemy import select
from werkzeug.test import TestResponse

from backend.core import clock
from backend.core.config import BadSetting, Settings
from backend.core.db import db
from backend.donations.service import order_gift, showing
from backend.payments.providers import MINI
from backend.payments.wechat.pay import wechat_pay
from backend.payments.worker import money_steps, provider_of
from backend.people.models import Person
from tests.world.databases import dispose
from tests.world.figures import SEED, figure
from tests.world.giving import ClientWire, Giving
from tests.world.wechat_account import (
    MCHID,
    NOW,
    PUBLIC_KEY_ID,
    ScriptedWire,
    account_settings,
    notice_body,
    refund_word,
    sealed,
    signed_answer,
    signed_by_wechat,
    transaction,
)

NOTICES = "/api/v1/payments/notices/wechat"


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """A gift that waits to be paid, as WeChat knows it."""

    number: str
    purse: str
    fen: int


class Village(Giving):
    """A village whose federation has a merchant account at WeChat Pay."""

    pay_wire: ScriptedWire

    def orders(self, fen: int = 50_00) -> Ordered:
        """Somebody orders a gift to a new project; return its order."""
        project = self.opens_project("屋顶")
        self.phone()
        provider = provider_of(self.settings, wire=self.pay_wire)
        person = self.asks(lambda: db.session.scalars(select(Person.id).order_by(Person.id.desc())).first())
        assert person is not None
        ordered = self.writes(
            lambda: order_gift(
                person_id=person,
                project_code=project,
                amount_fen=fen,
                shown=showing(display="nickname", name=None, hide_amount=False, message=None),
                link_id=None,
                provider=provider,
                channel=MINI,
                now=self.clock,
            )
        )
        return Ordered(number=ordered.out_trade_no, purse=project, fen=fen)

    def is_told(self, body: bytes, headers: dict[str, str] | None = None) -> TestResponse:
        """WeChat calls; return our answer."""
        signed = signed_by_wechat(body, now=self.clock) if headers is None else headers
        return self.app.test_client().post(NOTICES, data=body, headers={"Content-Type": "application/json", **signed})


def word_of(order: Ordered, **changed: Any) -> dict[str, Any]:
    """What WeChat tells of an order that was paid."""
    told = transaction(out_trade_no=order.number, attach=order.purse)
    return told | {"amount": {"total": order.fen, "currency": "CNY"}} | changed


def with_account(settings: Settings, folder: Path, wire: ScriptedWire, **changed: str) -> Flask:
    """The application with a merchant account; what it calls out is answered by the script."""
    app = create_app(account_settings(folder, house=settings, **changed))
    app.extensions["payment_provider"] = wechat_pay(app.config["SETTINGS"], wire=wire)
    return app


@pytest.fixture
def village(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Village]:
    """The village on the first of June, ten o'clock."""
    wire = ScriptedWire()
    app = with_account(settings, tmp_path, wire)
    village = Village(app, clock=NOW)
    village.wire, village.pay_wire = ClientWire(app), wire
    monkeypatch.setattr(clock, "now", lambda: village.clock)
    yield village
    assert wire.answers == []
    dispose(app)


def test_a_paid_gift_reaches_its_project_once_however_often_wechat_tells(village: Village) -> None:
    order = village.orders()
    for _ in range(5):
        body = notice_body(word_of(order), id="EV-1")
        answer = village.is_told(body)
        assert (answer.status_code, answer.data) == (204, b"")
    assert (village.holds(order.purse), village.transfers(), village.heard()) == (50_00, 1, ["settled"])
    assert village.pay_wire.asked == []
    assert village.out_of_joint() == []


def test_when_no_notice_comes_the_worker_asks_wechat(village: Village) -> None:
    order = village.orders()
    village.later(seconds=11)
    village.pay_wire.answers = [signed_answer(word_of(order), now=village.clock)]
    with village.app.app_context():
        for step in money_steps(village.settings, wire=village.pay_wire):
            if step.name == "ask_provider":
                step.act(village.clock)
    assert (village.holds(order.purse), village.order_states()) == (50_00, ["paid"])


MISMATCHES: list[tuple[dict[str, Any], str]] = [
    ({"amount": {"total": 49_99, "currency": "CNY"}}, "AMOUNT_MISMATCH"),
    ({"amount": {"total": 50_00, "currency": "HKD"}}, "CURRENCY_MISMATCH"),
    ({"mchid": "1900000110"}, "MERCHANT_MISMATCH"),
    ({"appid": "wx0000000000000009"}, "APP_MISMATCH"),
    ({"attach": "another"}, "PROJECT_MISMATCH"),
]


@pytest.mark.promise(name="P18")
@pytest.mark.parametrize(("changed", "alert"), MISMATCHES, ids=[row[1] for row in MISMATCHES])
def test_a_word_that_contradicts_its_order_posts_nothing(village: Village, changed: dict[str, Any], alert: str) -> None:
    order = village.orders()
    assert village.is_told(notice_body(word_of(order, **changed))).status_code == 204
    assert (village.transfers(), village.order_states(), village.alerts()) == (0, ["quarantined"], [alert])


def test_a_probe_of_wechat_s_own_is_turned_away_like_any_forger(village: Village) -> None:
    body = notice_body(transaction())
    probe = signed_by_wechat(body) | {"Wechatpay-Signature": "WECHATPAY/SIGNTEST/c2lnbg=="}
    answer = village.is_told(body, probe)
    assert (answer.status_code, answer.json) == (401, {"code": "FAIL", "message": "签名验证失败"})
    assert (village.heard(), village.alerts(), village.pay_wire.asked) == ([], [], [])


def test_a_wrong_apiv3_key_calls_a_person_once_and_wechat_tells_it_again(
    village: Village, settings: Settings, tmp_path: Path
) -> None:
    order = village.orders()
    body = notice_body(word_of(order))
    right = village.app.extensions["payment_provider"]
    wrong = account_settings(tmp_path / "wrong", WECHAT_PAY_APIV3_KEY="z" * 32)
    village.app.extensions["payment_provider"] = wechat_pay(wrong, wire=village.pay_wire)
    for _ in range(3):
        answer = village.is_told(body)
        assert (answer.status_code, (answer.json or {})["code"]) == (500, "DECRYPT_FAILED")
        assert "APIv3" in (answer.json or {})["message"]
    assert (village.heard(), village.transfers(), village.alerts()) == ([], 0, ["DECRYPT_FAILED"])
    village.app.extensions["payment_provider"] = right
    assert village.is_told(body).status_code == 204
    assert village.holds(order.purse) == 50_00


def test_the_notice_of_a_refund_that_nobody_ordered_calls_a_person_and_moves_nothing(village: Village) -> None:
    word = refund_word(state_field="refund_status", mchid=MCHID)
    assert village.is_told(notice_body(word, event="REFUND.SUCCESS")).status_code == 204
    assert village.alerts() == ["REFUND_UNKNOWN"]
    assert village.transfers() == 0


def test_money_for_an_order_that_nobody_made_calls_a_person(village: Village) -> None:
    assert village.is_told(notice_body(transaction())).status_code == 204
    assert (village.heard(), village.alerts()) == (["unknown"], ["ORDER_UNKNOWN"])


def test_a_wrong_key_file_ends_the_start_with_a_sentence(settings: Settings, tmp_path: Path) -> None:
    has = account_settings(tmp_path, house=settings)
    (tmp_path / "wechat" / "pub_key.pem").write_bytes(b"nonsense")
    with pytest.raises(BadSetting, match="WECHAT_PAY_PUBLIC_KEY_FILE"):
        create_app(has)


def test_a_house_with_wechat_makes_its_provider_before_the_first_request(settings: Settings, tmp_path: Path) -> None:
    app = create_app(account_settings(tmp_path, house=settings))
    assert app.extensions["payment_provider"].name == "wechat"
    dispose(app)


NAMES = ("Serial", "Timestamp", "Nonce", "Signature", "Signature-Type")
LATIN = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=80)
LIKELY = st.sampled_from([PUBLIC_KEY_ID, str(int(NOW.timestamp())), "WECHATPAY2-SHA256-RSA2048", "", "0", "AAAA"])
JUNK_HEADERS = st.dictionaries(st.sampled_from([f"Wechatpay-{name}" for name in NAMES]), LATIN | LIKELY)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
JUNK_BODIES = st.binary(max_size=400) | JSON.map(lambda told: json.dumps(told).encode())
TYPES = st.sampled_from(["application/json", "application/json; charset=utf-8", "text/xml", "", "multipart/form-data"])
STORM = tuned(
    deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@dataclass
class Outcome:
    """What a storm of junk left behind."""

    codes: set[int] = field(default_factory=set)
    seconds: list[float] = field(default_factory=list)


@pytest.mark.promise(name="P16")
def test_junk_is_turned_away_whatever_it_is_and_nobody_is_called(village: Village) -> None:
    client, seen = village.app.test_client(), Outcome()

    @seed(SEED)
    @tuned(STORM, max_examples=figure("P16", slice=300, full=1_000_000))
    @given(headers=JUNK_HEADERS, body=JUNK_BODIES, kind=TYPES)
    def storms(headers: dict[str, str], body: bytes, kind: str) -> None:
        began = time.perf_counter()
        answer = client.post(NOTICES, data=body, headers={**headers, "Content-Type": kind})
        seen.seconds.append(time.perf_counter() - began)
        assert 400 <= answer.status_code < 500
        seen.codes.add(answer.status_code)

    storms()
    assert {401, 415} <= seen.codes
    slow_ms = sorted(seen.seconds)[len(seen.seconds) * 99 // 100] * 1000
    assert slow_ms < figure("P16", slice=1000, full=20)
    assert (village.heard(), village.alerts(), village.transfers()) == ([], [], 0)
    assert village.pay_wire.asked == []


FIELDS = ("id", "event_type", "resource_type", "resource", "create_time", "summary")
OUTSIDE = st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=2)
EVENTS = st.sampled_from(["TRANSACTION.SUCCESS", "REFUND.SUCCESS", "REFUND.CLOSED", "OTHER"])
INSIDE = st.dictionaries(st.sampled_from([*transaction(), *refund_word(), "refund_status"]), JSON, max_size=6)


@pytest.mark.promise(name="P16")
def test_whatever_wechat_truly_tells_is_stored_and_never_a_fault(village: Village) -> None:
    @seed(SEED)
    @tuned(STORM, max_examples=figure("P16", slice=100, full=100_000))
    @given(inside=INSIDE, outside=OUTSIDE, event=EVENTS, raw=JUNK_BODIES)
    def tells(inside: dict[str, Any], outside: dict[str, Any], event: str, raw: bytes) -> None:
        base = refund_word(state_field="refund_status", mchid=MCHID) if event.startswith("REFUND") else transaction()
        told = json.loads(notice_body(base | inside, event=event)) | outside
        for body in (json.dumps(told).encode(), raw):
            assert village.is_told(body).status_code == 204

    tells()
    assert village.transfers() == 0
    assert village.pay_wire.asked == []


def test_only_a_seal_that_does_not_open_is_a_fault_of_ours(village: Village) -> None:
    body = notice_body(transaction(), resource=sealed(b"{}", key="q" * 32))
    assert village.is_told(body).status_code == 500

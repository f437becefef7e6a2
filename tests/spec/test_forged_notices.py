"""What no provider sent, or nobody can read, is turned away or set aside: no crash, no call, no money."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from backend.payments.keys import sandbox_key, serial_of
from backend.payments.sandbox import signed_by_sandbox
from tests.world.giving import NOTICES, Giving, ordered, village

__all__ = ["village"]


FORGED = {
    "no headers": {"Sandbox-Serial": "", "Sandbox-Signature": ""},
    "unknown serial": {"Sandbox-Serial": "PUB_KEY_ID_0000000000000000000000000000000000"},
    "odd serial": {"Sandbox-Serial": "zz"},
    "probe": {"Sandbox-Signature": "WECHATPAY/SIGNTEST/abcdef=="},
    "not base64": {"Sandbox-Signature": "###"},
    "not ascii": {"Sandbox-Signature": "é", "Sandbox-Nonce": "ü"},
    "bad time": {"Sandbox-Timestamp": "yesterday"},
    "negative time": {"Sandbox-Timestamp": "-1"},
    "huge time": {"Sandbox-Timestamp": "9" * 400},
    "other nonce": {"Sandbox-Nonce": "other"},
    "empty nonce": {"Sandbox-Nonce": ""},
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
def test_a_forged_notice_is_turned_away_and_nothing_is_asked_of_anybody(
    village: Giving, forged: dict[str, str]
) -> None:
    _, gift = ordered(village)
    answer = village.hears(village.notice(gift), **forged)
    assert answer.status_code == 401
    assert answer.json["code"] in ("FAIL", "STALE_TIMESTAMP")
    assert (village.heard(), village.transfers(), village.wire.calls) == ([], 0, [])


def test_a_notice_whose_bytes_were_changed_is_turned_away(village: Giving) -> None:
    _, gift = ordered(village)
    told = village.notice(gift).encode()
    signed = signed_by_sandbox(village.settings, told, now=village.clock) | {"Content-Type": "application/json"}
    changed = told.replace(b'"total": 5000', b'"total": 9000')
    assert changed != told
    assert village.app.test_client().post(NOTICES, data=changed, headers=signed).status_code == 401


@pytest.mark.parametrize("minutes", [5, -5, 60 * 24 * 730])
def test_a_notice_signed_five_minutes_off_is_stale(village: Giving, minutes: int) -> None:
    _, gift = ordered(village)
    answer = village.hears(village.notice(gift), signed_at=village.clock - timedelta(minutes=minutes))
    assert (answer.status_code, answer.json["code"]) == (401, "STALE_TIMESTAMP")
    assert village.hears(village.notice(gift), signed_at=village.clock - timedelta(seconds=299)).status_code == 204


UNREADABLE = {
    "not json": b"paid!",
    "a list": b"[]",
    "deep": b"[" * 30_000,
    "no id": b'{"event_type":"TRANSACTION.SUCCESS"}',
    "no resource": b'{"id":"SN-1","event_type":"TRANSACTION.SUCCESS"}',
    "not utf-8": b'{"id":"\xff"}',
    "nul": b'{"id":"a\x00"}',
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_signed_notice_that_cannot_be_read_is_kept_and_calls_a_person(village: Giving, body: bytes) -> None:
    for _ in range(2):
        assert village.hears(body).status_code == 204
    assert (village.heard(), village.alerts()) == (["ignored"], ["NOTICE_UNREADABLE"])


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": {"total": 0, "currency": "CNY"}},
        {"amount": {"total": "5000", "currency": "CNY"}},
        {"amount": {"total": True, "currency": "CNY"}},
        {"amount": {"total": 50.0, "currency": "CNY"}},
        {"amount": {"total": 10**30, "currency": "CNY"}},
        {"amount": []},
        {"success_time": "yesterday"},
        {"success_time": "2026-06-01T10:00:00"},
        {"success_time": 5},
        {"out_trade_no": "D" * 65},
        {"out_trade_no": None},
        {"transaction_id": "a b"},
        {"trade_state": "REFUND"},
    ],
)
def test_a_signed_notice_out_of_shape_posts_nothing(village: Giving, changed: dict[str, Any]) -> None:
    _, gift = ordered(village)
    assert village.hears(village.notice(gift, **changed)).status_code == 204
    assert (village.transfers(), village.heard(), village.alerts()) == (0, ["ignored"], ["NOTICE_UNREADABLE"])


def test_a_notice_of_something_else_is_kept_and_disturbs_nobody(village: Giving) -> None:
    assert village.hears('{"id":"SN-7","event_type":"REFUND.SUCCESS"}').status_code == 204
    assert (village.heard(), village.alerts()) == (["ignored"], [])


@pytest.mark.parametrize(
    ("data", "headers", "status"),
    [
        (b"x" * 70_000, {"Content-Type": "application/json"}, 413),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"{}", {"Content-Type": "application/json", "Content-Encoding": "gzip"}, 415),
        (b"", {}, 415),
    ],
)
def test_a_body_that_no_provider_sends_is_turned_away_unread(
    village: Giving, data: bytes, headers: dict[str, str], status: int
) -> None:
    assert village.app.test_client().post(NOTICES, data=data, headers=headers).status_code == status


def test_a_provider_that_we_do_not_have_has_no_door(village: Giving) -> None:
    for name in ("wechat", "none", "sandbox2"):
        answer = village.app.test_client().post(f"/api/v1/payments/notices/{name}", json={})
        assert answer.status_code == 404


@rules(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    body=st.binary(max_size=200),
    serial=st.one_of(st.just("ours"), st.text(max_size=40)),
    timestamp=st.one_of(st.just("now"), st.text(max_size=20)),
    nonce=st.text(max_size=70),
    signature=st.one_of(st.text(max_size=60), st.binary(max_size=300).map(lambda raw: raw.hex())),
)
def test_junk_is_never_answered_with_a_crash(
    village: Giving, body: bytes, serial: str, timestamp: str, nonce: str, signature: str
) -> None:
    key = sandbox_key(village.settings.data_dir)
    told = {
        "Serial": serial_of(key) if serial == "ours" else serial,
        "Timestamp": str(int(village.clock.timestamp())) if timestamp == "now" else timestamp,
        "Nonce": nonce,
        "Signature": signature,
    }
    sent = {name.upper(): value.encode("utf-8", "replace").decode("latin-1") for name, value in told.items()}
    environ = {f"HTTP_SANDBOX_{name}": value for name, value in sent.items()}
    answer = village.app.test_client().post(
        NOTICES, data=body, content_type="application/json", environ_overrides=environ
    )
    assert answer.status_code == 401
    assert village.wire.calls == []

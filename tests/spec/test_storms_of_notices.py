"""Whatever is thrown at the door of notices, only what WeChat truly tells, and what agrees with its order, moves money.

The storms of `make test` are slices. `make soak` plays them whole: inside the process where a million raw sockets would
take a day, and over raw sockets at a server of its own for the part that the process never sees.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as tuned
from hypothesis import strategies as st

from tests.world.figures import figure, throws
from tests.world.storms import storm
from tests.world.wechat_account import (
    MCHID,
    NOW,
    PLATFORM_SERIAL,
    PUBLIC_KEY_ID,
    notice_body,
    refund_word,
    signed_by_wechat,
    transaction,
)
from tests.world.wechat_village import NOTICES, Ordered, Village, village, word_of

__all__ = ["village"]
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
PADDING = st.sampled_from([b""] * 5 + [b" " * 100, b" " * 70_000])
TYPES = st.sampled_from(["application/json", "application/json; charset=utf-8", "text/xml", "", "multipart/form-data"])
PACKINGS = st.sampled_from([""] * 8 + ["gzip", "br", "identity"])
STORM = tuned(
    deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
AT_ONCE = 2000
"""So many cases of one seed; a long storm is many of them, since what was tried is remembered within one."""


@dataclass
class Outcome:
    """What a storm of junk left behind."""

    codes: set[int] = field(default_factory=set)
    seconds: list[float] = field(default_factory=list)


@pytest.mark.promise(name="P16")
@pytest.mark.timeout(36_000)
def test_junk_is_turned_away_whatever_it_is_and_nobody_is_called(village: Village) -> None:
    client, seen = village.app.test_client(), Outcome()

    def comes(headers: dict[str, str], body: bytes, kind: str, packing: str, more: bytes) -> None:
        sent = {**headers, "Content-Type": kind} | ({"Content-Encoding": packing} if packing else {})
        began = time.thread_time()
        answer = client.post(NOTICES, data=body + more, headers=sent)
        seen.seconds.append(time.thread_time() - began)
        assert 400 <= answer.status_code < 500
        seen.codes.add(answer.status_code)

    told = {"headers": JUNK_HEADERS, "body": JUNK_BODIES, "kind": TYPES, "packing": PACKINGS, "more": PADDING}
    is_sqlite = village.settings.database_url.startswith("sqlite")
    cases = figure("P16", slice=300, full=900_000 if is_sqlite else 100_000)
    storm(comes, story="junk at the door", cases=cases, size=AT_ONCE, rules=STORM, **told)
    assert {401, 413, 415} <= seen.codes
    slow_ms = sorted(seen.seconds)[len(seen.seconds) * 99 // 100] * 1000
    assert slow_ms < figure("P16", slice=100, full=20)
    assert (village.heard(), village.alerts(), village.transfers()) == ([], [], 0)
    assert village.pay_wire.asked == []


FIELDS = ("id", "event_type", "resource_type", "resource", "create_time", "summary")
OUTSIDE = st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=2)
EVENTS = st.sampled_from(["TRANSACTION.SUCCESS", "REFUND.SUCCESS", "REFUND.CLOSED", "OTHER"])
INSIDE = st.dictionaries(st.sampled_from([*transaction(), *refund_word(), "refund_status"]), JSON, max_size=6)


@pytest.mark.promise(name="P16")
@pytest.mark.timeout(36_000)
def test_whatever_wechat_truly_tells_is_stored_and_never_a_fault(village: Village) -> None:
    def tells(inside: dict[str, Any], outside: dict[str, Any], event: str, raw: bytes) -> None:
        base = refund_word(state_field="refund_status", mchid=MCHID) if event.startswith("REFUND") else transaction()
        told = json.loads(notice_body(base | inside, event=event)) | outside
        for body in (json.dumps(told).encode(), raw):
            assert village.is_told(body).status_code == 204

    told = {"inside": INSIDE, "outside": OUTSIDE, "event": EVENTS, "raw": JUNK_BODIES}
    cases = figure("P16", slice=50, full=100_000)
    storm(tells, story="true words", cases=cases, size=AT_ONCE, rules=STORM, **told)
    assert village.transfers() == 0
    assert village.pay_wire.asked == []


def forgeries(true: dict[str, str], body: bytes, *, beside: str) -> list[tuple[dict[str, str], bytes]]:
    """Every way to spoil one true notice; `beside` is the signature of another one."""
    signature = true["Wechatpay-Signature"]
    changed = [
        {"Signature": f"WECHATPAY/SIGNTEST/{signature[19:]}"},
        {"Signature": beside},
        {"Signature": signature[:-8]},
        {"Serial": PLATFORM_SERIAL},
        {"Serial": "0" * 40},
        {"Nonce": f"{true['Wechatpay-Nonce']}x"},
        {"Timestamp": str(int(true["Wechatpay-Timestamp"]) + 1)},
        {"Signature-Type": "WECHATPAY2-SM2-WITH-SM3"},
    ]
    told = [(true | {f"Wechatpay-{name}": text for name, text in one.items()}, body) for one in changed]
    return [*told, (true, body[:-1]), (true, body + b" "), ({}, body)]


@pytest.mark.promise(name="P17")
@pytest.mark.timeout(36_000)
def test_forged_and_replayed_notices_are_turned_away_and_true_repeats_are_answered(village: Village) -> None:
    for before, chance in enumerate(throws("forged and replayed", figure("P17", slice=3, full=2000), size=20)):
        order = village.orders(fen=100 + before)
        body = notice_body(word_of(order, transaction_id=f"4200{before:024d}"))
        true = signed_by_wechat(body, now=village.clock)
        beside = signed_by_wechat(body + b"\n", now=village.clock)["Wechatpay-Signature"]
        for headers, sent in forgeries(true, body, beside=beside):
            assert village.is_told(sent, headers).status_code == 401
        for seconds in (300, -300, chance.randint(301, 10**8), -chance.randint(301, 10**8)):
            stale = signed_by_wechat(body, now=village.clock + timedelta(seconds=seconds))
            assert village.is_told(body, stale).status_code == 401
        assert village.transfers() == before
        for _ in range(chance.randint(2, 4)):
            assert village.is_told(body, true).status_code == 204
        village.later(seconds=300)
        assert village.is_told(body, true).status_code == 401, "a replay after its window"
        assert village.is_told(body).status_code == 204, "told once more, signed anew"
        assert (village.transfers(), village.holds(order.purse)) == (before + 1, order.fen)
    assert village.pay_wire.asked == []


Wrong = Callable[[Ordered, dict[str, Any], Any], dict[str, Any]]
"""What is told wrongly of an order, by the word of another payment that stands, and dice."""
MISMATCHES: dict[str, Wrong] = {
    "AMOUNT_MISMATCH": lambda order, _, chance: {
        "amount": {"total": order.fen + chance.choice([-1, 1, 100, 10**7]), "currency": "CNY"}
    },
    "CURRENCY_MISMATCH": lambda order, _, chance: {
        "amount": {"total": order.fen, "currency": chance.choice(["HKD", "USD", "cny", "CNH"])}
    },
    "MERCHANT_MISMATCH": lambda _order, _, chance: {"mchid": f"19{chance.randrange(10**8):08d}"},
    "APP_MISMATCH": lambda _order, _, chance: {"appid": f"wx{chance.getrandbits(64):016x}"},
    "PROJECT_MISMATCH": lambda _order, _, chance: {"attach": f"P{chance.getrandbits(40):X}"},
    "ORDER_UNKNOWN": lambda _order, _, chance: {"out_trade_no": f"D{chance.getrandbits(90):X}"},
    "TRANSACTION_REUSED": lambda _order, paid, _chance: {"transaction_id": paid["transaction_id"]},
    "NOTICE_UNREADABLE": lambda _order, _, chance: {
        "trade_state": chance.choice(["NOTPAY", "CLOSED", "REFUND", "PAYERROR", "success"])
    },
}


@pytest.mark.promise(name="P18")
@pytest.mark.timeout(36_000)
def test_a_word_that_contradicts_its_order_posts_nothing_and_calls_a_person(village: Village) -> None:
    paid = village.orders()
    first = word_of(paid, transaction_id="42000000000000000000FIRST")
    assert village.is_told(notice_body(first)).status_code == 204
    called = 0
    for number, chance in enumerate(throws("contradictions", figure("P18", slice=2, full=100), size=10)):
        for kind, wrong in MISMATCHES.items():
            order = village.orders(fen=200 + number)
            word = word_of(order, transaction_id=f"4200{chance.randrange(10**24):024d}")
            assert village.is_told(notice_body(word | wrong(order, first, chance))).status_code == 204
            called += 1
            assert (village.transfers(), village.alerts().count(kind)) == (1, number + 1), kind
    assert set(village.alerts()) == set(MISMATCHES)
    assert len(village.alerts()) == called
    assert (village.unallocated(), village.pay_wire.asked) == (0, [])

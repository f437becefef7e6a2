"""The statement of a day: promised under a signature, fetched without one, held to the hash that was promised."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from backend.core.wire import Answer, WireBroken, WireUnreached
from backend.payments.wechat.bills import BillTooLong, bill_wire, unpacked
from tests.world.wechat_account import (
    NOW,
    SPARE,
    promise_of,
    provider,
    refusal,
    signed_answer,
    unsigned_answer,
)

DAY = date(2026, 5, 31)
BILL = "交易时间,公众账号ID\r\n`2026-05-31 10:00:00,`wx1\r\n".encode()
PACKED = Answer(status=200, headers={}, body=gzip.compress(BILL))


def test_a_day_s_payments_and_the_account_s_movements_are_fetched(tmp_path: Path) -> None:
    promise = signed_answer(promise_of(BILL))
    wechat, wire = provider(tmp_path, promise, PACKED, promise, PACKED)
    for bill in (wechat.trade_bill(DAY, now=NOW), wechat.fund_flow_bill(DAY, now=NOW)):
        assert (bill.state, bill.content) == ("ready", BILL)
    asked, fetched = "http://pay.test/v3/bill", "http://pay.test/v3/billdownload/file?token=t-1&tartype=gzip"
    assert [url for _, url, *_ in wire.asked] == [
        f"{asked}/tradebill?bill_date=2026-05-31&bill_type=ALL&tar_type=GZIP",
        fetched,
        f"{asked}/fundflowbill?bill_date=2026-05-31&account_type=BASIC&tar_type=GZIP",
        fetched,
    ]
    assert all("signature=" in headers["Authorization"] for _, _, headers, _ in wire.asked)


def test_a_bill_that_was_never_packed_is_taken_as_it_is(tmp_path: Path) -> None:
    wechat, _ = provider(tmp_path, signed_answer(promise_of(BILL)), Answer(status=200, headers={}, body=BILL))
    assert wechat.trade_bill(DAY, now=NOW).content == BILL


def test_a_bill_may_lie_at_the_spare_host(tmp_path: Path) -> None:
    wechat, _ = provider(tmp_path, signed_answer(promise_of(BILL, f"{SPARE}/v3/billdownload/file?token=1")), PACKED)
    assert wechat.trade_bill(DAY, now=NOW).state == "ready"


STATES: list[tuple[list[Any], str, str]] = [
    ([refusal("NO_STATEMENT_EXIST")], "none", "no bill"),
    ([refusal("STATEMENT_CREATING")], "creating", "not ready"),
    ([unsigned_answer({"code": "NO_STATEMENT_EXIST"})], "none", "no bill, says a refusal without signature"),
    ([refusal("SYSTEM_ERROR", status=500)], "unknown", "a fault on their side"),
    ([unsigned_answer(promise_of(BILL), status=200)], "unknown", "a promise that nobody signed"),
    ([WireBroken("ReadTimeout")], "unknown", "no answer"),
    ([signed_answer({**promise_of(BILL), "hash_type": "MD5"})], "unknown", "another hash"),
    ([signed_answer({**promise_of(BILL), "hash_value": "x"})], "unknown", "no hash"),
    ([signed_answer(promise_of(BILL, "http://elsewhere.test/bill"))], "unknown", "a file at a stranger's"),
    ([signed_answer(promise_of(BILL, "https://pay.test/bill"))], "unknown", "a file by another way"),
    ([signed_answer(promise_of(BILL, "file:///etc/passwd"))], "unknown", "a file of our own"),
    ([signed_answer(promise_of(BILL)), Answer(status=403, headers={}, body=b"{}")], "unknown", "the token is old"),
    ([signed_answer(promise_of(BILL)), WireUnreached("ConnectError")], "unknown", "nobody where the file lies"),
    ([signed_answer(promise_of(BILL)), WireBroken("too long")], "unknown", "the file does not end"),
    ([signed_answer(promise_of(BILL + b"x")), PACKED], "bad_hash", "another file than was promised"),
    ([signed_answer(promise_of(BILL)), Answer(status=200, headers={}, body=gzip.compress(BILL)[:-4])], "bad_hash",
     "a file cut short"),
    ([signed_answer(promise_of(BILL)), Answer(status=200, headers={}, body=gzip.compress(BILL) + b"more")], "bad_hash",
     "more than one file"),
    ([signed_answer(promise_of(BILL)), Answer(status=200, headers={}, body=b"\x1f\x8bnot packed")], "bad_hash",
     "no packed file"),
]  # fmt: skip


@pytest.mark.parametrize(("answers", "state", "reason"), STATES, ids=[row[2] for row in STATES])
def test_what_cannot_be_had_is_told_and_never_raised(
    tmp_path: Path, answers: list[Any], state: str, reason: str
) -> None:
    assert reason
    wechat, _ = provider(tmp_path, *answers)
    assert wechat.trade_bill(DAY, now=NOW).state == state


def test_a_small_file_that_unpacks_without_end_is_refused() -> None:
    assert unpacked(gzip.compress(b"0" * 1000), limit=1000) == b"0" * 1000
    with pytest.raises(BillTooLong):
        unpacked(gzip.compress(b"0" * 50_000_000), limit=1_000_000)


def test_bills_may_be_longer_than_other_answers() -> None:
    assert bill_wire()._bytes_max == 64 * 1024 * 1024

"""What tells of who paid is taken out of a trade bill, and nothing else of it changes."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from backend.core.clock import SHANGHAI
from backend.reconciliation.bills import read_trade_bill
from backend.reconciliation.payers import without_payers
from tests.world.billing import Line, fund_csv, trade_csv

DAY = date(2026, 6, 1)
NOON = datetime(2026, 6, 1, 12, tzinfo=SHANGHAI)
PAID = Line(at=NOON, order_no="D1", transaction_no="T1", fen=1_234_50, purse="abc", payer="oUpF8uMuAJO_M2pxb1Q9")
BACK = Line(at=NOON, order_no="D1", transaction_no="T1", fen=4_50, refund_no="R1", payer="oUpF8uMuAJO_M2pxb1Q9")
BILL = trade_csv([PAID, BACK])


def turned(content: bytes) -> bytes:
    """The same bill with its columns the other way round."""
    heading, *rows, sums_heading, sums, _ = content.decode("utf-8-sig").split("\r\n")
    lines = ["`" + ",`".join(reversed(row[1:].split(",`"))) for row in rows]
    return "\n".join([",".join(reversed(heading.split(","))), *lines, sums_heading, sums]).encode()


def with_the_payer_last(content: bytes) -> bytes:
    """The same bill with the payer's openid at the end of each row."""
    heading, *rows, sums_heading, sums, end = content.decode().split("\r\n")
    names = heading.split(",")
    place = names.index("用户标识")
    lines = []
    for row in rows:
        fields = row[1:].split(",`")
        lines.append("`" + ",`".join([*fields[:place], *fields[place + 1 :], fields[place]]))
    moved = [*names[:place], *names[place + 1 :], names[place]]
    return "\r\n".join([",".join(moved), *lines, sums_heading, sums, end]).encode()


SHAPES = [
    (BILL, "as it comes"),
    (turned(BILL), "other columns first, other line ends"),
    (with_the_payer_last(BILL), "the payer at the end"),
]


@pytest.mark.parametrize(("content", "shape"), SHAPES, ids=[row[1] for row in SHAPES])
def test_nobody_who_paid_is_left_and_everything_else_reads_the_same(content: bytes, shape: str) -> None:
    kept = without_payers(content)
    assert (b"oUpF8uMuAJO_M2pxb1Q9" in kept, b"CMB_CREDIT" in kept) == (False, False), shape
    assert read_trade_bill(kept, day=DAY) == read_trade_bill(content, day=DAY)
    assert len(kept) == len(content) - 2 * len("oUpF8uMuAJO_M2pxb1Q9" + "CMB_CREDIT")
    assert without_payers(kept) == kept


def test_a_bill_in_which_nobody_is_named_stays_as_it_came() -> None:
    for content in (trade_csv([]), fund_csv([]), b"", b"<html>busy</html>"):
        assert without_payers(content) == content

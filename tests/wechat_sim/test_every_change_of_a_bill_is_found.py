"""What the simulator changed in a day's two bills is found in them, each by its number, and nothing else (P19).

The bills are drawn by the simulator, which knows nothing of who reads them; what is true, its books say.
"""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from wechat_sim import bills
from wechat_sim.books import SUCCESS, Refund, Trade, World
from wechat_sim.clock import SHANGHAI, day_of
from wechat_sim.trades import fee_fen

from backend.reconciliation.bill_rows import TradeBill
from backend.reconciliation.bills import read_fund_bill, read_trade_bill
from backend.reconciliation.funds import Before, compare_funds
from backend.reconciliation.matching import Found, OurPayment, OurRefund, Ours, compare
from tests.wechat_sim.conftest import Play
from tests.world.figures import dice, figure

DAY = date(2026, 10, 8)
TRADE_KNOBS = ("missing_row", "extra_row", "amount_diff", "fee_diff", "refund_missing", "refund_extra", "refund_amount")
FLOW_KNOBS = ("flow_missing_row", "flow_extra_row", "flow_amount_diff")
KINDS = {
    "missing_row": {"extra"},
    "extra_row": {"missing"},
    "amount_diff": {"amount"},
    "fee_diff": {"fee"},
    "refund_missing": {"refund"},
    "refund_extra": {"refund"},
    "refund_amount": {"refund"},
    "flow_missing_row": {"fund"},
    "flow_extra_row": {"fund"},
    "flow_amount_diff": {"amount", "fund"},
}


@pytest.fixture
def day_after(play: Play) -> Play:
    """Eleven o'clock of the day after a day in October."""
    play.moved = datetime(2026, 10, 9, 11, tzinfo=SHANGHAI).astimezone(UTC) - (play.now() - play.moved)
    return play


def works_a_day(world: World, rows: int, chance: Random) -> None:
    """Payments over the day, and some of them given back in part."""
    begin = datetime(2026, 10, 8, tzinfo=SHANGHAI)
    for number in range(rows):
        at, fen = begin + timedelta(seconds=number * 85_000 // rows), chance.randint(1, 800_00)
        no = f"D{number:09d}"
        told = {"appid": world.keys.mini.app_id, "payer": {"openid": "o"}, "description": "捐赠, 修渠", "attach": "P1"}
        world.books.trades[no] = Trade(
            out_trade_no=no,
            told=told | {"amount": {"total": fen}},
            expires_at=at,
            created_at=at,
            state=SUCCESS,
            transaction_id=f"42{number:020d}000000",
            paid_at=at,
            fee_fen=fee_fen(fen, 60),
        )
        if number % 10 == 0:
            gives_back(world, world.books.trades[no], chance.randint(1, fen), at=at)


def gives_back(world: World, trade: Trade, fen: int, *, at: datetime) -> None:
    number = trade.out_trade_no.replace("D", "R")
    world.books.refunds[number] = Refund(
        out_refund_no=number,
        refund_id=f"50{number[1:]:0>20}000000",
        out_trade_no=trade.out_trade_no,
        told={"amount": {"refund": fen}},
        created_at=at,
        due_at=at,
        status=SUCCESS,
        done_at=at,
        fee_fen=trade.fee_fen * fen // trade.total_fen,
    )


def ours_of(world: World) -> Ours:
    """A ledger that has all of it, as it is."""
    payments = {
        (one.out_trade_no, one.transaction_id): OurPayment(
            order_no=one.out_trade_no,
            transaction_no=one.transaction_id,
            fen=one.total_fen,
            day=day_of(one.paid_at or one.created_at),
        )
        for one in world.books.trades.values()
    }
    refunds = {
        no: OurRefund(refund_no=no, order_no=one.out_trade_no, fen=one.refund_fen, is_posted=True, day=DAY)
        for no, one in world.books.refunds.items()
    }
    return Ours(day=DAY, payments=payments, refunds=refunds)


def drawn(world: World, kind: str) -> bytes:
    """A bill as it is downloaded."""
    asked = {"bill_date": DAY.isoformat(), "tar_type": "GZIP"}
    draw = bills.trade_bill if kind == "trade" else bills.fund_flow_bill
    url = draw(world, asked)["download_url"]
    return gzip.decompress(bills.download(world, {"token": url.split("token=")[1].split("&")[0]}))


def found_in(world: World) -> list[Found]:
    bill = read_trade_bill(drawn(world, "trade"), day=DAY)
    fund = read_fund_bill(drawn(world, "flow"), day=DAY)
    told = compare(bill, ours_of(world))
    return told + compare_funds(fund, bill, day=DAY, before=Before(held_fen=0, unbooked=TradeBill()), told=told)


def number_of(row: dict[str, Any]) -> str:
    return str(row["out_refund_no"] or row["out_trade_no"])


@pytest.mark.promise(name="P19")
@pytest.mark.parametrize("thousands", [0, 1], ids=["plain amounts", "amounts with commas"])
def test_every_change_is_found_and_nothing_else(day_after: Play, thousands: int) -> None:
    world = day_after.world
    rows, chance = figure("P19", slice=500, full=10_000), dice(f"simulated bill {thousands}")
    works_a_day(world, rows, chance)
    day_after.turns(bill__thousands=thousands, **{f"bill__{name}": 0.04 for name in (*TRADE_KNOBS, *FLOW_KNOBS)})
    found = found_in(world)
    changes = [row for kind in ("trade", "flow") for row in world.books.differences[f"{DAY} {kind}"]]
    assert {row["kind"] for row in changes} == {*TRADE_KNOBS, *FLOW_KNOBS}
    told = {one.refund_no or one.order_no: one.kind for one in found}
    assert len(told) == len(found), "each is told once"
    assert set(told) == {number_of(row) for row in changes}
    first: dict[str, str] = {}
    for row in changes:
        first.setdefault(number_of(row), row["kind"])
    assert [no for no, kind in first.items() if told[no] not in KINDS[kind]] == []


@pytest.mark.promise(name="P19")
def test_of_bills_that_were_not_changed_nothing_is_told(day_after: Play) -> None:
    works_a_day(day_after.world, figure("P19", slice=500, full=10_000), dice("honest bill"))
    assert found_in(day_after.world) == []

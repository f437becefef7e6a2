"""The statements of a day: when they are there, what stands in them, and what the simulator changed in them."""

from __future__ import annotations

import gzip
import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from wechat_sim.clock import SHANGHAI, day_of

from tests.wechat_sim.conftest import Play, said

DAY = date(2026, 10, 8)


@pytest.fixture
def october(play: Play) -> Play:
    """Noon of a day in October."""
    play.moved = datetime(2026, 10, 8, 12, tzinfo=SHANGHAI).astimezone(UTC) - (play.now() - play.moved)
    return play


def fetch(play: Play, kind: str = "trade_bill", day: date = DAY, **more: str) -> list[list[str]]:
    """Fetch a statement of a day: its lines, each with its fields, backticks off."""
    promise = said(getattr(play.merchant, kind)(day.isoformat(), **more))[1]
    content = gzip.decompress(play.merchant.download_bill(promise["download_url"])[1])
    assert hashlib.sha1(content).hexdigest() == promise["hash_value"]
    lines = content.decode("utf-8-sig").removesuffix("\r\n").split("\r\n")
    return [line.removeprefix("`").split(",`" if line.startswith("`") else ",") for line in lines]


def code(play: Play, kind: str = "trade_bill", day: date | str = DAY, **more: str) -> str:
    """Ask for a statement that is refused; return why."""
    status, told = said(getattr(play.merchant, kind)(str(day), **more))
    assert status == 400
    return str(told["code"])


def next_day(play: Play, hour: int) -> None:
    play.moved += datetime(2026, 10, 9, hour, 30, tzinfo=SHANGHAI) - play.now()


def test_a_statement_is_begun_at_nine_and_there_at_ten(october: Play) -> None:
    october.pays()
    assert code(october) == "NO_STATEMENT_EXIST"
    next_day(october, 8)
    assert code(october) == "NO_STATEMENT_EXIST"
    next_day(october, 9)
    assert code(october) == "STATEMENT_CREATING"
    next_day(october, 10)
    assert len(fetch(october)) == 4


def test_a_day_without_anything_has_none(october: Play) -> None:
    next_day(october, 10)
    assert code(october) == "NO_STATEMENT_EXIST"
    assert code(october, "fundflow_bill") == "NO_STATEMENT_EXIST"


def test_other_accounts_hold_nothing(october: Play) -> None:
    october.pays()
    next_day(october, 10)
    assert code(october, "fundflow_bill", account_type="FEES") == "NO_STATEMENT_EXIST"


REFUSED: list[tuple[str, str]] = [
    ("bill_date=2026-10-8", "a day in another shape"),
    ("bill_date=20261008", "a day without its dashes"),
    ("bill_date=2026-02-30", "a day that is not"),
    ("bill_date=2026-10-10", "tomorrow"),
    ("bill_date=2026-06-01", "more than three months ago"),
    ("bill_date=2026-10-08&bill_type=SOME", "a kind that is not"),
    ("bill_date=2026-10-08&tar_type=ZIP", "another packing"),
    ("bill_date=2026-10-08&page=2", "a word that nobody knows"),
    ("bill_type=ALL", "no day"),
]


@pytest.mark.parametrize(("query", "reason"), REFUSED, ids=[row[1] for row in REFUSED])
def test_what_cannot_be_asked_for_is_refused(october: Play, query: str, reason: str) -> None:
    next_day(october, 10)
    status, told = said(october.merchant._core.request(f"/v3/bill/tradebill?{query}"))
    assert (status, told["code"]) == (400, "PARAM_ERROR"), reason


def test_payments_and_refunds_stand_in_it_in_yuan(october: Play) -> None:
    trade = october.pays(123_456, attach="P1", description="修水渠, 第二期")
    october.later(minutes=1)
    october.refunds(trade, 23_456, "R1")
    october.later(minutes=1)
    next_day(october, 10)
    october.refund_status("R1")
    head, paid, back, sum_head, sums = fetch(october)
    first, second = dict(zip(head, paid, strict=True)), dict(zip(head, back, strict=True))
    assert (first["交易状态"], first["订单金额"], first["手续费"], first["费率"]) == (
        "SUCCESS",
        "1234.56",
        "7.41000",
        "0.60%",
    )
    assert (first["商品名称"], first["商户数据包"]) == ("修水渠, 第二期", "P1")
    assert (first["微信退款单号"], first["退款金额"]) == ("0", "0.00")
    assert (second["交易状态"], second["退款金额"], second["申请退款金额"]) == ("REFUND", "234.56", "234.56")
    assert (second["订单金额"], second["手续费"], second["退款状态"]) == ("0.00", "-1.40000", "SUCCESS")
    assert second["商户退款单号"] == "R1"
    assert dict(zip(sum_head, sums, strict=True)) == {
        "总交易单数": "2",
        "应结订单总金额": "1234.56",
        "退款总金额": "234.56",
        "充值券退款总金额": "0.00",
        "手续费总金额": "6.01000",
        "订单总金额": "1234.56",
        "申请退款总金额": "234.56",
    }


def test_a_statement_of_one_kind_has_its_own_columns(october: Play) -> None:
    trade = october.pays(1000)
    october.refunds(trade, 1000, "R1")
    next_day(october, 10)
    paid, back = fetch(october, bill_type="SUCCESS"), fetch(october, bill_type="REFUND")
    assert (len(paid), "退款金额" in paid[0]) == (4, False)
    assert (len(back), "退款成功时间" in back[0]) == (4, True)


def test_a_closed_refund_stands_in_none(october: Play) -> None:
    trade = october.pays(1000)
    october.turns(refund__closed=1)
    october.refunds(trade, 1000, "R1")
    next_day(october, 10)
    assert october.refund_status("R1") == "CLOSED"
    assert len(fetch(october)) == 4
    assert len(fetch(october, "fundflow_bill")) == 5


def test_the_account_runs_on_from_day_to_day(october: Play) -> None:
    trade = october.pays(10_000)
    october.moved += timedelta(days=1)
    october.refunds(trade, 5000, "R1")
    october.moved += timedelta(days=1)
    second = fetch(october, "fundflow_bill", date(2026, 10, 9))[1]
    first = fetch(october, "fundflow_bill")
    assert first[2][7] == "99.40"
    assert fetch(october, "fundflow_bill", date(2026, 10, 9))[1] == second
    assert (second[4:8], second[9]) == (["退款", "支出", "49.70", "49.70"], "退款总金额50.00元;含手续费0.30元")


def test_without_a_fee_there_is_no_row_of_it(october: Play) -> None:
    october.turns(bill__fee_per_myriad=0)
    october.pays(10_000)
    next_day(october, 10)
    assert len(fetch(october, "fundflow_bill")) == 4
    assert "0.00%" in fetch(october)[1]


def test_an_address_lives_for_five_minutes(october: Play) -> None:
    october.pays()
    next_day(october, 10)
    promise = said(october.merchant.trade_bill(DAY.isoformat()))[1]
    october.later(minutes=5)
    assert said(october.merchant.download_bill(promise["download_url"]))[1]["code"] == "PARAM_ERROR"
    assert said(october.merchant._core.request("/v3/billdownload/file?token=no"))[0] == 400


def test_its_hash_may_be_wrong(october: Play) -> None:
    october.pays()
    next_day(october, 10)
    october.turns(bill__bad_hash="x1")
    with pytest.raises(AssertionError):
        fetch(october)
    fetch(october)


def test_it_may_be_late_or_missing(october: Play) -> None:
    october.pays()
    next_day(october, 11)
    october.turns(bill__late="x1")
    assert code(october) == "STATEMENT_CREATING"
    october.turns(bill__none="x1")
    assert code(october) == "NO_STATEMENT_EXIST"
    fetch(october)


def test_large_sums_may_have_commas(october: Play) -> None:
    october.pays(1_234_550)
    october.pays(99_999)
    next_day(october, 10)
    october.turns(bill__thousands=1)
    lines = fetch(october)
    assert [row[lines[0].index("订单金额")] for row in lines[1:3]] == ["12,345.50", "999.99"]


KNOBS = [
    ("missing_row", "trade_bill", 1),
    ("extra_row", "trade_bill", 3),
    ("amount_diff", "trade_bill", 2),
    ("fee_diff", "trade_bill", 2),
    ("refund_missing", "trade_bill", 1),
    ("refund_extra", "trade_bill", 3),
    ("refund_amount", "trade_bill", 2),
    ("flow_missing_row", "fundflow_bill", 0),
    ("flow_extra_row", "fundflow_bill", 6),
    ("flow_amount_diff", "fundflow_bill", 3),
]


@pytest.mark.parametrize(("knob", "kind", "rows"), KNOBS, ids=[row[0] for row in KNOBS])
def test_what_was_changed_is_written_down(october: Play, knob: str, kind: str, rows: int) -> None:
    trade = october.pays(1000)
    october.refunds(trade, 400, "R1")
    next_day(october, 10)
    october.refund_status("R1")
    plain = fetch(october, kind)
    october.turns(**{f"bill__{knob}": 1})
    told = fetch(october, kind)
    assert len(told) - 3 == rows
    assert told != plain
    assert fetch(october, kind) == told, "the same draw each time"
    found = october.reads("differences")["differences"][f"{DAY} {'flow' if 'flow' in knob else 'trade'}"]
    assert {row["kind"] for row in found} == {knob}
    assert all(row["true_fen"] != row["told_fen"] or row["true_fee_fen"] != row["told_fee_fen"] for row in found)
    head, sums = told[-2], told[-1]
    count = "资金流水总笔数" if "flow" in knob else "总交易单数"
    assert dict(zip(head, sums, strict=True))[count] == str(rows), "the summary is of the rows that are told"


def test_of_many_rows_some_are_changed_and_all_of_those_written_down(october: Play) -> None:
    october.turns(bill__missing_row=0.2, bill__extra_row=0.2, bill__amount_diff=0.2, callback__drop_all=1)
    for fen in range(100, 140):
        october.pays(fen)
    next_day(october, 10)
    lines = fetch(october)
    place: dict[str, Any] = {name: lines[0].index(name) for name in ("商户订单号", "订单金额")}
    told = {row[place["商户订单号"]]: row[place["订单金额"]] for row in lines[1:-2]}
    true = {no: f"{row.total_fen // 100}.{row.total_fen % 100:02d}" for no, row in october.world.books.trades.items()}
    differ = {no for no in told.keys() | true.keys() if told.get(no) != true.get(no)}
    found = october.reads("differences")["differences"][f"{DAY} trade"]
    assert differ == {row["out_trade_no"] for row in found}
    assert {row["kind"] for row in found} == {"missing_row", "extra_row", "amount_diff"}


def test_a_change_may_be_aimed_at_one_payment_and_at_one_refund(october: Play) -> None:
    spared, first, second = october.pays(1000), october.pays(2000), october.pays(3000)
    october.refunds(spared, 400, "R1")
    october.refunds(first, 400, "R2")
    next_day(october, 10)
    for knob in (f"missing_row@{second.out_trade_no}", "refund_amount@R2", f"flow_amount_diff@{first.out_trade_no}"):
        october.world.knobs.set(f"bill.{knob}", 1)
    fetch(october)
    fetch(october, "fundflow_bill")
    found = october.reads("differences")["differences"]
    assert [(row["kind"], row["out_refund_no"] or row["out_trade_no"]) for row in found[f"{DAY} trade"]] == [
        ("missing_row", second.out_trade_no),
        ("refund_amount", "R2"),
    ]
    assert [(row["kind"], row["out_trade_no"]) for row in found[f"{DAY} flow"]] == [
        ("flow_amount_diff", first.out_trade_no)
    ]


def test_today_can_be_told_at_once_where_a_developer_wants_it(play: Play) -> None:
    play.turns(bill__at_once=1)
    play.pays()
    assert len(fetch(play, day=day_of(play.now()))) == 4

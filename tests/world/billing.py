"""A provider whose bills the test writes: from what the sandbox's book holds, with what the test changes in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from backend.core import clock
from backend.core.clock import SHANGHAI, in_utc, local_day
from backend.core.db import db
from backend.core.ids import new_code
from backend.ledger.accounts import FEES
from backend.ledger.queries import balance_fen
from backend.media.encoding import EncodedPicture
from backend.media.service import add_picture
from backend.payments.models import SandboxTrade
from backend.payments.providers import BillTold
from backend.payments.sandbox import APP_ID, MERCHANT, NAME
from backend.people.rights import StaffMember
from backend.reconciliation import daily, fees, queries
from backend.reconciliation.bills import FUND_COLUMNS, FUND_SUMS, TRADE_COLUMNS, TRADE_SUMS, fee_by_rate
from backend.reconciliation.checks import check_reconciliation
from backend.reconciliation.queries import DayRecord, DifferenceRecord
from tests.world.bookkeeping import local
from tests.world.giving import ClientWire, Giving

RATE = 6_000
"""0.60 %."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a bill as the test writes it: a payment, or a refund when it has a number of one."""

    at: datetime
    order_no: str
    transaction_no: str
    fen: int
    purse: str = ""
    refund_no: str = ""
    fee: int | None = None
    total: int | None = None
    currency: str = "CNY"
    state: str = ""
    merchant: str = MERCHANT
    payer: str = ""

    @property
    def fee_fen(self) -> int:
        """The fee, by the rate unless the test says otherwise."""
        by_rate = fee_by_rate(self.fen, RATE)
        return self.fee if self.fee is not None else -by_rate if self.refund_no else by_rate


def yuan(fen: int, *, zeros: str = "", commas: bool = False) -> str:
    """Fen as yuan, as a bill writes them."""
    whole = f"{abs(fen) // 100:,}" if commas else str(abs(fen) // 100)
    return f"{'-' if fen < 0 else ''}{whole}.{abs(fen) % 100:02d}{zeros}"


def shown(at: datetime) -> str:
    return in_utc(at).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def csv(heading: Iterable[str], rows: list[dict[str, str]], sums_heading: Iterable[str], sums: list[str]) -> bytes:
    lines = [",".join(f"`{row.get(name, '')}" for name in heading) for row in rows]
    text = [",".join(heading), *lines, ",".join(sums_heading), ",".join(f"`{one}" for one in sums)]
    return b"\xef\xbb\xbf" + ("\r\n".join(text) + "\r\n").encode()


def trade_csv(lines: Iterable[Line]) -> bytes:
    """A trade bill with its sums."""
    told = list(lines)
    paid, back = [one for one in told if not one.refund_no], [one for one in told if one.refund_no]
    total = sum(one.fen if one.total is None else one.total for one in paid)
    amounts = [yuan(sum(one.fen for one in paid)), yuan(sum(one.fen for one in back)), "0.00"]
    amounts += [yuan(sum(one.fee_fen for one in told), zeros="000"), yuan(total), yuan(sum(one.fen for one in back))]
    return csv(TRADE_COLUMNS, [_trade_row(one) for one in told], TRADE_SUMS, [str(len(told)), *amounts])


def _trade_row(one: Line) -> dict[str, str]:
    row = {"交易时间": shown(one.at), "公众账号ID": APP_ID, "商户号": one.merchant, "特约商户号": "0"}
    row |= {"用户标识": one.payer, "付款银行": "CMB_CREDIT" if one.payer else ""}
    row |= {"微信订单号": one.transaction_no, "商户订单号": one.order_no, "交易类型": "JSAPI", "货币种类": one.currency}
    row |= {"交易状态": one.state or ("REFUND" if one.refund_no else "SUCCESS"), "商户数据包": one.purse}
    row |= {"手续费": yuan(one.fee_fen, zeros="000"), "费率": "0.60%", "代金券金额": "0.00", "充值券退款金额": "0.00"}
    fen = yuan(one.fen, commas=True)
    if one.refund_no:
        row |= {
            "微信退款单号": f"5{one.refund_no}",
            "商户退款单号": one.refund_no,
            "退款金额": fen,
            "申请退款金额": fen,
        }
        return row | {"应结订单金额": "0.00", "订单金额": "0.00", "退款状态": "PROCESSING"}
    total = yuan(one.fen if one.total is None else one.total, commas=True)
    row |= {"微信退款单号": "0", "商户退款单号": "0", "退款金额": "0.00", "申请退款金额": "0.00"}
    return row | {"应结订单金额": fen, "订单金额": total}


@dataclass(frozen=True, kw_only=True)
class Flow:
    """One movement of the merchant's account."""

    at: datetime
    business_no: str
    fen: int
    kind: str = "交易"
    voucher: str = ""


def flows_of(lines: Iterable[Line]) -> list[Flow]:
    """What the account does for the lines of a trade bill."""
    flows = []
    for one in sorted(lines, key=lambda line: line.at):
        sign, kind = (-1, "退款") if one.refund_no else (1, "交易")
        number = f"5{one.refund_no}" if one.refund_no else one.transaction_no
        voucher = one.refund_no or one.order_no
        flows.append(Flow(at=one.at, business_no=number, fen=sign * one.fen, kind=kind, voucher=voucher))
        if one.fee_fen:
            kind = "退还交易手续费" if one.refund_no else "扣除交易手续费"
            flows.append(Flow(at=one.at, business_no=number, fen=-one.fee_fen, kind=kind, voucher=voucher))
    return flows


def fund_csv(flows: Iterable[Flow], *, held: int = 0) -> bytes:
    """A fund-flow bill with running balances and sums."""
    rows, told = [], list(flows)
    for number, one in enumerate(told):
        held += one.fen
        row = {"记账时间": shown(one.at), "微信支付业务单号": one.business_no, "资金流水单号": f"F{number}"}
        row |= {"业务类型": one.kind, "收支类型": "收入" if one.fen > 0 else "支出", "收支金额(元)": yuan(abs(one.fen))}
        rows.append(
            row | {"账户结余(元)": yuan(held), "备注": "退款总金额0.01元;含手续费,0.00元", "业务凭证号": one.voucher}
        )
    into, out = [one.fen for one in told if one.fen > 0], [-one.fen for one in told if one.fen <= 0]
    sums = [str(len(rows)), str(len(into)), yuan(sum(into)), str(len(out)), yuan(sum(out))]
    return csv(FUND_COLUMNS, rows, FUND_SUMS, sums)


@dataclass
class Bills:
    """The provider: for each day two bills, or a word; a day of which the test said nothing has none."""

    trade: dict[date, BillTold] = field(default_factory=dict)
    fund: dict[date, BillTold] = field(default_factory=dict)
    asked: list[tuple[str, date]] = field(default_factory=list)

    def trade_bill(self, day: date, *, now: datetime) -> BillTold:
        """Answer, and remember that it was asked."""
        self.asked.append(("trade", day))
        return self.trade.get(day, BillTold(state="none"))

    def fund_flow_bill(self, day: date, *, now: datetime) -> BillTold:
        """Answer."""
        return self.fund.get(day, BillTold(state="none"))

    def tells(self, day: date, lines: Iterable[Line], *, flows: Iterable[Flow] | None = None, held: int = 0) -> None:
        """Write both bills of a day; the account moves as the lines say, unless the test says how."""
        told = list(lines)
        self.trade[day] = BillTold(state="ready", content=trade_csv(told))
        moved = flows_of(told) if flows is None else flows
        self.fund[day] = BillTold(state="ready", content=fund_csv(moved, held=held))


class Reconciling(Giving):
    """A village on the clock of the test, and the day after its gifts."""

    bills: Bills
    channel = NAME

    def lines(self, day: date | None = None) -> list[Line]:
        """What the sandbox's book holds of a day: the bill as it should be."""
        wanted = day or local_day(self.clock)

        def found() -> list[Line]:
            trades = select(SandboxTrade).where(SandboxTrade.success_at.is_not(None))
            rows = db.session.scalars(trades.order_by(SandboxTrade.success_at, SandboxTrade.out_trade_no)).all()
            return [
                Line(
                    at=row.success_at,
                    order_no=row.out_trade_no,
                    transaction_no=row.transaction_no or "",
                    fen=row.amount_fen,
                    purse=row.attach,
                )
                for row in rows
                if row.success_at is not None and local_day(row.success_at) == wanted
            ]

        return self.asks(found)

    def the_day_after(self, *, at: str = "10:00", days: int = 1) -> None:
        """The next day comes, ten o'clock unless told otherwise."""
        day = date.fromordinal(local_day(self.clock).toordinal() + days)
        self.clock = local(f"{day.isoformat()} {at}")

    def reconciles(self, *, worker: str = "one", limit: int = 400) -> int:
        """The scheduler looks for days that are due."""
        with self.app.app_context():
            return daily.reconcile_due(
                provider=self.bills, channel=self.channel, worker=worker, now=self.clock, limit=limit
            )

    def looks_again(self, day: date, *, anew: bool = False) -> bool:
        """One day is looked at again."""
        told = {"provider": self.bills, "channel": self.channel, "day": day, "worker": "one", "now": self.clock}
        with self.app.app_context():
            return daily.reconcile_day(**told, anew=anew)  # type: ignore[arg-type]  # gathered by name

    def day(self, day: date) -> DayRecord:
        """Ask how a day stands."""
        return self.asks(lambda: queries.get_day(self.channel, day, now=self.clock))

    def differences(self, day: date) -> list[DifferenceRecord]:
        """Ask what was found on a day."""
        return self.asks(lambda: queries.differences(self.channel, day, after_id=None, limit=100_000))

    def finds(self, day: date, *states: str) -> list[tuple[str, str | None, int | None, int | None]]:
        """Ask what was found on a day in some states: kind, order or refund number, our fen, theirs."""
        wanted = states or ("open",)
        found = [one for one in self.differences(day) if one.state in wanted]
        return [(one.kind, one.refund_no or one.order_no, one.ours_fen, one.theirs_fen) for one in found]

    def sets_aside(self, fen: int = 1_000_00) -> None:
        """Two people put money of the federation's own aside for fees."""
        code = self.records_own_money(fen)
        self.writes(lambda: fees.approve_own_money(code=code, staff=self.second, now=self.clock))

    def records_own_money(self, fen: int = 1_000_00, **changed: Any) -> str:
        """One person records money of the federation's own, with its voucher; return the code."""
        told: dict[str, Any] = {"amount_fen": fen, "received_on": local_day(self.clock), "reason": "机构管理费账户转入"}
        told |= changed
        voucher = told.pop("voucher_media", None) or self.voucher(self.desk)
        return self.writes(
            lambda: fees.propose_own_money(**told, voucher_media=voucher, staff=self.desk, now=self.clock)
        )

    def voucher(self, staff: StaffMember) -> str:
        """A staff member uploads a new picture; return its code."""
        code = new_code(16)
        picture = EncodedPicture(jpeg=code.encode(), width=10, height=10)
        self.writes(lambda: add_picture(code=code, encoded=picture, staff=staff, now=self.clock))
        return code

    def fees_held(self) -> int:
        """Ask what is kept for fees."""
        return self.asks(lambda: balance_fen(FEES))

    def wrong(self) -> list[str]:
        """Ask `verify`."""
        return [*self.out_of_joint(), *self.asks(check_reconciliation)]


def changed(lines: list[Line], index: int, **told: Any) -> list[Line]:
    """The lines with one of them changed."""
    return [replace(one, **told) if number == index else one for number, one in enumerate(lines)]


def make_village(app: Flask, patch: Callable[[Callable[[], datetime]], None]) -> Reconciling:
    """A village on the first of June whose provider the test plays."""
    village = Reconciling(app, clock=local("2026-06-01 10:00"))
    village.wire, village.bills = ClientWire(app), Bills()
    patch(lambda: village.clock)
    return village


@pytest.fixture
def accounts(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Reconciling:
    """The village, with enough of the federation's own money for fees."""
    village = make_village(app, lambda now: monkeypatch.setattr(clock, "now", now))
    village.sets_aside()
    return village

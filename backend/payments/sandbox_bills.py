"""The sandbox provider's bills: what its own book says of a day, in the very format of a real provider.

The sandbox charges its fee like a real channel, so that the demonstration shows how a federation pays it. Its account
is never emptied: what it held at the end of a day is the sum of all before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from backend.core.clock import SHANGHAI, in_utc, start_of_local_day
from backend.core.db import db
from backend.payments.models import SandboxTrade

FEE_PER_10000 = 60
TRADE_HEADING = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
TRADE_SUMS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
FUND_HEADING = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,"
    "备注,业务凭证号"
)
FUND_SUMS = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"


def fee_of(amount_fen: int) -> int:
    """Return the sandbox's fee on an amount, half a fen upwards."""
    return (amount_fen * FEE_PER_10000 + 5_000) // 10_000


def trade_bill(day: date) -> bytes | None:
    """Return the trade bill of a local day, None for a day on which nothing was paid."""
    trades = _paid_on(day)
    if not trades:
        return None
    total, fees = sum(one.amount_fen for one in trades), sum(fee_of(one.amount_fen) for one in trades)
    sums = [str(len(trades)), yuan(total), "0.00", "0.00", _fee_yuan(fees), yuan(total), "0.00"]
    return _file(TRADE_HEADING, [_trade_line(one) for one in trades], TRADE_SUMS, sums)


def fund_flow_bill(day: date) -> bytes | None:
    """Return the bill of the account's movements on a local day, None for a day on which it did not move."""
    trades = _paid_on(day)
    if not trades:
        return None
    held = _held_before(day)
    lines, into, out = [], [], []
    for one in trades:
        fee = fee_of(one.amount_fen)
        held += one.amount_fen
        into.append(one.amount_fen)
        lines.append(_fund_line(one, kind="交易", signed_fen=one.amount_fen, held_fen=held))
        if fee:
            held -= fee
            out.append(fee)
            lines.append(_fund_line(one, kind="扣除交易手续费", signed_fen=-fee, held_fen=held))
    sums = [str(len(lines)), str(len(into)), yuan(sum(into)), str(len(out)), yuan(sum(out))]
    return _file(FUND_HEADING, lines, FUND_SUMS, sums)


def _paid_on(day: date) -> Sequence[SandboxTrade]:
    begin, end = start_of_local_day(day), start_of_local_day(day + timedelta(days=1))
    of_day = (SandboxTrade.success_at >= begin) & (SandboxTrade.success_at < end)
    ordered = select(SandboxTrade).where(of_day).order_by(SandboxTrade.success_at, SandboxTrade.out_trade_no)
    return db.session.scalars(ordered).all()


def _held_before(day: date) -> int:
    fee = (SandboxTrade.amount_fen * FEE_PER_10000 + 5_000) // 10_000
    held = select(func.coalesce(func.sum(SandboxTrade.amount_fen - fee), 0))
    return int(db.session.scalar(held.where(SandboxTrade.success_at < start_of_local_day(day))) or 0)


def _trade_line(one: SandboxTrade) -> list[str]:
    paid = [_time(one.success_at), one.app_id, one.merchant, "0", "", one.transaction_no or "", one.out_trade_no, ""]
    kind = ["SANDBOX", "SUCCESS", "OTHERS", "CNY", yuan(one.amount_fen), "0.00"]
    refund = ["0", "0", "0.00", "0.00", "", ""]
    about = [one.description, one.attach, _fee_yuan(fee_of(one.amount_fen)), "0.60%", yuan(one.amount_fen), "0.00", ""]
    return paid + kind + refund + about


def _fund_line(one: SandboxTrade, *, kind: str, signed_fen: int, held_fen: int) -> list[str]:
    number, way = one.transaction_no or "", "收入" if signed_fen > 0 else "支出"
    flow = f"{number}{'F' if signed_fen < 0 else ''}"
    amounts = [yuan(abs(signed_fen)), yuan(held_fen)]
    return [_time(one.success_at), number, flow, "交易", kind, way, *amounts, "system", "", one.out_trade_no]


def _file(heading: str, lines: Iterable[list[str]], sums_heading: str, sums: list[str]) -> bytes:
    rows = [",".join(f"`{field}" for field in line) for line in [*lines, sums]]
    text = "\r\n".join([heading, *rows[:-1], sums_heading, rows[-1], ""])
    return b"\xef\xbb\xbf" + text.encode()


def _time(at: datetime | None) -> str:
    return "" if at is None else in_utc(at).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def yuan(fen: int) -> str:
    """Return fen as yuan with two decimals."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def _fee_yuan(fen: int) -> str:
    return f"{yuan(fen)}000"

"""The sandbox provider's bills: what its own book says of a day, in the very format of a real provider.

The sandbox charges its fee like a real channel, so that the demonstration shows how a federation pays it. Its account
is never emptied: what it held at the end of a day is the sum of all before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute

from backend.core.clock import SHANGHAI, in_utc, start_of_local_day
from backend.core.db import db
from backend.payments.models import SandboxRefund, SandboxTrade

FEE_PER_10000 = 60
CLOSED = "CLOSED"
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
    """Return the trade bill of a local day, None for a day on which nothing was paid or given back.

    A refund is dated by when it was taken on, whatever became of it later.
    """
    trades, refunds = _paid_on(day), _refunded_on(day)
    if not trades and not refunds:
        return None
    lines = [(one.success_at, one.out_trade_no, _trade_line(one)) for one in trades]
    lines += [(one.accepted_at, one.refund_no, _refund_line(one, trade)) for one, trade in refunds]
    paid, back = sum(one.amount_fen for one in trades), sum(one.refund_fen for one, _ in refunds)
    fees = sum(fee_of(one.amount_fen) for one in trades) - sum(fee_of(one.refund_fen) for one, _ in refunds)
    sums = [str(len(lines)), yuan(paid), yuan(back), "0.00", _fee_yuan(fees), yuan(paid), yuan(back)]
    return _file(TRADE_HEADING, [line[2] for line in sorted(lines, key=lambda line: line[:2])], TRADE_SUMS, sums)


def fund_flow_bill(day: date) -> bytes | None:
    """Return the bill of the account's movements on a local day, None for a day on which it did not move."""
    moves = sorted([*_came_in(day), *_went_back(day)], key=lambda move: (move.at, move.voucher))
    if not moves:
        return None
    held, lines = _held_before(day), []
    for move in moves:
        held += move.signed_fen
        way, amounts = "收入" if move.signed_fen > 0 else "支出", [yuan(abs(move.signed_fen)), yuan(held)]
        names = [_time(move.at), move.number, f"{move.number}{move.mark}", move.kind[:2], move.kind, way]
        lines.append([*names, *amounts, "system", "", move.voucher])
    into, out = [one.signed_fen for one in moves if one.signed_fen > 0], [one for one in moves if one.signed_fen < 0]
    left = -sum(one.signed_fen for one in out)
    sums = [str(len(lines)), str(len(into)), yuan(sum(into)), str(len(out)), yuan(left)]
    return _file(FUND_HEADING, lines, FUND_SUMS, sums)


@dataclass(frozen=True, kw_only=True)
class _Move:
    """One movement of the account; `mark` tells apart the rows of one number."""

    at: datetime
    number: str
    mark: str
    kind: str
    signed_fen: int
    voucher: str


def _came_in(day: date) -> Iterator[_Move]:
    """Payments, each with its fee."""
    for one in _paid_on(day):
        assert one.success_at is not None, "what was paid has its time"
        number, fee = one.transaction_no or "", fee_of(one.amount_fen)
        told: dict[str, Any] = {"at": one.success_at, "number": number, "voucher": one.out_trade_no}
        yield _Move(**told, mark="", kind="交易", signed_fen=one.amount_fen)
        if fee:
            yield _Move(**told, mark="F", kind="扣除交易手续费", signed_fen=-fee)


def _went_back(day: date) -> Iterator[_Move]:
    """Refunds with the fee that comes back; one that was closed comes back whole when it is."""
    for one, _trade in _refunded_on(day):
        told: dict[str, Any] = {"at": one.accepted_at, "number": one.provider_refund_no, "voucher": one.refund_no}
        yield _Move(**told, mark="", kind="退款", signed_fen=-one.refund_fen)
        if fee_of(one.refund_fen):
            yield _Move(**told, mark="F", kind="退还交易手续费", signed_fen=fee_of(one.refund_fen))
    begin, end = _bounds(day)
    closed = (SandboxRefund.ends_as == CLOSED) & (SandboxRefund.ends_at >= begin) & (SandboxRefund.ends_at < end)
    for one in db.session.scalars(select(SandboxRefund).where(closed)):
        told = {"at": one.ends_at, "number": one.provider_refund_no, "voucher": one.refund_no}
        yield _Move(**told, mark="C", kind="退款关闭", signed_fen=one.refund_fen)


def _bounds(day: date) -> tuple[datetime, datetime]:
    return start_of_local_day(day), start_of_local_day(day + timedelta(days=1))


def _paid_on(day: date) -> Sequence[SandboxTrade]:
    begin, end = _bounds(day)
    of_day = (SandboxTrade.success_at >= begin) & (SandboxTrade.success_at < end)
    ordered = select(SandboxTrade).where(of_day).order_by(SandboxTrade.success_at, SandboxTrade.out_trade_no)
    return db.session.scalars(ordered).all()


def _refunded_on(day: date) -> list[tuple[SandboxRefund, SandboxTrade]]:
    begin, end = _bounds(day)
    statement = select(SandboxRefund, SandboxTrade).join(
        SandboxTrade, SandboxTrade.out_trade_no == SandboxRefund.out_trade_no
    )
    of_day = statement.where(SandboxRefund.accepted_at >= begin, SandboxRefund.accepted_at < end)
    return [(row[0], row[1]) for row in db.session.execute(of_day)]


def _held_before(day: date) -> int:
    begin = start_of_local_day(day)
    paid, back = SandboxTrade.amount_fen, SandboxRefund.refund_fen
    came = select(func.coalesce(func.sum(paid - _fee_sql(paid)), 0)).where(SandboxTrade.success_at < begin)
    left = select(func.coalesce(func.sum(back - _fee_sql(back)), 0)).where(SandboxRefund.accepted_at < begin)
    closed = (SandboxRefund.ends_as == CLOSED) & (SandboxRefund.ends_at < begin)
    returned = select(func.coalesce(func.sum(back), 0)).where(closed)
    came_fen, left_fen, returned_fen = (int(db.session.scalar(one) or 0) for one in (came, left, returned))
    return came_fen - left_fen + returned_fen


def _fee_sql(amount: InstrumentedAttribute[int]) -> ColumnElement[int]:
    return (amount * FEE_PER_10000 + 5_000) // 10_000


def _trade_line(one: SandboxTrade) -> list[str]:
    kind = ["SANDBOX", "SUCCESS", "OTHERS", "CNY", yuan(one.amount_fen), "0.00"]
    refund = ["0", "0", "0.00", "0.00", "", ""]
    about = [one.description, one.attach, _fee_yuan(fee_of(one.amount_fen)), "0.60%", yuan(one.amount_fen), "0.00", ""]
    return _names(one.success_at, one) + kind + refund + about


def _refund_line(one: SandboxRefund, trade: SandboxTrade) -> list[str]:
    kind, fee = ["SANDBOX", "REFUND", "OTHERS", "CNY", "0.00", "0.00"], _fee_yuan(-fee_of(one.refund_fen))
    refund = [one.provider_refund_no, one.refund_no, yuan(one.refund_fen), "0.00", "ORIGINAL", "PROCESSING"]
    about = [trade.description, trade.attach, fee, "0.60%", "0.00", yuan(one.refund_fen), ""]
    return _names(one.accepted_at, trade) + kind + refund + about


def _names(at: datetime | None, trade: SandboxTrade) -> list[str]:
    return [_time(at), trade.app_id, trade.merchant, "0", "", trade.transaction_no or "", trade.out_trade_no, ""]


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

"""The sandbox provider's own side: its book of trades, and the notices that it owes. No real money moves here."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from backend.core.clock import local_iso
from backend.core.db import db, insert_once
from backend.core.errors import NotFound, Refusal
from backend.core.ids import new_code
from backend.outbox import service as outbox
from backend.payments.models import SandboxTrade
from backend.payments.providers import OrderToPrepay

NOTPAY, SUCCESS, ENDED = "NOTPAY", "SUCCESS", "CLOSED"
NOTICE_KIND = "sandbox_notice"


class TradeUnknown(NotFound):
    """The sandbox was never asked to collect under this number."""

    code = "ORDER_NOT_EXIST"
    detail = "没有找到这个支付单。"


class TradeEnded(Refusal):
    """The time to pay has passed, or the order was closed; nothing was paid."""

    code = "ORDER_CLOSED"
    detail = "这个支付单已经关闭，没有付款。请回到项目页重新捐赠。"


class TradeReused(Refusal):
    """The number was used before for another order."""

    status = 403
    code = "OUT_TRADE_NO_USED"
    detail = "商户订单号重复。"


def open_trade(order: OrderToPrepay, *, merchant: str, app_id: str) -> None:
    """Note what is to be collected; the same order again changes nothing. Refuses `TradeReused` for another story."""
    told = {
        "merchant": merchant,
        "app_id": app_id,
        "description": order.description,
        "attach": order.attach,
        "amount_fen": order.amount_fen,
    }
    row = insert_once(SandboxTrade).values(out_trade_no=order.out_trade_no, return_url=order.return_url, **told)
    row = row.values(expires_at=order.expires_at, state=NOTPAY)
    db.session.execute(row.on_conflict_do_nothing())
    trade = find_trade(order.out_trade_no)
    if any(getattr(trade, name) != value for name, value in told.items()):
        raise TradeReused()


def find_trade(out_trade_no: str) -> SandboxTrade:
    """Return the trade of this number. Refuses `TradeUnknown`."""
    trade = db.session.scalars(select(SandboxTrade).where(SandboxTrade.out_trade_no == out_trade_no)).first()
    if trade is None:
        raise TradeUnknown()
    return trade


def state_of(trade: SandboxTrade, *, now: datetime) -> str:
    """Return NOTPAY, SUCCESS or CLOSED; an unpaid trade closes by itself when its time has passed."""
    return ENDED if trade.state == NOTPAY and now >= trade.expires_at else trade.state


def pay_trade(out_trade_no: str, *, now: datetime, owes_notice: bool = True) -> SandboxTrade:
    """Play that the payer pays; a second tap pays nothing more. Refuses `TradeUnknown`, `TradeEnded`.

    The notice is owed in the same transaction, so a crash loses neither. The demo story, whose clock is in the
    past, settles at once and leaves the notice out.
    """
    trade = find_trade(out_trade_no)
    if state_of(trade, now=now) == ENDED:
        raise TradeEnded()
    unpaid = (SandboxTrade.out_trade_no == out_trade_no) & (SandboxTrade.state == NOTPAY)
    paying = update(SandboxTrade).where(unpaid)
    paying = paying.values(state=SUCCESS, transaction_no=f"SB{new_code(26)}", success_at=now)
    pays = db.session.execute(paying.returning(SandboxTrade.out_trade_no)).first() is not None
    db.session.refresh(trade)
    if trade.state == ENDED:  # It was closed between the look and the payment.
        raise TradeEnded()
    if pays and owes_notice:
        body = notice_of(trade, now=now)
        outbox.put(kind=NOTICE_KIND, subject=out_trade_no, key=out_trade_no, body=body, now=now)
    return trade


def close_trade(out_trade_no: str) -> None:
    """Take no more money for a trade; one that is paid or unknown stays as it is."""
    unpaid = (SandboxTrade.out_trade_no == out_trade_no) & (SandboxTrade.state == NOTPAY)
    closing = update(SandboxTrade).where(unpaid).values(state=ENDED)
    db.session.execute(closing.execution_options(synchronize_session=False))


def notice_of(trade: SandboxTrade, *, now: datetime) -> str:
    """Return the body of the notice about a paid trade, in the shape of a real provider's."""
    body = {
        "id": f"SN-{new_code(24)}",
        "create_time": local_iso(now),
        "event_type": "TRANSACTION.SUCCESS",
        "resource_type": "plain-resource",
        "summary": "沙箱支付成功（演示，没有真实资金）",
        "resource": {"original_type": "transaction", "transaction": transaction_of(trade, now=now)},
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def transaction_of(trade: SandboxTrade, *, now: datetime) -> dict[str, Any]:
    """Return what the provider tells about a trade, in notices and to queries alike."""
    told: dict[str, Any] = {
        "mchid": trade.merchant,
        "appid": trade.app_id,
        "out_trade_no": trade.out_trade_no,
        "trade_type": "SANDBOX",
        "trade_state": state_of(trade, now=now),
        "attach": trade.attach,
        "amount": {"total": trade.amount_fen, "currency": "CNY"},
    }
    if trade.success_at is not None:
        told |= {"transaction_id": trade.transaction_no, "success_time": local_iso(trade.success_at)}
    return told

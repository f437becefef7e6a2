"""The sandbox provider's refunds: its book, its limits and the notices that it owes. No real money moves here.

It is as strict as a real one (at most 50 parts, a minute apart, within 365 days, never more than was paid) and, like a
real one, it accepts first and gives back later. Two amounts play what a bank may do: a refund that ends in 44 fen
becomes ABNORMAL, one that ends in 45 fen is CLOSED.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from backend.core.clock import local_iso
from backend.core.db import db, insert_once
from backend.core.errors import NotFound, Refusal
from backend.core.ids import new_code
from backend.outbox.service import put
from backend.payments.models import SandboxRefund, SandboxTrade
from backend.payments.providers import RefundToMake
from backend.payments.sandbox_book import NOTICE_KIND, SUCCESS, find_trade

PROCESSING, ABNORMAL, CLOSED = "PROCESSING", "ABNORMAL", "CLOSED"
TAKES = timedelta(seconds=3)
PARTS_MAX, PAUSE, WITHIN = 50, timedelta(minutes=1), timedelta(days=365)
_PLAYED = {44: ABNORMAL, 45: CLOSED}


class RefundAbsent(NotFound):
    """The sandbox was never asked to give back under this number."""

    code = "RESOURCE_NOT_EXISTS"
    detail = "没有找到这个退款单。"


class RefundRefused(Refusal):
    """The sandbox's plain no: nothing was moved under this number."""

    status = 400
    code = "INVALID_REQUEST"
    detail = "退款请求不符合规则。"


def open_refund(refund: RefundToMake, *, now: datetime, owes_notice: bool = True) -> SandboxRefund:
    """Accept a refund, or return the one accepted before under its number. Refuses `RefundRefused`, `TradeUnknown`.

    Its notice is owed in the same transaction, for the moment at which the sandbox is done with it; the demo story,
    whose clock is in the past, asks by itself and leaves the notice out.
    """
    known = db.session.get(SandboxRefund, refund.refund_no, populate_existing=True)
    if known is not None:
        return _same(known, refund)
    # Locked, so that two refunds of one trade are one after the other.
    locked = select(SandboxTrade).where(SandboxTrade.out_trade_no == refund.out_trade_no).with_for_update()
    db.session.execute(locked.execution_options(populate_existing=True))
    trade = find_trade(refund.out_trade_no)
    _check(trade, refund, now=now)
    ends_as = _PLAYED.get(refund.refund_fen % 100, SUCCESS)
    row = insert_once(SandboxRefund).values(
        refund_no=refund.refund_no,
        out_trade_no=refund.out_trade_no,
        provider_refund_no=f"SBR{new_code(26)}",
        refund_fen=refund.refund_fen,
        reason=refund.reason,
        accepted_at=now,
        ends_as=ends_as,
        ends_at=now + TAKES,
    )
    made = db.session.scalar(row.on_conflict_do_nothing().returning(SandboxRefund.refund_no))
    found = db.session.get_one(SandboxRefund, refund.refund_no, populate_existing=True)
    if made is not None and owes_notice:
        body = notice_of(found, trade, now=found.ends_at)
        put(kind=NOTICE_KIND, subject=refund.refund_no, key=refund.refund_no, body=body, now=found.ends_at)
    return _same(found, refund)


def find_refund(refund_no: str) -> SandboxRefund:
    """Return the refund of this number. Refuses `RefundAbsent`."""
    row = db.session.get(SandboxRefund, refund_no, populate_existing=True)
    if row is None:
        raise RefundAbsent()
    return row


def refund_of(row: SandboxRefund, trade: SandboxTrade, *, now: datetime) -> dict[str, Any]:
    """Return what the sandbox tells about a refund, in answers and to queries alike."""
    state = row.ends_as if now >= row.ends_at else PROCESSING
    told: dict[str, Any] = {
        "mchid": trade.merchant,
        "refund_id": row.provider_refund_no,
        "out_refund_no": row.refund_no,
        "transaction_id": trade.transaction_no,
        "out_trade_no": row.out_trade_no,
        "status": state,
        "amount": {"total": trade.amount_fen, "refund": row.refund_fen, "currency": "CNY"},
    }
    return told | ({"success_time": local_iso(row.ends_at)} if state == SUCCESS else {})


def notice_of(row: SandboxRefund, trade: SandboxTrade, *, now: datetime) -> str:
    """Return the body of the notice about a refund that ended; its word for the state is `refund_status`."""
    told = refund_of(row, trade, now=now)
    told["refund_status"] = told.pop("status")
    body = {
        "id": f"SN-{new_code(24)}",
        "create_time": local_iso(now),
        "event_type": f"REFUND.{row.ends_as}",
        "resource_type": "plain-resource",
        "summary": "沙箱退款结果（演示，没有真实资金）",
        "resource": {"original_type": "refund", "refund": told},
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _same(row: SandboxRefund, refund: RefundToMake) -> SandboxRefund:
    if (row.out_trade_no, row.refund_fen) != (refund.out_trade_no, refund.refund_fen):
        raise RefundRefused("商户退款单号重复，内容不一致。")
    return row


def _check(trade: SandboxTrade, refund: RefundToMake, *, now: datetime) -> None:
    mine = SandboxRefund.out_trade_no == trade.out_trade_no
    sums = select(
        func.count(), func.coalesce(func.sum(SandboxRefund.refund_fen), 0), func.max(SandboxRefund.accepted_at)
    )
    count, _, last_at = db.session.execute(sums.where(mine)).one()
    given = select(func.coalesce(func.sum(SandboxRefund.refund_fen), 0)).where(mine, SandboxRefund.ends_as != CLOSED)
    given_fen = int(db.session.scalar(given) or 0)
    is_paid = trade.state == SUCCESS and trade.success_at is not None and now <= trade.success_at + WITHIN
    if not is_paid or refund.total_fen != trade.amount_fen or given_fen + refund.refund_fen > trade.amount_fen:
        raise RefundRefused()
    if count >= PARTS_MAX or (last_at is not None and now < last_at + PAUSE):
        raise RefundRefused()

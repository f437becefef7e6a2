"""Reading a provider's JSON about one refund into `RefundTold`: strict types, strict ranges, whole fen only."""

from __future__ import annotations

from typing import Any, Literal

from backend.payments.providers import NOTICE, RefundTold
from backend.payments.shapes import (
    NOTICE_ID,
    NUMBER,
    ShapeWrong,
    instant,
    keepable,
    load_object,
    part,
    text,
    whole_fen,
)

State = Literal["processing", "success", "closed", "abnormal"]
_STATES: dict[str, State] = {
    "PROCESSING": "processing",
    "SUCCESS": "success",
    "CLOSED": "closed",
    "ABNORMAL": "abnormal",
}


def read_refund_notice(body: bytes, *, provider: str) -> RefundTold | None:
    """Return what a verified notice tells of a refund; None when it tells of something else, or makes no sense."""
    try:
        told = load_object(body)
        if not str(told.get("event_type")).startswith("REFUND."):
            return None
        refund = part(part(told, "resource"), "refund")
        if told["event_type"] != f"REFUND.{refund.get('refund_status')}":
            return None
        name = text(told, "id", NOTICE_ID)
        return read_refund(refund, provider=provider, notice_id=name, told_by=NOTICE, body=keepable(body))
    except ShapeWrong:
        return None


def read_refund(told: dict[str, Any], *, provider: str, notice_id: str, told_by: str, body: str) -> RefundTold:
    """Return one refund as an answer, a query or a notice tells it. Refuses `ShapeWrong` for anything else.

    A notice calls the state `refund_status`, the others `status`; money that went back names its instant.
    """
    word = told.get("refund_status", told.get("status"))
    state = _STATES.get(word) if isinstance(word, str) else None
    amount = part(told, "amount")
    if state is None:
        raise ShapeWrong("status")
    return RefundTold(
        state=state,
        refund_no=text(told, "out_refund_no", NUMBER),
        provider=provider,
        told_by=told_by,
        notice_id=notice_id,
        out_trade_no=text(told, "out_trade_no", NUMBER),
        transaction_no=text(told, "transaction_id", NUMBER),
        merchant=text(told, "mchid", NUMBER) if "mchid" in told else "",
        provider_refund_no=text(told, "refund_id", NUMBER),
        refund_fen=whole_fen(amount, "refund"),
        total_fen=whole_fen(amount, "total"),
        success_at=instant(told, "success_time") if state == "success" else None,
        body=body,
    )

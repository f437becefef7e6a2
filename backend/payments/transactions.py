"""Reading a provider's JSON about one transaction into `Paid`: strict types, strict ranges, whole fen only."""

from __future__ import annotations

from typing import Any

from backend.payments.providers import NOTICE, QUERY, Paid, Unreadable
from backend.payments.shapes import (
    NOTICE_ID,
    NUMBER,
    SHORT,
    ShapeWrong,
    instant,
    keepable,
    load_object,
    name_of_bytes,
    part,
    text,
    whole_fen,
)

__all__ = ["ShapeWrong", "load_object", "read_notice", "read_stored", "read_transaction"]

# A payment that was given back in part or whole says REFUND when it is asked about; its money had come all the same.
_PAID_STATES = {NOTICE: ("SUCCESS",), QUERY: ("SUCCESS", "REFUND")}


def read_notice(body: bytes, *, provider: str) -> Paid | Unreadable:
    """Return what a verified notice tells; one that cannot be read keeps its bytes for a person to look at."""
    try:
        told = load_object(body)
        notice_id = text(told, "id", NOTICE_ID)
    except ShapeWrong:
        return Unreadable(provider=provider, notice_id=name_of_bytes(body), body=keepable(body), is_expected=False)
    try:
        if told.get("event_type") != "TRANSACTION.SUCCESS":
            return Unreadable(provider=provider, notice_id=notice_id, body=keepable(body), is_expected=True)
        transaction = part(part(told, "resource"), "transaction")
        return read_transaction(
            transaction, provider=provider, notice_id=notice_id, told_by=NOTICE, body=keepable(body)
        )
    except ShapeWrong:
        return Unreadable(provider=provider, notice_id=notice_id, body=keepable(body), is_expected=False)


def read_transaction(told: dict[str, Any], *, provider: str, notice_id: str, told_by: str, body: str) -> Paid:
    """Return one successful transaction. Refuses `ShapeWrong` for anything else."""
    amount = part(told, "amount")
    if told.get("trade_state") not in _PAID_STATES.get(told_by, ("SUCCESS",)):
        raise ShapeWrong("trade_state")
    return Paid(
        provider=provider,
        notice_id=notice_id,
        told_by=told_by,
        out_trade_no=text(told, "out_trade_no", NUMBER),
        transaction_no=text(told, "transaction_id", NUMBER),
        merchant=text(told, "mchid", SHORT),
        app_id=text(told, "appid", SHORT),
        purse=text(told, "attach", SHORT),
        amount_fen=whole_fen(amount, "total"),
        currency=text(amount, "currency", SHORT),
        success_at=instant(told, "success_time"),
        body=body,
    )


def read_stored(body: str, *, provider: str, notice_id: str, told_by: str) -> Paid:
    """Return what a stored word told, as it was understood when it came."""
    told = load_object(body.encode("utf-8"))
    transaction = part(part(told, "resource"), "transaction") if told_by == NOTICE else told
    return read_transaction(transaction, provider=provider, notice_id=notice_id, told_by=told_by, body=body)

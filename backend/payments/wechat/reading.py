"""Reading what WeChat Pay tells of a payment or a refund. What is kept holds no openid and no bank card (law 12)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from backend.payments.providers import NOTICE, QUERY, Paid, RefundTold, TradeAnswer
from backend.payments.shapes import NUMBER, SHORT, ShapeWrong, instant, part, text, whole_fen
from backend.payments.transactions import read_transaction

NAME = "wechat"
PREPAY_ID = re.compile(r"[0-9A-Za-z_=-]{1,64}", re.ASCII)
_TRADE_FIELDS = (
    "appid",
    "mchid",
    "out_trade_no",
    "transaction_id",
    "trade_type",
    "trade_state",
    "attach",
    "success_time",
)
_REFUND_FIELDS = (
    "mchid", "out_trade_no", "transaction_id", "out_refund_no", "refund_id", "status", "refund_status", "channel",
    "create_time", "success_time", "funds_account",
)  # fmt: skip
_AMOUNT_FIELDS = (
    "total", "payer_total", "currency", "refund", "payer_refund", "settlement_refund", "settlement_total",
    "discount_refund",
)  # fmt: skip
_REFUND_STATES = {"PROCESSING": "processing", "SUCCESS": "success", "CLOSED": "closed", "ABNORMAL": "abnormal"}
_UNPAID = ("NOTPAY", "USERPAYING", "PAYERROR")
_ENDED = ("CLOSED", "REVOKED")


def read_trade_answer(told: dict[str, Any], *, out_trade_no: str) -> TradeAnswer:
    """Return what a signed answer tells about an order; `unknown` when it is about another, or makes no sense."""
    if told.get("out_trade_no") != out_trade_no:
        return TradeAnswer(state="unknown")
    state = told.get("trade_state")
    if state in ("SUCCESS", "REFUND"):
        name = f"{QUERY}:{told.get('transaction_id')}"
        try:
            return TradeAnswer(state="paid", paid=read_payment(told, notice_id=name, told_by=QUERY))
        except ShapeWrong:
            return TradeAnswer(state="unknown")
    if state in _ENDED:
        return TradeAnswer(state="closed")
    return TradeAnswer(state="unpaid" if state in _UNPAID else "unknown")


def read_payment(told: dict[str, Any], *, notice_id: str, told_by: str) -> Paid:
    """Return one successful payment. Refuses `ShapeWrong`."""
    kept = _kept(told, _TRADE_FIELDS)
    body: dict[str, Any] = kept
    if told_by == NOTICE:
        body = {"id": notice_id, "event_type": "TRANSACTION.SUCCESS", "resource": {"transaction": kept}}
    return read_transaction(told, provider=NAME, notice_id=notice_id, told_by=told_by, body=_text_of(body))


def read_refund(told: dict[str, Any], *, told_by: str, notice_id: str, merchant: str) -> RefundTold:
    """Return what is told about one refund. Refuses `ShapeWrong`.

    A notice names the state `refund_status`, an answer `status`.
    """
    word = told.get("refund_status" if told_by == NOTICE else "status")
    state = _REFUND_STATES.get(word) if isinstance(word, str) else None
    amount = part(told, "amount")
    refund_fen, total_fen = whole_fen(amount, "refund"), whole_fen(amount, "total")
    if state is None or refund_fen > total_fen:
        raise ShapeWrong("status")
    refund_id = text(told, "refund_id", NUMBER)
    return RefundTold(
        state=state,  # type: ignore[arg-type]  # one of the four, as the table above says.
        refund_no=text(told, "out_refund_no", NUMBER),
        provider=NAME,
        told_by=told_by,
        notice_id=notice_id or f"{QUERY}:{refund_id}:{state}",
        out_trade_no=text(told, "out_trade_no", NUMBER),
        transaction_no=text(told, "transaction_id", NUMBER),
        merchant=merchant,
        provider_refund_no=refund_id,
        refund_fen=refund_fen,
        total_fen=total_fen,
        received_by=_told_account(told),
        success_at=instant(told, "success_time") if state == "success" else None,
        body=_text_of(_kept(told, _REFUND_FIELDS)),
    )


def read_prepay_id(told: dict[str, Any]) -> str:
    """Return the number by which a phone opens its cashier. Refuses `ShapeWrong`."""
    return text(told, "prepay_id", PREPAY_ID)


def read_merchant(told: dict[str, Any]) -> str:
    """Return whose refund a notice is about. Refuses `ShapeWrong`."""
    return text(told, "mchid", SHORT)


def _kept(told: dict[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    return _plain(told, fields) | {"amount": _plain(part(told, "amount"), _AMOUNT_FIELDS)}


def _plain(told: dict[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    return {name: told[name] for name in fields if isinstance(told.get(name), str | int)}


def _told_account(told: dict[str, Any]) -> str:
    """Return where a refund went, in WeChat's masked words; letters that no database keeps fall away."""
    value = told.get("user_received_account")
    if not isinstance(value, str):
        return ""
    return value.encode("utf-8", "ignore").decode("utf-8").replace("\0", "")[:64]


def _text_of(told: Mapping[str, Any]) -> str:
    """Return the same text for the same facts, in letters that every database keeps."""
    return json.dumps(told, ensure_ascii=True, sort_keys=True, separators=(",", ":"))

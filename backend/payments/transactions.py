"""Reading a provider's JSON about one transaction into `Paid`: strict types, strict ranges, whole fen only."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime
from typing import Any

from backend.ledger.accounts import AMOUNT_FEN_MAX
from backend.payments.providers import NOTICE, Paid, Unreadable

_NUMBER = re.compile(r"[0-9A-Za-z_|*@-]{1,64}", re.ASCII)
_NOTICE_ID = re.compile(r"[0-9A-Za-z_:.-]{1,64}", re.ASCII)
_SHORT = re.compile(r"[0-9A-Za-z_-]{1,40}", re.ASCII)


class ShapeWrong(ValueError):
    """The JSON does not say what the protocol promises."""


def read_notice(body: bytes, *, provider: str) -> Paid | Unreadable:
    """Return what a verified notice tells; one that cannot be read keeps its bytes for a person to look at."""
    try:
        told = _load(body)
        notice_id = _text(told, "id", _NOTICE_ID)
    except ShapeWrong:
        name = f"sha256:{hashlib.sha256(body).hexdigest()[:40]}"
        return Unreadable(provider=provider, notice_id=name, body=_keepable(body), is_expected=False)
    try:
        if told.get("event_type") != "TRANSACTION.SUCCESS":
            return Unreadable(provider=provider, notice_id=notice_id, body=_keepable(body), is_expected=True)
        transaction = _part(_part(told, "resource"), "transaction")
        return read_transaction(
            transaction, provider=provider, notice_id=notice_id, told_by=NOTICE, body=_keepable(body)
        )
    except ShapeWrong:
        return Unreadable(provider=provider, notice_id=notice_id, body=_keepable(body), is_expected=False)


def read_transaction(told: dict[str, Any], *, provider: str, notice_id: str, told_by: str, body: str) -> Paid:
    """Return one successful transaction. Refuses `ShapeWrong` for anything else."""
    amount = _part(told, "amount")
    if told.get("trade_state") != "SUCCESS":
        raise ShapeWrong("trade_state")
    return Paid(
        provider=provider,
        notice_id=notice_id,
        told_by=told_by,
        out_trade_no=_text(told, "out_trade_no", _NUMBER),
        transaction_no=_text(told, "transaction_id", _NUMBER),
        merchant=_text(told, "mchid", _SHORT),
        app_id=_text(told, "appid", _SHORT),
        purse=_text(told, "attach", _SHORT),
        amount_fen=_fen(amount),
        currency=_text(amount, "currency", _SHORT),
        success_at=_instant(told),
        body=body,
    )


def read_stored(body: str, *, provider: str, notice_id: str, told_by: str) -> Paid:
    """Return what a stored word told, as it was understood when it came."""
    told = _load(body.encode("utf-8"))
    transaction = _part(_part(told, "resource"), "transaction") if told_by == NOTICE else told
    return read_transaction(transaction, provider=provider, notice_id=notice_id, told_by=told_by, body=body)


def load_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in `body`. Refuses `ShapeWrong`, also for nesting that would exhaust the stack."""
    return _load(body)


def _load(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ShapeWrong("not JSON") from error
    if not isinstance(told, dict):
        raise ShapeWrong("not an object")
    return told


def _part(told: dict[str, Any], name: str) -> dict[str, Any]:
    part = told.get(name)
    if not isinstance(part, dict):
        raise ShapeWrong(name)
    return part


def _text(told: dict[str, Any], name: str, shape: re.Pattern[str]) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not shape.fullmatch(value):
        raise ShapeWrong(name)
    return value


def _fen(amount: dict[str, Any]) -> int:
    total = amount.get("total")
    if type(total) is not int or not 1 <= total <= AMOUNT_FEN_MAX:
        raise ShapeWrong("amount")
    return total


def _instant(told: dict[str, Any]) -> datetime:
    value = told.get("success_time")
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None or not 2000 <= instant.year <= 2200:
        raise ShapeWrong("success_time")
    return instant


def _keepable(body: bytes) -> str:
    """Return the bytes as text that both databases can keep."""
    return body.decode("utf-8", "backslashreplace").replace("\0", "\\0")

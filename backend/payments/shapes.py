"""Strict looks at a provider's JSON: each field of the type, range and letters that the protocol promises."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime
from typing import Any

from backend.ledger.accounts import AMOUNT_FEN_MAX

NUMBER = re.compile(r"[0-9A-Za-z_|*@-]{1,64}", re.ASCII)
NOTICE_ID = re.compile(r"[0-9A-Za-z_:.-]{1,64}", re.ASCII)
SHORT = re.compile(r"[0-9A-Za-z_-]{1,40}", re.ASCII)


class ShapeWrong(ValueError):
    """The JSON does not say what the protocol promises."""


def load_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in `body`. Refuses `ShapeWrong`, also for nesting that would exhaust the stack."""
    try:
        told = json.loads(body.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ShapeWrong("not JSON") from error
    if not isinstance(told, dict):
        raise ShapeWrong("not an object")
    return told


def _no_number(word: str) -> None:
    """`NaN` and `Infinity` are not JSON, whatever Python's parser says."""
    raise ShapeWrong(word)


def part(told: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the object in a field."""
    found = told.get(name)
    if not isinstance(found, dict):
        raise ShapeWrong(name)
    return found


def text(told: dict[str, Any], name: str, shape: re.Pattern[str]) -> str:
    """Return the text in a field, all of it of the given shape."""
    value = told.get(name)
    if not isinstance(value, str) or not shape.fullmatch(value):
        raise ShapeWrong(name)
    return value


def whole_fen(amount: dict[str, Any], name: str) -> int:
    """Return the whole fen in a field, within the limits of the ledger; `true` and `1.0` are no amounts."""
    value = amount.get(name)
    if type(value) is not int or not 1 <= value <= AMOUNT_FEN_MAX:
        raise ShapeWrong(name)
    return value


def instant(told: dict[str, Any], name: str) -> datetime:
    """Return the instant in a field; one without a time zone says nothing."""
    value = told.get(name)
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not 2000 <= found.year <= 2200:
        raise ShapeWrong(name)
    return found


def keepable(body: bytes) -> str:
    """Return the bytes as text that both databases can keep."""
    return body.decode("utf-8", "backslashreplace").replace("\0", "\\0")


def name_of_bytes(body: bytes) -> str:
    """Return the name of a word that does not name itself."""
    return f"sha256:{hashlib.sha256(body).hexdigest()[:40]}"

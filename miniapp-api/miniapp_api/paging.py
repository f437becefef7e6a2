"""Lists by cursor: the next page begins after the last row of this one, whatever was added since."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from marshmallow import Schema, fields, validate

from backend.core.errors import InvalidInput

T = TypeVar("T")
ROW_ID_MAX = 2**63 - 1


class CursorInvalid(InvalidInput):
    """The cursor is not one that this list gave out."""

    code = "CURSOR_INVALID"
    detail = "列表位置有误，请从头查看。"


class PageQuery(Schema):
    """Which part of a list: `cursor` from the page before, and how many rows."""

    cursor = fields.String(validate=validate.Length(max=40))
    limit = fields.Integer(load_default=20, validate=validate.Range(1, 100))


def last_id(page: dict[str, Any]) -> int | None:
    """Return the number of the row that the page begins after, None for the first page. Refuses `CursorInvalid`."""
    told = cursor_of(page)
    if told is None:
        return None
    try:
        number = int(told.removeprefix("before:")) if told.startswith("before:") else -1
    except ValueError as error:
        raise CursorInvalid() from error
    if not 0 <= number <= ROW_ID_MAX:
        raise CursorInvalid()
    return number


def cursor_of(page: dict[str, Any]) -> str | None:
    """Return what the cursor holds, None for the first page. Refuses `CursorInvalid`."""
    cursor = page.get("cursor")
    if not cursor:
        return None
    try:
        return base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode("ascii")
    except (ValueError, UnicodeError, binascii.Error) as error:
        raise CursorInvalid() from error


def listed(rows: Sequence[T], *, limit: int, row_id: Callable[[T], int], shown: Callable[[T], Any]) -> dict[str, Any]:
    """Return one page as every list shows it. `rows` may hold one more than `limit`: then there is a next page."""
    return listed_after(rows, limit=limit, key=lambda row: f"before:{row_id(row)}", shown=shown)


def listed_after(
    rows: Sequence[T], *, limit: int, key: Callable[[T], str], shown: Callable[[T], Any]
) -> dict[str, Any]:
    """Return one page like `listed`, where the cursor holds `key` of the last row; everybody can read what it holds."""
    page = rows[:limit]
    next_cursor = _cursor(key(page[-1])) if len(rows) > limit else None
    return {"items": [shown(row) for row in page], "next_cursor": next_cursor}


def _cursor(told: str) -> str:
    return base64.urlsafe_b64encode(told.encode("ascii")).decode("ascii").rstrip("=")

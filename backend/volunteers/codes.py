"""The rotating check-in code: six digits that are right for this half minute and the one before. No database.

A printed code would be photographed once and used from home for ever; a live one must be seen where the work is.
Sixty seconds are a little more than the thirty that ASVS 6.5.5 advises: an old phone needs them to type six digits.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime

WINDOW_SECONDS = 30
DIGITS = 6
_PURPOSE = b"happy-home volunteers check-in v1"


def activity_key(*, secret: str, activity: str) -> bytes:
    """Return the key of one activity: HKDF-SHA256 (RFC 5869) of the installation's secret, so none leads to another."""
    root = hmac.digest(_PURPOSE, secret.encode(), hashlib.sha256)
    return hmac.digest(root, activity.encode() + b"\x01", hashlib.sha256)


def window_of(instant: datetime) -> int:
    """Return the number of the half minute in which an instant falls, counted from 1970 in UTC."""
    return int(instant.timestamp()) // WINDOW_SECONDS


def window_end(window: int) -> datetime:
    """Return the first instant after a window: until then its code is the one shown."""
    return datetime.fromtimestamp((window + 1) * WINDOW_SECONDS, UTC)


def code_of(*, key: bytes, window: int) -> str:
    """Return the six digits of one window."""
    digest = hmac.digest(key, window.to_bytes(8, "big"), hashlib.sha256)
    return str(int.from_bytes(digest[:8], "big") % 10**DIGITS).zfill(DIGITS)


def window_shown_by(code: str, *, key: bytes, now: datetime) -> int | None:
    """Return the window whose code was told, the present one or the one before; None for any other code."""
    present = window_of(now)
    told = code.encode("utf-8", "surrogatepass")
    matches = [hmac.compare_digest(told, code_of(key=key, window=window).encode()) for window in (present, present - 1)]
    if matches[0]:
        return present
    return present - 1 if matches[1] else None

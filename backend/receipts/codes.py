"""What opens a receipt: the secret of its link, and the short code by which anybody verifies a printed one."""

from __future__ import annotations

import base64
import hashlib
import hmac

from backend.donations.queries import GiftUnknown

CODE_CHARS = 10
BUCKETS = 65_536
_LINK = b"happy-home receipt v1\0"
_CHECK = b"happy-home receipt check v1\0"
_BUCKET = b"happy-home receipt tries v1\0"
# Crockford's letters: none of them is read as another; who types an O or an I means 0 or 1.
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MEANT = str.maketrans("OILU", "011V", " -－—　")


def secret_of(gift_code: str, *, secret_key: str) -> str:
    """Return the secret of a gift's receipt link: its code and 132 bits that only this installation can make."""
    seal = hmac.digest(secret_key.encode(), _LINK + gift_code.encode(), hashlib.sha256)
    return gift_code + base64.urlsafe_b64encode(seal).decode("ascii")[:22]


def gift_of_secret(secret: str, *, secret_key: str) -> str:
    """Return the code of the gift that a secret opens. Refuses `GiftUnknown` for one that we did not make."""
    code = secret[:CODE_CHARS]
    if not secret.isascii() or not hmac.compare_digest(secret_of(code, secret_key=secret_key), secret):
        raise GiftUnknown()
    return code


def check_code(printed: str, *, secret_key: str) -> str:
    """Return the code printed beside a number: 50 bits of a keyed hash of it, as XXXXX-XXXXX."""
    bits = int.from_bytes(hmac.digest(secret_key.encode(), _CHECK + printed.encode(), hashlib.sha256)[:8]) >> 14
    text = "".join(_LETTERS[bits >> shift & 31] for shift in range(45, -1, -5))
    return f"{text[:5]}-{text[5:]}"


def is_code_of(printed: str, told: str, *, secret_key: str) -> bool:
    """Say whether somebody told the code of a number, however he typed it. Takes the same time for every answer."""
    ours = check_code(printed, secret_key=secret_key).replace("-", "")
    return hmac.compare_digest(ours.encode(), told.upper().translate(_MEANT).encode())


def plain_number(told: str) -> str:
    """Return a number as it is printed, however somebody typed it."""
    return told.upper().translate(str.maketrans("－—", "--", " 　"))


def bucket_of(number: str, *, secret_key: str) -> int:
    """Return the row in which wrong codes for a number are counted; nobody can aim at another's row."""
    return int.from_bytes(hmac.digest(secret_key.encode(), _BUCKET + number.encode(), hashlib.sha256)[:2])

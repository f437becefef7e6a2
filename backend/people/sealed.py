"""Personal values at rest: sealed with AES-256-GCM, found again by a keyed hash. The one place that knows the keys.

A sealed value names its key (`1.…`), so that another way of keeping keys can begin beside it, and it is bound to the
table, column and row that it stands in: moved elsewhere, it opens no more.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_ID = "1"
NONCE_BYTES = 12


class SealBroken(Exception):
    """The value was changed, stands in another place than it was sealed for, or was sealed by another installation."""


def seal(value: str, *, place: str, secret_key: str) -> str:
    """Return `value` sealed for `place`, which is `table:column:row`."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    closed = AESGCM(_key("seal", secret_key)).encrypt(nonce, value.encode(), place.encode())
    return f"{KEY_ID}.{base64.urlsafe_b64encode(nonce + closed).decode('ascii')}"


def unseal(sealed: str, *, place: str, secret_key: str) -> str:
    """Return what was sealed for `place`. Raises `SealBroken`."""
    key_id, _, text = sealed.partition(".")
    if key_id != KEY_ID:
        raise SealBroken(f"no key is called {key_id!r}")
    raw = base64.urlsafe_b64decode(text)
    try:
        opened = AESGCM(_key("seal", secret_key)).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], place.encode())
    except InvalidTag as error:
        raise SealBroken(place) from error
    return opened.decode()


def blind_index(value: str, *, purpose: str, secret_key: str) -> str:
    """Return the keyed hash by which a value is found; another purpose gives another hash of the same value."""
    return hmac.digest(_key(f"index {purpose}", secret_key), value.encode("utf-8", "surrogatepass"), "sha256").hex()


def _key(purpose: str, secret_key: str) -> bytes:
    return hmac.digest(secret_key.encode(), f"happy-home people {purpose} v1".encode(), hashlib.sha256)

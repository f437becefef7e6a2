"""Public ids and secrets: never a row number, never guessable."""

from __future__ import annotations

import hashlib
import secrets
import string

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def new_code(length: int = 10) -> str:
    """Return a random base62 public id; ten characters hold 59 bits."""
    return "".join(secrets.choice(BASE62) for _ in range(length))


def new_token() -> str:
    """Return an opaque bearer token of 256 random bits; only its hash is ever stored."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """Return the SHA-256 of a token in hexadecimal, as it is stored and looked up."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()

"""Passwords of staff: argon2id, a few at a time, the same time for a login that does not exist (ASVS 6.2, 11.4)."""

from __future__ import annotations

import functools
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from backend.core.errors import DatabaseBusy, InvalidInput

LENGTH_MIN, LENGTH_MAX = 10, 128
AT_ONCE = 2
WAIT_SECONDS = 5
# OWASP's least: 19 MiB, two passes, one lane. Two at once keep a village's small server on its feet.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_places = threading.BoundedSemaphore(AT_ONCE)


class PasswordInvalid(InvalidInput):
    """A password has 10 to 128 characters."""

    code = "PASSWORD_INVALID"
    detail = f"密码应有 {LENGTH_MIN} 到 {LENGTH_MAX} 个字符。"


class TooBusyToHash(DatabaseBusy):
    """Too many people log in at this moment; nothing was checked."""


def hashed(password: str) -> str:
    """Return the argon2id hash of a new password. Refuses `PasswordInvalid`."""
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        raise PasswordInvalid()
    with _a_place():
        return _hasher.hash(_as_bytes(password))


def matches(password: str, *, password_hash: str | None) -> bool:
    """Say whether the password is the one of the hash; without a hash say no after the same work."""
    with _a_place():
        try:
            is_right = _hasher.verify(password_hash or _nobodys_hash(), _as_bytes(password[:LENGTH_MAX]))
        except (VerificationError, InvalidHashError):
            return False
    return is_right and password_hash is not None and len(password) <= LENGTH_MAX


@functools.cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_bytes(16))


def _as_bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


@contextmanager
def _a_place() -> Iterator[None]:
    if not _places.acquire(timeout=WAIT_SECONDS):
        raise TooBusyToHash()
    try:
        yield
    finally:
        _places.release()

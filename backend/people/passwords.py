"""Passwords of staff: argon2id, a few at a time, the same time for a login that does not exist (ASVS 6.2, 11.4)."""

from __future__ import annotations

import functools
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from backend.core.errors import DatabaseBusy, InvalidInput

LENGTH_MIN, LENGTH_MAX = 10, 128
JUDGED_CHARS = 72  # What zxcvbn judges; beyond that a password is long enough.
SCORE_MIN = 3  # Of 0 to 4: at least a hundred million guesses.
AT_ONCE = 2
WAIT_SECONDS = 5
# OWASP's least: 19 MiB, two passes, one lane. Two at once keep a village's small server on its feet.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_places = threading.BoundedSemaphore(AT_ONCE)


class PasswordInvalid(InvalidInput):
    """A password has 10 to 128 characters."""

    code = "PASSWORD_INVALID"
    detail = f"密码应有 {LENGTH_MIN} 到 {LENGTH_MAX} 个字符。"


class PasswordWeak(InvalidInput):
    """The password is one that is guessed first: a frequent one, a name, a row of keys (ASVS 6.2.4, 6.2.11)."""

    code = "PASSWORD_WEAK"
    detail = "这个密码太容易被猜到。请用几个不相关的词，或更长的句子。"


class TooBusyToHash(DatabaseBusy):
    """Too many people log in at this moment; nothing was checked."""


def hashed(password: str, *, about: tuple[str, ...] = ()) -> str:
    """Return the argon2id hash of a new password. Refuses `PasswordInvalid` and `PasswordWeak`.

    `about` holds what is known of its owner, such as login and name: a password made of it is guessed first.
    """
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        raise PasswordInvalid()
    if zxcvbn(password[:JUDGED_CHARS], user_inputs=[*about, "happy-home"])["score"] < SCORE_MIN:
        raise PasswordWeak()
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

"""Sealing and opening: AES-256-GCM under a person's key, which is wrapped by a key of the environment.

An unwrapped key is never kept: unwrapping costs microseconds, and a key that was destroyed must not live on in any
process. A sealed value is bound to its field and row, a wrapped key to its person: moved elsewhere, neither opens.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from weakref import WeakKeyDictionary

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Engine

from backend.core.config_vault import KEY_BYTES, VaultSettings
from backend.core.db import db

NONCE_BYTES = 12


class SealBroken(Exception):
    """The value was changed or moved, its key was destroyed, or the key of the environment is not given any more."""


_rings: WeakKeyDictionary[Engine, VaultSettings] = WeakKeyDictionary()


def hang_on(engine: Engine, keys: VaultSettings) -> None:
    """Give a database its keys; called once for each, when the application is made."""
    _rings[engine] = keys


def here() -> VaultSettings:
    """Return the keys of the database at hand."""
    return _rings[db.engine]


def new_wrapped_key(*, keys: VaultSettings, key_id: str) -> str:
    """Return a new person's key, wrapped by the current key."""
    return _close(keys.keys[keys.current], secrets.token_bytes(KEY_BYTES), place=_place_of_key(key_id))


def rewrapped(wrapped: str, *, kek_id: str, keys: VaultSettings, key_id: str) -> str:
    """Return the same person's key wrapped by the current key. Raises `SealBroken`."""
    key = unwrapped(wrapped, kek_id=kek_id, keys=keys, key_id=key_id)
    return _close(keys.keys[keys.current], key, place=_place_of_key(key_id))


def unwrapped(wrapped: str | None, *, kek_id: str | None, keys: VaultSettings, key_id: str) -> bytes:
    """Return a person's key. Raises `SealBroken` for a destroyed one and where the environment lacks its key."""
    if wrapped is None or kek_id is None or kek_id not in keys.keys:
        raise SealBroken(f"vault key {key_id}: " + ("destroyed" if wrapped is None else f"{kek_id} is not given"))
    return _open(keys.keys[kek_id], wrapped, place=_place_of_key(key_id))


def seal(value: str, *, key: bytes, key_id: str, field: str, row: str) -> str:
    """Return `value` sealed for one field of one thing, with the name of the key before it."""
    return f"{key_id}.{_close(key, value.encode(), place=_place(field, row))}"


def unseal(sealed: str, *, key: bytes, key_id: str, field: str, row: str) -> str:
    """Return what was sealed for this field of this thing. Raises `SealBroken`."""
    named, _, text = sealed.partition(".")
    if named != key_id:
        raise SealBroken(f"{_place(field, row)} was sealed by another key")
    return _open(key, text, place=_place(field, row)).decode()


def seal_for_house(value: str, *, place: str) -> str:
    """Return `value` sealed under the current key of the environment, named before it: for what is kept for days.

    Rotation does not come by here. Each place has a key of its own, drawn from that of the environment.
    """
    keys = here()
    return f"{keys.current}.{_close(_drawn(keys.keys[keys.current], place), value.encode(), place=place)}"


def unseal_for_house(sealed: str, *, place: str) -> str:
    """Return what was sealed for `place`. Raises `SealBroken`."""
    keys = here()
    named, _, text = sealed.partition(".")
    if named not in keys.keys:
        raise SealBroken(f"{place}: {named} is not given")
    return _open(_drawn(keys.keys[named], place), text, place=place).decode()


def _drawn(key: bytes, place: str) -> bytes:
    return hmac.digest(key, f"happy-home vault house {place} v1".encode(), "sha256")


def _place_of_key(key_id: str) -> str:
    return f"vault_keys:wrapped:{key_id}"


def _place(field: str, row: str) -> str:
    return f"vault:{field}:{row}"


def _close(key: bytes, value: bytes, *, place: str) -> str:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return base64.urlsafe_b64encode(nonce + AESGCM(key).encrypt(nonce, value, place.encode())).decode("ascii")


def _open(key: bytes, text: str, *, place: str) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(text)
        return AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], place.encode())
    except (InvalidTag, binascii.Error, ValueError) as error:
        raise SealBroken(place) from error

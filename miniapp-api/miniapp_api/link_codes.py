"""Link codes at the edge: sealed with keys drawn from the installation's secret, and read back or refused."""

from __future__ import annotations

from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from backend.sharing.service import CURRENT_KEY_ID, LinkRecord, LinkUnknown, find_link, living_link
from miniapp_api.edge import settings
from qr.links import ForgedCode, make_code, read_code

READ_KEY_IDS = (CURRENT_KEY_ID,)
"""A key that leaves this list makes every poster printed with it unreadable."""


@lru_cache(maxsize=8)
def link_keys(secret_key: str) -> dict[str, bytes]:
    """Return the keys by key id; the same secret always gives the same keys."""
    return {key_id: _key(secret_key, key_id) for key_id in READ_KEY_IDS}


def _key(secret_key: str, key_id: str) -> bytes:
    info = f"happy-home link key {key_id}".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret_key.encode())


def code_of(link: LinkRecord) -> str:
    """Return the 23 characters that stand for a link in every QR code."""
    return make_code(link.link_id, key_id=link.key_id, keys=link_keys(settings().secret_key))


def address_of(link: LinkRecord) -> str:
    """Return the address that a QR code holds."""
    return f"{settings().public_url}/s/{code_of(link)}"


def link_id_of(code: str | None) -> str | None:
    """Return the link id that a code proves, None for no code. Refuses `LinkUnknown`; asks no database."""
    if not code:
        return None
    try:
        return read_code(code, keys=link_keys(settings().secret_key))
    except ForgedCode:
        raise LinkUnknown() from None


def any_link(code: str) -> LinkRecord:
    """Return the link of a code, revoked or not. Refuses `LinkUnknown`."""
    return find_link(link_id_of(code) or "")


def resolve(code: str) -> LinkRecord:
    """Return the living link of a code. Refuses `LinkUnknown` and `LinkRevoked`."""
    return living_link(link_id_of(code) or "")

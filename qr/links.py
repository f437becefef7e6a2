"""The code in every QR code: 23 characters that name a link and prove that we issued it.

    key id (1) + link id (10, base62) + HMAC-SHA256 cut to 72 bits (12, alphabet 0-9A-Za-z-_)

It fits the 32 characters of a mini-program scene, so the printed code and the mini-program's are the same text.
Guessing a seal takes 2**71 tries on average, each of them a request to the server.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import NewType

LinkId = NewType("LinkId", str)
Keys = Mapping[str, bytes]

CODE_LENGTH = 23
KEY_BYTES_MIN = 16
_KEY_ID = re.compile(r"[0-9A-Za-z]")
_LINK_ID = re.compile(r"[0-9A-Za-z]{10}")
_CODE = re.compile(r"([0-9A-Za-z])([0-9A-Za-z]{10})([0-9A-Za-z_-]{12})")
# The purpose stands in the sealed text, so a seal made with the same key for another purpose is no link code.
_PURPOSE = b"happy-home link v1\0"


class ForgedCode(Exception):
    """This text is no link code of ours: a typing error, a forgery, or a key that was retired."""


def make_code(link_id: str, *, key_id: str, keys: Keys) -> str:
    """Return the 23-character code of a link, sealed with the key of that id.

    Refuses with ValueError a link id that is not ten base62 characters, a key id that is not one base62 character,
    and a key that is unknown or shorter than 16 bytes: these are mistakes of configuration, not of a visitor.
    """
    if not _LINK_ID.fullmatch(link_id):
        raise ValueError("a link id is ten base62 characters")
    if not _KEY_ID.fullmatch(key_id):
        raise ValueError("a key id is one base62 character")
    key = keys.get(key_id, b"")
    if len(key) < KEY_BYTES_MIN:
        raise ValueError(f"link key {key_id!r} is missing or shorter than {KEY_BYTES_MIN} bytes")
    return key_id + link_id + _seal(key_id + link_id, key)


def read_code(code: object, *, keys: Keys) -> LinkId:
    """Return the link id that a code names, or raise ForgedCode; whatever comes in, nothing else is raised.

    Codes of every key in `keys` are read: to rotate, add a key and seal with it; old posters stay good until their
    key leaves the mapping.
    """
    parts = _CODE.fullmatch(code) if isinstance(code, str) else None
    if parts is None:
        raise ForgedCode
    key_id, link_id, seal = parts.groups()
    key = keys.get(key_id, b"")
    if len(key) < KEY_BYTES_MIN:
        raise ForgedCode
    if not hmac.compare_digest(_seal(key_id + link_id, key), seal):
        raise ForgedCode
    return LinkId(link_id)


def _seal(text: str, key: bytes) -> str:
    """Return 72 bits as twelve characters: nine bytes are exactly twelve characters of base64, without padding."""
    digest = hmac.digest(key, _PURPOSE + text.encode("ascii"), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:9]).decode("ascii")

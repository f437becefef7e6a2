"""What is sealed between WeChat Pay and us: AES-256-GCM under the APIv3 key, and RSA-OAEP for a person's bank card.

WeChat's signature is asked first, always. So a seal that does not open says that our APIv3 key is wrong, which no
forger can make us believe; that is told apart from a bad signature (bad input 15).
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1

from backend.payments.shapes import ShapeWrong
from backend.payments.signature import ResourceUnreadable

ALGORITHM = "AEAD_AES_256_GCM"
NONCE_BYTES = 12
TAG_BYTES = 16


def unsealed(resource: dict[str, Any], *, apiv3_key: str) -> bytes:
    """Return what a sealed resource holds. Refuses `ShapeWrong`, or `ResourceUnreadable` when our key does not fit."""
    if resource.get("algorithm") != ALGORITHM:
        raise ShapeWrong("algorithm")
    nonce, beside = _bytes(resource, "nonce"), _bytes(resource, "associated_data")
    try:
        sealed = base64.b64decode(_bytes(resource, "ciphertext"), validate=True)
    except binascii.Error:
        raise ShapeWrong("ciphertext") from None
    if len(nonce) != NONCE_BYTES or len(sealed) < TAG_BYTES:
        raise ShapeWrong("nonce")
    try:
        return AESGCM(apiv3_key.encode("utf-8")).decrypt(nonce, sealed, beside)
    except InvalidTag:
        raise ResourceUnreadable() from None


def sealed_for(text: str, *, key: RSAPublicKey) -> str:
    """Return a person's secret, sealed for who holds `key`; WeChat Pay asks for OAEP with SHA-1."""
    padding = OAEP(mgf=MGF1(algorithm=SHA1()), algorithm=SHA1(), label=None)  # noqa: S303 - the protocol's choice.
    return base64.b64encode(key.encrypt(text.encode("utf-8"), padding)).decode("ascii")


def _bytes(resource: dict[str, Any], name: str) -> bytes:
    """Return a field as bytes; one that is absent or null is empty, as `associated_data` may be."""
    value = resource.get(name)
    if value is None:
        return b""
    if not isinstance(value, str):
        raise ShapeWrong(name)
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError:
        raise ShapeWrong(name) from None

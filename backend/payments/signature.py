"""Signed messages between a provider and us, as WeChat Pay signs: RSA-2048, SHA-256, PKCS#1 v1.5 over three lines.

Verifying looks nothing up and calls nobody: an unknown serial is refused, never fetched (P16, bug D7).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from backend.core.errors import Refusal

SKEW_SECONDS = 300
SIGNATURE_TYPE = "WECHATPAY2-SHA256-RSA2048"
"""The one way of signing; a message that names none means this one, as the official SDKs take it."""
_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)
_HEX = re.compile(r"[0-9A-Fa-f]{1,64}", re.ASCII)
_NONCE = re.compile(r"[0-9A-Za-z_-]{1,64}", re.ASCII)


class NoticeRefused(Refusal):
    """The message is not signed by a key that we know, or not over these bytes. Nothing is stored, nobody is asked."""

    status = 401
    code = "FAIL"
    detail = "签名验证失败"


class StaleTimestamp(NoticeRefused):
    """The message was signed five minutes ago or more, or in the future: a replay, or a clock that is wrong."""

    code = "STALE_TIMESTAMP"
    detail = "时间戳超出五分钟，已拒绝"


class ResourceUnreadable(Refusal):
    """The message is the provider's, but what it seals does not open with our key: the APIv3 key is wrong here.

    Answered 500, so that the provider tells it again after the key was put right (bad input 15).
    """

    status = 500
    code = "DECRYPT_FAILED"
    detail = "解密失败：请检查 APIv3 密钥"


@dataclass(frozen=True, kw_only=True)
class KeyRing:
    """The public keys of one provider by `plain_serial`; two of them while a key is being changed (bug 21).

    `dates` names the first and last instant of a key that is valid for a time only, as a certificate is.
    """

    prefix: str
    keys: Mapping[str, RSAPublicKey] = field(repr=False)
    dates: Mapping[str, tuple[datetime, datetime]] = field(default_factory=dict)

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        """Refuse `NoticeRefused` unless one of our keys signed these very bytes within the last five minutes.

        Whatever the headers hold, nothing else is raised. The cheap questions come first.
        """
        serial, timestamp, nonce, signature = (
            headers.get(f"{self.prefix}-{name}", "") for name in ("Serial", "Timestamp", "Nonce", "Signature")
        )
        serial = plain_serial(serial)
        key = self.keys.get(serial)
        if headers.get(f"{self.prefix}-Signature-Type", SIGNATURE_TYPE) != SIGNATURE_TYPE:
            raise NoticeRefused()
        if key is None or not _TIMESTAMP.fullmatch(timestamp) or not _NONCE.fullmatch(nonce):
            raise NoticeRefused()
        if abs(now.timestamp() - int(timestamp)) >= SKEW_SECONDS:
            raise StaleTimestamp()
        first, last = self.dates.get(serial, (now, now))
        if not first <= now <= last:
            raise NoticeRefused()
        try:
            told = base64.b64decode(signature.encode("ascii"), validate=True)
            key.verify(told, signed_text(timestamp, nonce, body), PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, UnicodeEncodeError, binascii.Error):
            raise NoticeRefused() from None


def plain_serial(serial: str) -> str:
    """Return a serial as keys are filed under: a hexadecimal one in capitals without leading zeros, others as told."""
    return serial.upper().lstrip("0") if _HEX.fullmatch(serial) else serial


def signed_text(timestamp: str, nonce: str, body: bytes) -> bytes:
    """Return the three lines that are signed; each ends with a line feed."""
    return f"{timestamp}\n{nonce}\n".encode("ascii") + body + b"\n"


def sign(body: bytes, *, prefix: str, serial: str, key: RSAPrivateKey, timestamp: int, nonce: str) -> dict[str, str]:
    """Return the four headers that prove who sent `body`."""
    signature = key.sign(signed_text(str(timestamp), nonce, body), PKCS1v15(), hashes.SHA256())
    return {
        f"{prefix}-Serial": serial,
        f"{prefix}-Timestamp": str(timestamp),
        f"{prefix}-Nonce": nonce,
        f"{prefix}-Signature": base64.b64encode(signature).decode("ascii"),
    }

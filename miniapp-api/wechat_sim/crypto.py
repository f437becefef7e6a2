"""WeChat Pay's cryptography, written from its specification: RSA-SHA256 with PKCS#1 v1.5, AES-256-GCM, RSA-OAEP."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

SCHEME = "WECHATPAY2-SHA256-RSA2048"
SKEW_SECONDS = 300
_PARTS = ("mchid", "nonce_str", "signature", "timestamp", "serial_no")
_PART = re.compile(r'([a-z_]+)="([^"]*)"', re.ASCII)


class BadAuthorization(Exception):
    """The `Authorization` header is not one that WeChat accepts; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Authorization:
    """The five parts of the header by which a merchant signs a request."""

    mchid: str
    nonce_str: str
    signature: str
    timestamp: str
    serial_no: str


def lines(*texts: str | bytes) -> bytes:
    """Return what is signed: each text on a line of its own, each line ended."""
    return b"".join((text.encode() if isinstance(text, str) else text) + b"\n" for text in texts)


def sign(key: RSAPrivateKey, message: bytes) -> str:
    """Return the signature in base64."""
    return base64.b64encode(key.sign(message, PKCS1v15(), SHA256())).decode()


def is_signed(key: RSAPublicKey, message: bytes, signature: str) -> bool:
    """Whether the owner of `key` signed this very message."""
    try:
        key.verify(base64.b64decode(signature, validate=True), message, PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def read_authorization(header: str) -> Authorization:
    """Take the header apart. Raises `BadAuthorization`."""
    scheme, _, rest = header.partition(" ")
    if scheme != SCHEME:
        raise BadAuthorization("Http头Authorization的认证类型不正确")
    found = [_PART.fullmatch(part.strip()) for part in rest.split(",")]
    parts = {match[1]: match[2] for match in found if match}
    if None in found or sorted(parts) != sorted(_PARTS) or len(found) != len(_PARTS):
        raise BadAuthorization("Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》")
    told = Authorization(**parts)
    if not re.fullmatch(r"[0-9A-Za-z]{1,32}", told.nonce_str, re.ASCII):
        raise BadAuthorization("Http头Authorization中的nonce_str应为1到32个字母或数字")
    if not re.fullmatch(r"[0-9]{10}", told.timestamp, re.ASCII):
        raise BadAuthorization("Http头Authorization中的timestamp应为10位秒级时间戳")
    return told


def seal(apiv3_key: str, plain: bytes, *, associated: str) -> dict[str, str]:
    """Return a sealed resource as callbacks and certificates carry it; its nonce is twelve printable bytes."""
    nonce = secrets.token_hex(6)
    sealed = AESGCM(apiv3_key.encode()).encrypt(nonce.encode(), plain, associated.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(sealed).decode(),
        "associated_data": associated,
        "nonce": nonce,
    }


def open_field(key: RSAPrivateKey, text: str) -> str | None:
    """Return what a merchant encrypted for us in one field, or None when it was not for this key."""
    try:
        plain = key.decrypt(base64.b64decode(text, validate=True), OAEP(MGF1(SHA1()), SHA1(), None))  # noqa: S303 - as WeChat asks.
        return plain.decode()
    except (ValueError, binascii.Error):
        return None

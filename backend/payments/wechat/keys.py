"""The keys between WeChat Pay and us, read from PEM files once, each checked to be what its setting says (bug 22).

We sign with the merchant's own key; what WeChat signs is verified with WeChat's public key, with its platform
certificates, or with both while one replaces the other (bug 21). The two sides cannot be mixed up: a file that holds
the wrong kind of thing, or our own key on WeChat's side, ends the start with one sentence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from backend.core.config_wechat import BadSetting, WechatPaySettings
from backend.payments.signature import KeyRing, plain_serial

PREFIX = "Wechatpay"
KEY_BITS_MIN = 2048
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm)


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """One certificate: a public key that is valid for a time. `serial` is in whole bytes, as WeChat writes it."""

    serial: str
    key: RSAPublicKey = field(repr=False)
    first: datetime
    last: datetime


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Everything we sign and verify with. `public_key_id` names WeChat's public key, where it is in use."""

    merchant: RSAPrivateKey = field(repr=False)
    public_key_id: str | None
    public_key: RSAPublicKey | None = field(repr=False)
    certificates: tuple[Certificate, ...]

    @property
    def ring(self) -> KeyRing:
        """The keys that may have signed what comes from WeChat."""
        return ring_of(self.certificates, public_key_id=self.public_key_id, public_key=self.public_key)

    def answering(self, *, now: datetime) -> tuple[str, RSAPublicKey]:
        """Return the serial and key by which we want answers signed, and for which secrets are sealed.

        The public key where there is one, else the valid certificate that lasts longest; when none is valid any more
        the last one, so that WeChat's own refusal says so.
        """
        if self.public_key_id is not None and self.public_key is not None:
            return self.public_key_id, self.public_key
        best = max(self.certificates, key=lambda one: (one.first <= now <= one.last, one.last))
        return best.serial, best.key


def ring_of(
    certificates: tuple[Certificate, ...], *, public_key_id: str | None, public_key: RSAPublicKey | None
) -> KeyRing:
    """Return the ring of WeChat's public key and certificates, by the serials under which messages name them."""
    keys = {plain_serial(one.serial): one.key for one in certificates}
    if public_key_id is not None and public_key is not None:
        keys[public_key_id] = public_key
    dates = {plain_serial(one.serial): (one.first, one.last) for one in certificates}
    return KeyRing(prefix=PREFIX, keys=keys, dates=dates)


def load_keys(pay: WechatPaySettings) -> Keys:
    """Read the files that the settings name. Refuses `BadSetting` for one that is not what it should be."""
    merchant = _merchant_key(pay.merchant_key_file)
    certificates = tuple(_platform_certificate(path) for path in pay.platform_cert_files)
    public_key = None if pay.public_key_file is None else _public_key(pay.public_key_file)
    own = merchant.public_key().public_numbers()
    if public_key is not None and public_key.public_numbers() == own:
        raise BadSetting(
            "WECHAT_PAY_PUBLIC_KEY_FILE 是商户自己的公钥；应是商户平台下载的“微信支付公钥”（pub_key.pem）。"
        )
    for one in certificates:
        if one.key.public_numbers() == own or plain_serial(one.serial) == plain_serial(pay.merchant_serial):
            raise BadSetting("WECHAT_PAY_PLATFORM_CERT_FILES 里有商户自己的证书；应是微信支付的平台证书。")
    return Keys(merchant=merchant, public_key_id=pay.public_key_id, public_key=public_key, certificates=certificates)


def read_certificate(pem: bytes) -> Certificate:
    """Return what a PEM certificate holds. Refuses `ValueError` for anything else than an RSA certificate."""
    found = x509.load_pem_x509_certificate(pem)
    key = found.public_key()
    if not isinstance(key, RSAPublicKey) or key.key_size < KEY_BITS_MIN:
        raise ValueError("no RSA key of 2048 bits or more")
    digits = f"{found.serial_number:X}"
    serial = digits.zfill(len(digits) + len(digits) % 2)
    return Certificate(serial=serial, key=key, first=found.not_valid_before_utc, last=found.not_valid_after_utc)


def _merchant_key(path: Path) -> RSAPrivateKey:
    pem = _read(path, setting="WECHAT_PAY_KEY_FILE")
    try:
        key = load_pem_private_key(pem, password=None)
    except _UNREADABLE:
        raise BadSetting(f"WECHAT_PAY_KEY_FILE 指向的 {path} 不是私钥；应是 apiclient_key.pem（没有口令）。") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < KEY_BITS_MIN:
        raise BadSetting(f"WECHAT_PAY_KEY_FILE 指向的 {path} 不是 2048 位以上的 RSA 私钥。")
    return key


def _public_key(path: Path) -> RSAPublicKey:
    pem = _read(path, setting="WECHAT_PAY_PUBLIC_KEY_FILE")
    try:
        key = load_pem_public_key(pem)
    except _UNREADABLE:
        raise BadSetting(
            f"WECHAT_PAY_PUBLIC_KEY_FILE 指向的 {path} 不是公钥；应是商户平台下载的 pub_key.pem，不是证书或私钥。"
        ) from None
    if not isinstance(key, RSAPublicKey) or key.key_size < KEY_BITS_MIN:
        raise BadSetting(f"WECHAT_PAY_PUBLIC_KEY_FILE 指向的 {path} 不是 2048 位以上的 RSA 公钥。")
    return key


def _platform_certificate(path: Path) -> Certificate:
    pem = _read(path, setting="WECHAT_PAY_PLATFORM_CERT_FILES")
    try:
        return read_certificate(pem)
    except _UNREADABLE:
        raise BadSetting(f"WECHAT_PAY_PLATFORM_CERT_FILES 里的 {path} 不是 RSA 证书；应是微信支付平台证书。") from None


def _read(path: Path, *, setting: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadSetting(f"{setting} 指向的文件 {path} 读不到（{error.strerror}）。") from None

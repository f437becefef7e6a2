"""The keys of one simulated merchant, made once and kept in a folder that belongs to its owner alone."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

CERT_YEARS = 5
ALNUM = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PRIVATE_FILES = {"merchant": "merchant_key.pem", "platform": "platform_key.pem", "cert": "platform_cert_key.pem"}
MERCHANT_CERT, PLATFORM_CERT, PUBLIC_KEY = "merchant_cert.pem", "platform_cert.pem", "platform_public_key.pem"


@dataclass(frozen=True, kw_only=True)
class App:
    """A mini-program or an official account that is bound to the merchant."""

    app_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Everything secret on both sides. Of the merchant's key WeChat itself uses the public half only."""

    mchid: str
    payee: str
    merchant_key: RSAPrivateKey = field(repr=False)
    merchant_cert: x509.Certificate = field(repr=False)
    platform_key: RSAPrivateKey = field(repr=False)
    public_key_id: str
    cert_key: RSAPrivateKey = field(repr=False)
    cert: x509.Certificate = field(repr=False)
    apiv3_key: str = field(repr=False)
    mini: App
    official: App
    salt: str = field(repr=False)

    @property
    def merchant_serial(self) -> str:
        """The serial of the merchant's API certificate, as the merchant names it in `Authorization`."""
        return serial_of(self.merchant_cert)

    @property
    def cert_serial(self) -> str:
        """The serial of the platform certificate, as WeChat names it in `Wechatpay-Serial`."""
        return serial_of(self.cert)

    @property
    def apps(self) -> dict[str, App]:
        """The apps by their id."""
        return {app.app_id: app for app in (self.mini, self.official)}


def serial_of(cert: x509.Certificate) -> str:
    """Return a serial as WeChat writes it: forty hexadecimal digits, leading zeros kept."""
    return f"{cert.serial_number:040X}"


def random_text(length: int, alphabet: str = ALNUM) -> str:
    """Return a text that nobody can guess."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


def make_keys(*, now: datetime | None = None, payee: str = "幸福家园模拟慈善会") -> Keys:
    """Make the keys of a new merchant."""
    now = now or datetime.now(UTC)
    merchant_key, platform_key, cert_key = (rsa.generate_private_key(65537, 2048) for _ in range(3))
    mchid = "19" + random_text(8, "0123456789")
    return Keys(
        mchid=mchid,
        payee=payee,
        merchant_key=merchant_key,
        merchant_cert=_certificate(merchant_key, name=mchid, now=now),
        platform_key=platform_key,
        public_key_id="PUB_KEY_ID_01" + mchid + random_text(22, "0123456789"),
        cert_key=cert_key,
        cert=_certificate(cert_key, name="Tenpay.com sign", now=now),
        apiv3_key=random_text(32),
        mini=App(app_id="wx" + random_text(16, "0123456789abcdef"), secret=random_text(32, "0123456789abcdef")),
        official=App(app_id="wx" + random_text(16, "0123456789abcdef"), secret=random_text(32, "0123456789abcdef")),
        salt=random_text(32),
    )


def _certificate(key: RSAPrivateKey, *, name: str, now: datetime) -> x509.Certificate:
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Simulated Tenpay.com Root CA (no real trust)")])
    building = x509.CertificateBuilder().subject_name(called).issuer_name(issuer).public_key(key.public_key())
    building = building.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
    return building.not_valid_after(now + timedelta(days=365 * CERT_YEARS)).sign(key, hashes.SHA256())


def keep_keys(folder: Path) -> Keys:
    """Return the keys kept in `folder`; the first time they are made and written there."""
    if not (folder / "secrets.json").exists():
        write_keys(folder, make_keys())
    return _read(folder)


def write_keys(folder: Path, keys: Keys) -> None:
    """Write the keys of a merchant into a folder of its owner alone."""
    folder.mkdir(parents=True, exist_ok=True)
    private = {"merchant": keys.merchant_key, "platform": keys.platform_key, "cert": keys.cert_key}
    for name, key in private.items():
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_private(folder / PRIVATE_FILES[name], pem)
    public = keys.platform_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / PUBLIC_KEY).write_bytes(public)
    (folder / MERCHANT_CERT).write_bytes(keys.merchant_cert.public_bytes(Encoding.PEM))
    (folder / PLATFORM_CERT).write_bytes(keys.cert.public_bytes(Encoding.PEM))
    told = {name: getattr(keys, name) for name in ("mchid", "payee", "public_key_id", "apiv3_key", "salt")}
    told |= {f"{name}_{part}": getattr(getattr(keys, name), part) for name in _APPS for part in ("app_id", "secret")}
    write_private(folder / "secrets.json", json.dumps(told, ensure_ascii=False, indent=1).encode())


_APPS = ("mini", "official")


def _read(folder: Path) -> Keys:
    told = json.loads((folder / "secrets.json").read_bytes())
    apps = {name: App(app_id=told.pop(f"{name}_app_id"), secret=told.pop(f"{name}_secret")) for name in _APPS}
    return Keys(
        merchant_key=_private(folder / PRIVATE_FILES["merchant"]),
        platform_key=_private(folder / PRIVATE_FILES["platform"]),
        cert_key=_private(folder / PRIVATE_FILES["cert"]),
        merchant_cert=x509.load_pem_x509_certificate((folder / MERCHANT_CERT).read_bytes()),
        cert=x509.load_pem_x509_certificate((folder / PLATFORM_CERT).read_bytes()),
        mini=apps["mini"],
        official=apps["official"],
        **told,
    )


def _private(path: Path) -> RSAPrivateKey:
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError(f"{path} is not an RSA key")
    return key


def write_private(path: Path, content: bytes) -> None:
    """Write a file that its owner alone may read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    draft.replace(path)

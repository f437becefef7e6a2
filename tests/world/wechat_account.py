"""A merchant account at WeChat Pay for tests: real keys on both sides, and WeChat's own hand that signs and seals."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from backend.core.config import Settings, load_settings
from backend.core.config_wechat import WechatPaySettings
from backend.core.ids import new_code
from backend.core.wire import Answer
from backend.payments.providers import OrderToPrepay
from backend.payments.signature import sign
from backend.payments.wechat.pay import WechatPay, wechat_pay
from tests.world.bookkeeping import local

NOW = local("2026-06-01 10:00")
MCHID, MINI_APP, OFFICIAL_APP = "1900000109", "wx0000000000000001", "wx0000000000000002"
APIV3_KEY = "an-apiv3-key-of-32-bytes-exactly"
PUBLIC_KEY_ID = "PUB_KEY_ID_0119000001092026060100"
MERCHANT_SERIAL = "0A1B2C3D4E5F60718293A4B5C6D7E8F901234567"
PLATFORM_SERIAL = "0C11D22E33F44A55B66C77D88E99FAA0BBCCDDEE"
BASE, SPARE = "http://pay.test", "http://pay2.test"
PLATFORM_DAYS = (local("2024-01-01 00:00"), local("2028-12-31 00:00"))

ORDER = OrderToPrepay(
    out_trade_no="D0000000000000000000001",
    description="捐赠：修屋顶",
    attach="wsad0001",
    amount_fen=50_00,
    expires_at=NOW + timedelta(minutes=30),
    return_url="/thanks",
    app_id=MINI_APP,
    payer_ref="oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
)


@lru_cache(maxsize=16)
def key_of(owner: str) -> RSAPrivateKey:
    """The private key of somebody; made once a session."""
    assert owner
    return generate_private_key(public_exponent=65537, key_size=2048)


def certificate_of(
    owner: str,
    serial: str,
    days: tuple[datetime, datetime] = PLATFORM_DAYS,
    *,
    key: CertificatePublicKeyTypes | None = None,
) -> bytes:
    """A certificate over somebody's key, or over another that is given, as PEM."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, owner)])
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key or key_of(owner).public_key())
    built = built.serial_number(int(serial, 16)).not_valid_before(days[0]).not_valid_after(days[1])
    return built.sign(key_of(owner), SHA256()).public_bytes(Encoding.PEM)


def private_pem(owner: str) -> bytes:
    """Somebody's private key as PEM."""
    return key_of(owner).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(owner: str) -> bytes:
    """Somebody's public key as PEM."""
    return key_of(owner).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def environment(folder: Path, *, modes: str = "both", **changed: str) -> dict[str, str]:
    """Write the files of the account; return the environment that names them. Modes: public, certificates, both."""
    files = {
        "apiclient_key.pem": private_pem("merchant"),
        "apiclient_cert.pem": certificate_of("merchant", MERCHANT_SERIAL),
        "pub_key.pem": public_pem("wechat"),
        "platform.pem": certificate_of("platform", PLATFORM_SERIAL),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "apiclient_key.pem").chmod(0o600)
    told = {
        "PAYMENT_PROVIDER": "wechat",
        "WECHAT_PAY_MCHID": MCHID,
        "WECHAT_PAY_SERIAL": MERCHANT_SERIAL,
        "WECHAT_PAY_KEY_FILE": str(folder / "apiclient_key.pem"),
        "WECHAT_PAY_APIV3_KEY": APIV3_KEY,
        "WECHAT_PAY_URL": BASE,
        "WECHAT_PAY_SPARE_URL": SPARE,
        "WECHAT_MINI_APPID": MINI_APP,
        "WECHAT_MINI_SECRET": "a-secret",
        "WECHAT_OFFICIAL_APPID": OFFICIAL_APP,
        "WECHAT_OFFICIAL_SECRET": "a-secret",
    }
    if modes != "certificates":
        told |= {"WECHAT_PAY_PUBLIC_KEY_ID": PUBLIC_KEY_ID, "WECHAT_PAY_PUBLIC_KEY_FILE": str(folder / "pub_key.pem")}
    if modes != "public":
        told["WECHAT_PAY_PLATFORM_CERT_FILES"] = str(folder / "platform.pem")
    return told | changed


def account_settings(folder: Path, *, modes: str = "both", house: Settings | None = None, **changed: str) -> Settings:
    """Return settings with the account; `house` keeps its database and everything else."""
    told = {"APP_ENV": "test", "SECRET_KEY": "s" * 40, "DATA_DIR": str(folder), "PUBLIC_URL": "https://home.test"}
    made = load_settings(told | environment(folder / "wechat", modes=modes, **changed), house=folder)
    if house is None:
        return made
    return replace(house, payment_provider="wechat", wechat=made.wechat, public_url=made.public_url)


def pay_settings(settings: Settings) -> WechatPaySettings:
    """The merchant account of the settings."""
    assert settings.wechat.pay is not None
    return settings.wechat.pay


def signed_by_wechat(body: bytes, *, now: datetime = NOW, by: str = "wechat", serial: str = "") -> dict[str, str]:
    """The headers by which WeChat proves its word: by its public key's pair, or by its platform certificate's."""
    named = serial or (PUBLIC_KEY_ID if by == "wechat" else PLATFORM_SERIAL)
    stamp = int(now.timestamp())
    return sign(body, prefix="Wechatpay", serial=named, key=key_of(by), timestamp=stamp, nonce=new_code(32))


def sealed(plain: bytes, *, key: str = APIV3_KEY, beside: str = "transaction", **changed: Any) -> dict[str, Any]:
    """A resource as WeChat seals it."""
    nonce = new_code(12)
    ciphertext = AESGCM(key.encode()).encrypt(nonce.encode(), plain, beside.encode())
    told = {"algorithm": "AEAD_AES_256_GCM", "ciphertext": base64.b64encode(ciphertext).decode(), "nonce": nonce}
    return told | {"associated_data": beside, "original_type": beside} | changed


def transaction(**changed: Any) -> dict[str, Any]:
    """A payment as WeChat tells it: the shape of a notice and of a query."""
    told = {
        "appid": MINI_APP,
        "mchid": MCHID,
        "out_trade_no": "D0000000000000000000001",
        "transaction_id": "4200000000202606010000000001",
        "trade_type": "JSAPI",
        "trade_state": "SUCCESS",
        "trade_state_desc": "支付成功",
        "bank_type": "CMC_DEBIT",
        "attach": "wsad0001",
        "success_time": "2026-06-01T10:00:00+08:00",
        "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
        "amount": {"total": 5000, "payer_total": 5000, "currency": "CNY", "payer_currency": "CNY"},
    }
    return told | changed


def refund_word(*, state_field: str = "status", **changed: Any) -> dict[str, Any]:
    """A refund as WeChat tells it; a notice names its state otherwise than an answer."""
    told = {
        "refund_id": "50000000382026060100000000001",
        "out_refund_no": "R0000000000000000000001",
        "transaction_id": "4200000000202606010000000001",
        "out_trade_no": "D0000000000000000000001",
        "channel": "ORIGINAL",
        "user_received_account": "招商银行储蓄卡0403",
        "success_time": "2026-06-01T10:05:00+08:00",
        "create_time": "2026-06-01T10:01:00+08:00",
        "amount": {"total": 5000, "refund": 2000, "payer_total": 5000, "payer_refund": 2000, "currency": "CNY"},
        state_field: "SUCCESS",
    }
    return told | changed


def notice_body(told: Mapping[str, Any], *, event: str = "TRANSACTION.SUCCESS", **changed: Any) -> bytes:
    """A notice around a sealed word."""
    resource = sealed(json.dumps(told, ensure_ascii=False).encode(), beside=event.split(".", 1)[0].lower())
    outside = {
        "id": f"EV-{new_code(24)}",
        "create_time": "2026-06-01T10:00:00+08:00",
        "event_type": event,
        "resource_type": "encrypt-resource",
        "summary": "支付成功",
        "resource": resource,
    }
    return json.dumps(outside | changed, ensure_ascii=False).encode()


def signed_answer(told: Any, *, status: int = 200, now: datetime = NOW, by: str = "wechat") -> Answer:
    """WeChat's answer, signed; without content when `told` is None."""
    body = b"" if told is None else json.dumps(told, ensure_ascii=False).encode()
    return Answer(status=status, headers=signed_by_wechat(body, now=now, by=by) | {"Request-ID": "08F-1"}, body=body)


def unsigned_answer(told: Any, *, status: int = 400) -> Answer:
    """An answer that nobody signed, as WeChat's refusals sometimes are."""
    body = told if isinstance(told, bytes) else json.dumps(told, ensure_ascii=False).encode()
    return Answer(status=status, headers={}, body=body)


def refusal(code: str, *, status: int = 400) -> Answer:
    """A signed refusal."""
    return signed_answer({"code": code, "message": "不行", "detail": {"field": "x"}}, status=status)


def promise_of(content: bytes, url: str = f"{BASE}/v3/billdownload/file?token=t-1&tartype=gzip") -> dict[str, str]:
    """The promise of a bill."""
    hashed = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    return {"hash_type": "SHA1", "hash_value": hashed, "download_url": url}


@dataclass
class ScriptedWire:
    """The way to WeChat with the answers written down beforehand; it remembers what was asked."""

    answers: list[Answer | Exception] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send."""
        return self._next("POST", url, headers, body)

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask."""
        return self._next("GET", url, headers or {}, b"")

    def _next(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self.asked.append((method, url, dict(headers), body))
        assert self.answers, "a call that nobody expected"
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def provider(folder: Path, *answers: Answer | Exception, modes: str = "both") -> tuple[WechatPay, ScriptedWire]:
    """WeChat Pay as our house sees it, with the next answers of WeChat."""
    wire = ScriptedWire(list(answers))
    return wechat_pay(account_settings(folder, modes=modes), wire=wire), wire


def soon(**delta: int) -> datetime:
    """A while after ten o'clock."""
    return NOW + timedelta(**delta)

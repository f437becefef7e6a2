"""Keys that cannot be confused: each file is what its setting says, or the start ends with one sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as make_curve_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from backend.core.config import BadSetting, Settings
from backend.core.wire import WireBroken, WireUnreached
from backend.payments.signature import ResourceUnreadable
from backend.payments.wechat.caller import NoAnswer
from backend.payments.wechat.certificates import fetch_certificates
from backend.payments.wechat.keys import load_keys
from backend.payments.wechat.pay import wechat_pay
from backend.payments.wechat.self_check import Finding, ask_wechat, self_check
from tests.world.bookkeeping import local
from tests.world.wechat_account import (
    APIV3_KEY,
    BASE,
    MERCHANT_SERIAL,
    NOW,
    PLATFORM_SERIAL,
    PUBLIC_KEY_ID,
    account_settings,
    certificate_of,
    key_of,
    pay_settings,
    private_pem,
    provider,
    public_pem,
    refusal,
    sealed,
    signed_answer,
    signed_by_wechat,
    soon,
    unsigned_answer,
)

curve = make_curve_key(SECP256R1())
CURVE_PRIVATE = curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
CURVE_PUBLIC = curve.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
short = generate_private_key(public_exponent=65537, key_size=1024)
SHORT = short.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
LOCKED = key_of("merchant").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
OTHER_SERIAL = "1D22E33F44A55B66C77D88E99FAA0BBCCDDEEFF0"

WRONG = [
    ("apiclient_key.pem", b"", "不是私钥", "an empty file"),
    ("apiclient_key.pem", public_pem("merchant"), "不是私钥", "a public key for a private one"),
    ("apiclient_key.pem", LOCKED, "没有口令", "a private key under a password"),
    ("apiclient_key.pem", CURVE_PRIVATE, "RSA", "another kind of key"),
    ("apiclient_key.pem", SHORT, "2048", "a short key"),
    ("pub_key.pem", certificate_of("wechat", OTHER_SERIAL), "不是公钥", "a certificate for a public key"),
    ("pub_key.pem", private_pem("wechat"), "不是公钥", "a private key for a public one"),
    ("pub_key.pem", CURVE_PUBLIC, "RSA", "another kind of public key"),
    ("pub_key.pem", public_pem("merchant"), "商户自己的公钥", "our own key for WeChat's"),
    ("platform.pem", public_pem("platform"), "不是 RSA 证书", "a public key for a certificate"),
    ("platform.pem", certificate_of("x", OTHER_SERIAL, key=curve.public_key()), "不是 RSA 证书", "another certificate"),
    ("platform.pem", certificate_of("merchant", OTHER_SERIAL), "商户自己的证书", "our own certificate for WeChat's"),
    ("platform.pem", certificate_of("platform", MERCHANT_SERIAL), "商户自己的证书", "our own serial"),
]


@pytest.mark.parametrize(("name", "content", "sentence", "reason"), WRONG, ids=[row[3] for row in WRONG])
def test_a_file_that_is_not_what_its_setting_says_ends_the_start(
    tmp_path: Path, name: str, content: bytes, sentence: str, reason: str
) -> None:
    assert reason
    settings = account_settings(tmp_path)
    (tmp_path / "wechat" / name).write_bytes(content)
    with pytest.raises(BadSetting, match=sentence):
        wechat_pay(settings)
    assert [finding.level for finding in self_check(settings, now=NOW)] == ["bad"]


@pytest.mark.parametrize("name", ["apiclient_key.pem", "pub_key.pem", "platform.pem"])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    settings = account_settings(tmp_path)
    (tmp_path / "wechat" / name).unlink()
    with pytest.raises(BadSetting, match=name):
        wechat_pay(settings)


def test_without_a_merchant_account_there_is_no_wechat_pay(tmp_path: Path) -> None:
    settings = account_settings(tmp_path)
    without = replace(settings, wechat=replace(settings.wechat, pay=None))
    with pytest.raises(BadSetting):
        wechat_pay(without)
    assert [finding.level for finding in self_check(without, now=NOW)] == ["ok"]


def test_answers_are_asked_for_under_the_certificate_that_lasts_longest(tmp_path: Path) -> None:
    later = tmp_path / "later.pem"
    later.write_bytes(certificate_of("platform2", OTHER_SERIAL, (local("2026-12-01 00:00"), local("2031-12-01 00:00"))))
    both = f"{tmp_path / 'wechat' / 'platform.pem'}:{later}"
    settings = account_settings(tmp_path, modes="certificates", WECHAT_PAY_PLATFORM_CERT_FILES=both)
    keys = load_keys(pay_settings(settings))
    assert keys.answering(now=NOW)[0] == PLATFORM_SERIAL
    assert keys.answering(now=local("2027-01-01 00:00"))[0] == OTHER_SERIAL
    assert keys.answering(now=local("2040-01-01 00:00"))[0] == OTHER_SERIAL
    assert sorted(keys.ring.keys) == sorted([PLATFORM_SERIAL.lstrip("0"), OTHER_SERIAL])


def test_with_the_public_key_answers_are_asked_for_under_it(tmp_path: Path) -> None:
    assert load_keys(pay_settings(account_settings(tmp_path))).answering(now=NOW)[0] == PUBLIC_KEY_ID


def levels(findings: list[Finding]) -> list[str]:
    return [finding.level for finding in findings]


def test_an_account_in_order_says_so(tmp_path: Path) -> None:
    found = self_check(account_settings(tmp_path), now=NOW)
    assert levels(found) == ["ok"] * 5
    assert "2028-12-3" in " ".join(finding.text for finding in found)


def is_open_to_all(settings: Settings) -> Settings:
    pay_settings(settings).merchant_key_file.chmod(0o644)
    return settings


def has_no_certificate_beside(settings: Settings) -> Settings:
    pay_settings(settings).merchant_key_file.with_name("apiclient_cert.pem").unlink()
    return settings


def has_beside(content: bytes) -> Callable[[Settings], Settings]:
    def changed(settings: Settings) -> Settings:
        pay_settings(settings).merchant_key_file.with_name("apiclient_cert.pem").write_bytes(content)
        return settings

    return changed


def told_at(url: str) -> Callable[[Settings], Settings]:
    return lambda settings: replace(settings, public_url=url)


WATCHED: list[tuple[Callable[[Settings], Settings], str, str]] = [
    (is_open_to_all, "warn", "chmod 600"),
    (has_no_certificate_beside, "", ""),
    (has_beside(b"no certificate"), "warn", "没有核对"),
    (has_beside(certificate_of("another", MERCHANT_SERIAL)), "bad", "不是一对"),
    (has_beside(certificate_of("merchant", OTHER_SERIAL)), "bad", "不一致"),
    (told_at("http://home.test"), "warn", "https"),
    (told_at("https://home.test/" + "a" * 250), "bad", "255"),
]


@pytest.mark.parametrize(("change", "level", "sentence"), WATCHED)
def test_what_is_not_in_order_is_named(
    tmp_path: Path, change: Callable[[Settings], Settings], level: str, sentence: str
) -> None:
    found = self_check(change(account_settings(tmp_path)), now=NOW)
    odd = [finding for finding in found if finding.level != "ok"]
    assert levels(odd) == ([level] if level else [])
    assert all(sentence in finding.text for finding in odd)


@pytest.mark.parametrize(
    ("day", "level", "sentence"),
    [("2023-12-01 00:00", "bad", "才生效"), ("2028-12-10 00:00", "warn", "将于"), ("2029-01-02 00:00", "bad", "过期")],
)
def test_a_certificate_s_days_are_watched(tmp_path: Path, day: str, level: str, sentence: str) -> None:
    found = self_check(account_settings(tmp_path, modes="certificates"), now=local(day))
    theirs = [finding for finding in found if "微信支付平台证书" in finding.text and "没有" not in finding.text]
    assert levels(theirs) == [level]
    assert sentence in theirs[0].text
    assert any("收不了款" in finding.text for finding in found) == (level == "bad")


ASKED = [
    (refusal("ORDER_NOT_EXIST", status=404), "ok", "认得"),
    (unsigned_answer({"code": "SIGN_ERROR"}, status=401), "bad", "不认"),
    (refusal("NO_AUTH", status=403), "bad", "NO_AUTH"),
    (signed_answer({"code": "ORDER_NOT_EXIST"}, status=404, now=soon(minutes=6)), "bad", "校准"),
    (unsigned_answer({}, status=200), "bad", "验签"),
    (WireBroken("ReadTimeout"), "bad", "网络"),
    (unsigned_answer(b"<html>", status=404), "bad", "看不懂"),
]


@pytest.mark.parametrize(("answer", "level", "sentence"), ASKED, ids=[row[2] for row in ASKED])
def test_wechat_itself_is_asked_whether_it_knows_us(tmp_path: Path, answer: object, level: str, sentence: str) -> None:
    wechat, _ = provider(tmp_path, answer)  # type: ignore[arg-type]  # an answer, or what is raised for one.
    found = ask_wechat(wechat.caller, now=NOW)
    assert found.level == level
    assert sentence in found.text


def test_when_nobody_is_reached_the_network_is_named(tmp_path: Path) -> None:
    wechat, _ = provider(tmp_path, WireUnreached("ConnectError"), WireUnreached("ConnectError"))
    assert "连不上" in ask_wechat(wechat.caller, now=NOW).text


NEW = certificate_of("platform2", OTHER_SERIAL)


def listed(*pems: bytes, key: str = "") -> dict[str, object]:
    seals = [sealed(pem, beside="certificate", key=key or APIV3_KEY) for pem in pems]
    return {"data": [{"serial_no": "x", "encrypt_certificate": seal} for seal in seals]}


def test_new_certificates_are_fetched_and_may_sign_for_themselves(tmp_path: Path) -> None:
    answer = signed_answer(listed(NEW))
    by_new = replace(answer, headers=signed_by_wechat(answer.body, by="platform2", serial=OTHER_SERIAL))
    wechat, wire = provider(tmp_path, answer, by_new, modes="both")
    for _ in range(2):
        fetched = fetch_certificates(wechat.caller, now=NOW)
        assert [(one.certificate.serial, one.pem) for one in fetched] == [(OTHER_SERIAL, NEW)]
    assert wire.asked[0][1] == f"{BASE}/v3/certificates"


NOT_FETCHED = [
    (unsigned_answer(listed(NEW), status=200), "unsigned"),
    (signed_answer({"data": [1]}), "shape"),
    (signed_answer({}), "shape"),
    (signed_answer(listed(b"no certificate")), "shape"),
    (refusal("RESOURCE_NOT_EXISTS", status=404), "none"),
    (refusal("NO_AUTH", status=403), "shape"),
]


@pytest.mark.parametrize(("answer", "reason"), NOT_FETCHED)
def test_what_is_not_wechat_s_list_of_certificates_is_not_taken(tmp_path: Path, answer: object, reason: str) -> None:
    wechat, _ = provider(tmp_path, answer)  # type: ignore[arg-type]  # an answer of each kind.
    with pytest.raises(NoAnswer, match=reason):
        fetch_certificates(wechat.caller, now=NOW)


def test_certificates_that_do_not_open_say_that_our_key_is_wrong(tmp_path: Path) -> None:
    wechat, _ = provider(tmp_path, signed_answer(listed(NEW, key="y" * 32)))
    with pytest.raises(ResourceUnreadable):
        fetch_certificates(wechat.caller, now=NOW)

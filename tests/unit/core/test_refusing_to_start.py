"""An installation that could not take money says so when it starts, not when the first giver pays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from miniapp_api.app import create_app_or_explain, refuse_unfit

from backend.core.config import BadSetting, load_settings


@pytest.fixture
def given(tmp_path: Path) -> dict[str, str]:
    """The settings of a merchant account whose keys lie where they should."""
    ours, theirs = (generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    own = tmp_path / "apiclient_key.pem"
    own.write_bytes(ours.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    own.chmod(0o600)
    public = tmp_path / "wechat.pem"
    public.write_bytes(theirs.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return {
        "APP_ENV": "test",
        "SECRET_KEY": "k" * 40,
        "DATA_DIR": str(tmp_path / "data"),
        "PAYMENT_PROVIDER": "wechat",
        "WECHAT_PAY_MCHID": "1900000001",
        "WECHAT_PAY_SERIAL": "7" * 40,
        "WECHAT_PAY_KEY_FILE": str(own),
        "WECHAT_PAY_APIV3_KEY": "a" * 32,
        "WECHAT_PAY_PUBLIC_KEY_ID": "PUB_KEY_ID_0123456789",
        "WECHAT_PAY_PUBLIC_KEY_FILE": str(public),
        "WECHAT_OFFICIAL_APPID": "wx0123456789abcdef",
        "WECHAT_OFFICIAL_SECRET": "s" * 32,
    }


def test_keys_that_fit_let_it_start(given: dict[str, str], tmp_path: Path) -> None:
    refuse_unfit(load_settings(given, house=tmp_path))


def test_a_key_that_is_not_there_is_named(given: dict[str, str], tmp_path: Path) -> None:
    settings = load_settings(given | {"WECHAT_PAY_KEY_FILE": str(tmp_path / "lost.pem")}, house=tmp_path)
    with pytest.raises(BadSetting, match=r"lost\.pem"):
        refuse_unfit(settings)


def test_our_own_key_never_verifies_wechat_s_words(given: dict[str, str], tmp_path: Path) -> None:
    settings = load_settings(given | {"WECHAT_PAY_PUBLIC_KEY_FILE": given["WECHAT_PAY_KEY_FILE"]}, house=tmp_path)
    with pytest.raises(BadSetting):
        refuse_unfit(settings)


def test_without_wechat_nothing_is_asked_of_it(given: dict[str, str], tmp_path: Path) -> None:
    settings = load_settings({**given, "PAYMENT_PROVIDER": "sandbox"}, house=tmp_path)
    refuse_unfit(replace(settings, host="127.0.0.1"))


def test_the_process_ends_with_one_sentence(
    given: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (given | {"WECHAT_PAY_KEY_FILE": str(tmp_path / "lost.pem")}).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        create_app_or_explain()
    assert ended.value.code == 2
    assert "lost.pem" in capsys.readouterr().err

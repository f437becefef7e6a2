"""When the provider is asked and when a message is sent again: pure arithmetic of schedules; keys and links too."""

from __future__ import annotations

import os
import stat
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from backend.core.config import BadSetting, load_settings
from backend.outbox.rules import next_attempt
from backend.payments import keys
from backend.payments.asking import next_ask
from backend.payments.sandbox import SandboxProvider

TEN = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
END = TEN + timedelta(minutes=30)


def test_an_order_is_asked_about_soon_then_seldom_then_once_more_after_its_end() -> None:
    asked, now = [], TEN + timedelta(seconds=10)
    for _ in range(8):
        asked.append(int((now - TEN).total_seconds()))
        now = next_ask(created_at=TEN, expires_at=END, now=now)
    assert asked == [10, 30, 60, 180, 600, 1200, 1800, 2400]


def test_an_order_of_a_long_life_is_asked_about_hourly() -> None:
    end = TEN + timedelta(hours=5)
    now = TEN + timedelta(hours=2)
    assert next_ask(created_at=TEN, expires_at=end, now=now) == TEN + timedelta(hours=2, minutes=30)


def test_without_a_last_word_the_question_is_asked_every_hour() -> None:
    now = END + timedelta(minutes=10)
    assert next_ask(created_at=TEN, expires_at=END, now=now) == now + timedelta(hours=1)


def test_a_message_is_sent_again_ever_later_and_given_up_after_a_day() -> None:
    now, pauses = TEN, [0]
    while (later := next_attempt(owed_since=TEN, attempts=len(pauses), now=now, chance=0.5)) is not None:
        pauses.append(int((later - now).total_seconds()))
        now = later
    assert pauses[1:8] == [1, 5, 15, 30, 180, 600, 1200]
    assert now - TEN <= timedelta(hours=24)
    assert later is None


def test_processes_that_make_the_sandbox_key_at_once_agree_on_one(tmp_path: Path) -> None:
    found: list[str] = []

    def makes() -> None:
        keys._make(tmp_path / "sandbox_key.pem")
        found.append((tmp_path / "sandbox_key.pem").read_text())

    threads = [threading.Thread(target=makes) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert stat.S_IMODE(os.stat(tmp_path / "sandbox_key.pem").st_mode) == 0o600
    assert os.listdir(tmp_path) == ["sandbox_key.pem"]
    assert keys.sandbox_key(tmp_path).key_size == 2048


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "sandbox_key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(TypeError, match="no RSA key"):
        keys.sandbox_key(tmp_path)


PRODUCTION = {
    "APP_ENV": "production",
    "SECRET_KEY": "s" * 40,
    "VAULT_KEYS": f"k1:{'QUJD' * 10}QUI=",
    "PUBLIC_URL": "https://example.org",
    "DATA_DIR": "/tmp/none",
}


def test_the_sandbox_is_refused_in_production() -> None:
    with pytest.raises(BadSetting, match="沙箱"):
        load_settings(PRODUCTION | {"PAYMENT_PROVIDER": "sandbox"})
    with pytest.raises(BadSetting, match="PAYMENT_PROVIDER"):
        load_settings({"PAYMENT_PROVIDER": "bank", "DATA_DIR": "/tmp/none", "SECRET_KEY": "s" * 40})
    settings = load_settings(PRODUCTION)
    assert settings.payment_provider == "none"
    with pytest.raises(BadSetting, match="沙箱"):
        SandboxProvider(settings)
    with pytest.raises(BadSetting, match="沙箱"):
        SandboxProvider(replace(settings, payment_provider="sandbox"))


def test_a_machine_reaches_its_own_server_without_the_proxy() -> None:
    here = {"DATA_DIR": "/tmp/none", "SECRET_KEY": "s" * 40, "PORT": "81"}
    assert load_settings(here | {"HOST": "0.0.0.0"}).own_url == "http://127.0.0.1:81"
    assert load_settings(here | {"HOST": "::"}).own_url == "http://127.0.0.1:81"
    assert load_settings(here | {"HOST": "::1"}).own_url == "http://[::1]:81"

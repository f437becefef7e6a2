"""Settings are checked before anything starts, and each wrong one is one sentence that names it."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from backend.core.config import HOUSE, BadSetting, load_settings

PRODUCTION = {"APP_ENV": "production", "SECRET_KEY": "k" * 40, "PUBLIC_URL": "https://example.org"}
PRODUCTION["VAULT_KEYS"] = f"k1:{'QUJD' * 10}QUI="


def test_the_default_is_one_laptop_bound_to_loopback(tmp_path: Path) -> None:
    settings = load_settings({}, house=tmp_path)

    assert (settings.host, settings.port, settings.app_env) == ("127.0.0.1", 8000, "development")
    assert settings.database_url == f"sqlite:///{tmp_path}/var/happy-home.sqlite3"
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.demo
    assert not settings.has_secure_cookies


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=9000\nHOST=0.0.0.0\n", encoding="utf-8")

    settings = load_settings({"PORT": "9001"}, house=tmp_path)
    assert (settings.port, settings.host) == (9001, "0.0.0.0")
    assert settings.public_url == "http://127.0.0.1:9001"


def test_the_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first, second = load_settings({}, house=tmp_path), load_settings({}, house=tmp_path)

    assert first.secret_key == second.secret_key
    assert len(first.secret_key) >= 32
    assert stat.S_IMODE((tmp_path / "var/secret_key").stat().st_mode) == 0o600


def test_production_is_https_with_a_secret_of_its_own_and_without_a_demo(tmp_path: Path) -> None:
    settings = load_settings(PRODUCTION, house=tmp_path)

    assert settings.is_production
    assert settings.has_secure_cookies
    assert not settings.demo


def test_a_postgresql_address_is_taken_as_hosts_give_it(tmp_path: Path) -> None:
    settings = load_settings({"DATABASE_URL": "postgres://u@h/d"}, house=tmp_path)
    assert settings.database_url == "postgresql+psycopg://u@h/d"


WRONG = [
    ({"APP_ENV": "prod"}, "APP_ENV", "a misspelt environment"),
    ({"PORT": "0"}, "PORT", "port zero"),
    ({"PORT": "80a"}, "PORT", "not a number"),
    ({"PORT": "70000"}, "PORT", "above the range"),
    ({"PUBLIC_URL": "example.org"}, "PUBLIC_URL", "no scheme"),
    ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL", "another database"),
    ({"SECRET_KEY": "short"}, "SECRET_KEY", "a short secret"),
    ({"DEMO": "yes"}, "DEMO", "neither 0 nor 1"),
    (PRODUCTION | {"SECRET_KEY": ""}, "SECRET_KEY", "production without a secret"),
    (PRODUCTION | {"PUBLIC_URL": "http://example.org"}, "PUBLIC_URL", "production without https"),
    (PRODUCTION | {"DEMO": "1"}, "DEMO", "a demo story where real money moves"),
]


@pytest.mark.parametrize(("given", "named", "reason"), WRONG, ids=[row[2] for row in WRONG])
def test_a_wrong_setting_is_named(tmp_path: Path, given: dict[str, str], named: str, reason: str) -> None:
    with pytest.raises(BadSetting) as refused:
        load_settings(given, house=tmp_path)
    assert named in str(refused.value), reason


def test_a_data_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="ascii")
    with pytest.raises(BadSetting, match="DATA_DIR"):
        load_settings({"DATA_DIR": str(tmp_path / "file")}, house=tmp_path)


def test_a_secret_file_cut_short_is_named(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var/secret_key").write_text("x", encoding="ascii")
    with pytest.raises(BadSetting, match="secret_key"):
        load_settings({}, house=tmp_path)


def test_the_server_ends_with_one_sentence_when_a_setting_is_wrong() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "import wsgi"],
        cwd=HOUSE,
        env={"PORT": "none", "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert "PORT" in ended.stderr
    assert "Traceback" not in ended.stderr

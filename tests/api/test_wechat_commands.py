"""The operator fetches WeChat Pay's platform certificates, or is told why not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from miniapp_api.app import create_app

from backend.core import clock
from backend.core.config import Settings
from backend.core.wire import WireUnreached
from backend.payments.wechat.pay import wechat_pay
from tests.world.databases import dispose
from tests.world.wechat_account import (
    NOW,
    PLATFORM_SERIAL,
    ScriptedWire,
    account_settings,
    certificate_of,
    sealed,
    signed_answer,
)

PEM = certificate_of("platform", PLATFORM_SERIAL)


@pytest.fixture
def wire() -> ScriptedWire:
    """What WeChat answers."""
    return ScriptedWire()


@pytest.fixture
def house(settings: Settings, tmp_path: Path, wire: ScriptedWire, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """A house with a merchant account."""
    app = create_app(account_settings(tmp_path, house=settings))
    app.extensions["payment_provider"] = wechat_pay(app.config["SETTINGS"], wire=wire)
    monkeypatch.setattr(clock, "now", lambda: NOW)
    yield app
    dispose(app)


def test_the_certificates_are_written_where_the_operator_says(house: Flask, wire: ScriptedWire, tmp_path: Path) -> None:
    wire.answers = [signed_answer({"data": [{"encrypt_certificate": sealed(PEM, beside="certificate")}]})]
    folder = tmp_path / "new"
    said = house.test_cli_runner().invoke(args=["wechat-certificates", str(folder)])
    assert (said.exit_code, (folder / f"{PLATFORM_SERIAL}.pem").read_bytes()) == (0, PEM)
    assert "2028-12-3" in said.output
    assert "WECHAT_PAY_PLATFORM_CERT_FILES" in said.output


def test_why_none_were_fetched_is_told_in_a_sentence(house: Flask, wire: ScriptedWire, tmp_path: Path) -> None:
    wrong = sealed(PEM, beside="certificate", key="k" * 32)
    wire.answers = [signed_answer({"data": [{"encrypt_certificate": wrong}]}), WireUnreached("a"), WireUnreached("b")]
    for sentence in ("APIv3", "unreached"):
        said = house.test_cli_runner().invoke(args=["wechat-certificates", str(tmp_path / "new")])
        assert said.exit_code == 1
        assert sentence in said.output


def test_without_wechat_pay_there_is_nothing_to_fetch(app: Flask, tmp_path: Path) -> None:
    said = app.test_cli_runner().invoke(args=["wechat-certificates", str(tmp_path / "new")])
    assert (said.exit_code, "PAYMENT_PROVIDER=wechat" in said.output) == (1, True)

"""Before money comes, the operator is told what would hinder it: keys, clock, callbacks, templates, people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from dotenv import dotenv_values
from flask import Flask
from miniapp_api import commands_doctor
from miniapp_api.commands_doctor import callbacks, clock_skew
from sqlalchemy import update

from backend.core import clock
from backend.core.config import Settings
from backend.core.config_wechat import load_wechat
from backend.core.db import db, read_with_retries
from backend.core.wire import Answer, WireBroken
from backend.jobs import clock_guard
from backend.jobs.clock_guard import Beat
from backend.jobs.wechat_watch import watch_steps
from backend.payments.alerts import open_by_kind
from backend.regions.models import RegionsState
from tests.world.bookkeeping import Bookkeeping
from tests.world.giving import ClientWire
from tests.world.redis import redis_server
from tests.world.simulator import Simulator, simulator


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """One simulator for all these tests."""
    with simulator(tmp_path_factory.mktemp("wechat-sim")) as found:
        yield found


@pytest.fixture
def real(app: Flask, sim: Simulator) -> Flask:
    """An installation that takes money through the simulator, everything in order."""
    told = {name: value or "" for name, value in dotenv_values(sim.folder / "env").items()}
    wechat = load_wechat(told, payment_provider="wechat", app_env="test")
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], wechat=wechat, payment_provider="wechat")
    village, now = Bookkeeping(app), clock.now()
    village.writes(lambda: db.session.execute(update(RegionsState).values(unit_count=1)))
    village.writes(lambda: clock_guard.beat(Beat(host="h", worker="w", boot="b", steady_ms=1, now=now)))
    return app


def examined(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["doctor", *words])


def test_with_everything_in_order_only_what_is_outside_this_machine_is_missed(real: Flask) -> None:
    said = examined(real).output
    for good in (
        "认得我们的签名",
        "✓ APIv3 密钥打得开",
        "密钥可以使用",
        "定时进程在工作",
        "✓ 本机时钟与微信相差",
        "订阅消息模板",
    ):
        assert good in said
    assert [line[:20] for line in said.splitlines() if line.startswith("✗")] == [
        "✗ 从外面到不了通知地址 http://127."[:20]
    ]
    assert examined(real).exit_code == 1


def test_a_wrong_apiv3_key_is_named_before_the_first_payment_shows_it(real: Flask) -> None:
    here: Settings = real.config["SETTINGS"]
    assert here.wechat.pay is not None
    wrong = replace(here.wechat.pay, apiv3_key="x" * 32)
    real.config["SETTINGS"] = replace(here, wechat=replace(here.wechat, pay=wrong))
    said = examined(real)
    assert (said.exit_code, "✓ 微信支付认得我们的签名" in said.output) == (1, True)
    assert "✗ APIv3 密钥不对" in said.output
    assert "WECHAT_PAY_APIV3_KEY" in said.output
    assert "x" * 32 not in said.output


def test_where_wechat_seals_nothing_for_a_merchant_his_key_is_called_neither_right_nor_wrong(
    real: Flask, sim: Simulator
) -> None:
    sim.does("knobs", **{"keys.no_certificates": "1"})
    try:
        said = examined(real).output
    finally:
        sim.does("knobs", **{"keys.no_certificates": "0"})
    assert "！ APIv3 密钥未能核对：微信支付没有给这个商户平台证书" in said
    assert "✓ 微信支付认得我们的签名" in said


def test_certificates_that_cannot_be_had_tell_nothing_of_the_key(real: Flask, sim: Simulator) -> None:
    sim.does("knobs", **{"api.unsigned_200": "1"})
    try:
        said = examined(real).output
    finally:
        sim.does("knobs", **{"api.unsigned_200": "0"})
    assert "！ APIv3 密钥未能核对：没有取到平台证书（unsigned）" in said


def test_a_server_whose_clock_is_wrong_is_told_by_the_doctor_and_by_the_scheduler(real: Flask, sim: Simulator) -> None:
    (step,) = watch_steps(real.config["SETTINGS"])
    for skew, told in (("-361", {"CLOCK_SKEW": 1}), ("0", {})):
        sim.does("knobs", **{"clock.skew_seconds": skew})
        assert ("请校准（NTP）" in examined(real).output) == bool(told)
        with real.app_context():
            step.act(clock.now())
            assert read_with_retries(open_by_kind) == told


def test_a_callback_address_that_leads_here_is_told_from_one_that_leads_elsewhere(real: Flask) -> None:
    here: Settings = real.config["SETTINGS"]
    (good,) = callbacks(here, ClientWire(real))
    assert (good.level, "通到这里" in good.text) == ("ok", True)
    (bad,) = callbacks(here, Told(Answer(status=200, headers={}, body=b"<html>welcome to nginx")))
    assert (bad.level, "不是本系统（200）" in bad.text) == ("bad", True)


class Told:
    """A wire at whose end always the same is said, or nothing."""

    def __init__(self, answer: Answer | None) -> None:
        self.answer = answer

    def get(self, url: str, *, headers: object = None) -> Answer:
        """Ask."""
        if self.answer is None:
            raise WireBroken("refused")
        return self.answer

    def post(self, url: str, *, headers: object, body: bytes) -> Answer:
        """Send."""
        return self.get(url)


@pytest.mark.parametrize(
    ("ahead", "level"),
    [
        (timedelta(0), "ok"),
        (timedelta(minutes=2), "warn"),
        (timedelta(minutes=6), "bad"),
        (timedelta(minutes=-6), "bad"),
    ],
)
def test_a_clock_that_is_wrong_is_told_before_wechat_refuses_it(real: Flask, ahead: timedelta, level: str) -> None:
    there = (clock.now() - ahead).strftime("%a, %d %b %Y %H:%M:%S GMT")
    (found,) = clock_skew(real.config["SETTINGS"], Told(Answer(status=404, headers={"date": there}, body=b"")))
    assert found.level == level


@pytest.mark.parametrize("answer", [None, Answer(status=200, headers={}, body=b"")])
def test_a_time_that_nobody_tells_is_no_reason_to_stop(real: Flask, answer: Answer | None) -> None:
    (found,) = clock_skew(real.config["SETTINGS"], Told(answer))
    assert found.level == "warn"


def test_a_template_that_the_mini_program_does_not_have_is_named(real: Flask) -> None:
    here: Settings = real.config["SETTINGS"]
    wrong = {name: replace(one, template_id="N" * 43) for name, one in here.wechat.templates.items()}
    real.config["SETTINGS"] = replace(here, wechat=replace(here.wechat, templates=wrong))
    assert "不存在" in examined(real).output


def test_a_wrong_app_secret_is_named_by_its_app(real: Flask) -> None:
    here: Settings = real.config["SETTINGS"]
    assert here.wechat.mini is not None
    mini = replace(here.wechat.mini, secret="x" * 32)
    real.config["SETTINGS"] = replace(here, wechat=replace(here.wechat, mini=mini))
    assert f"✗ 应用 {mini.app_id} 取不到令牌" in examined(real).output


def test_without_wechat_only_the_house_is_looked_at(app: Flask) -> None:
    said = examined(app)
    assert "✗ 定时进程两分钟没有心跳" in said.output
    assert "还没有装入行政区划" in said.output
    assert "微信支付会通知" not in said.output
    assert said.exit_code == 1


def test_offline_nobody_is_called(real: Flask) -> None:
    said = examined(real, "--offline")
    assert (said.exit_code, "认得我们的签名" in said.output) == (0, False)
    assert "限流由每个进程自己计数" in said.output


def test_counters_in_redis_are_looked_at(real: Flask) -> None:
    here: Settings = real.config["SETTINGS"]
    with redis_server() as url:
        real.config["SETTINGS"] = replace(here, security=replace(here.security, limits_url=url))
        assert "限流在 Redis 里计数" in examined(real, "--offline").output
    assert "没有回答" in examined(real, "--offline").output


def test_what_cannot_even_be_looked_at_is_wrong_too(real: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks() -> None:
        raise ConnectionError("postgresql://user:password@host")

    monkeypatch.setattr(commands_doctor, "_staff", breaks)
    said = examined(real, "--offline")
    assert "没能检查" in said.output
    assert "password" not in said.output


def test_a_key_that_others_may_read_is_named(real: Flask, tmp_path: Path) -> None:
    here: Settings = real.config["SETTINGS"]
    key = here.data_dir / "secret_key"
    key.write_text("s" * 40)
    key.chmod(0o644)
    assert "别的用户也能读" in examined(real, "--offline").output

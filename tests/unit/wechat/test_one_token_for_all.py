"""The access token lies in the database: one process refreshes it for all, and a disowned one is replaced once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from backend.core.db import db, read_with_retries, write_with_retries
from backend.wechat import tokens
from backend.wechat.models import WechatToken
from backend.wechat.refusals import WechatMisconfigured, WechatNotSetUp, WechatRefused, WechatUnavailable
from tests.unit.wechat.conftest import NOON, Calls
from tests.world.weixin import MINI, Weixin, says

TOKEN, CHECK = "/cgi-bin/stable_token", "/wxa/msg_sec_check"
HOUSE = Path(__file__).resolve().parents[3]


def checks(calls: Calls, *, now: Any = NOON) -> Any:
    return calls.does("check_text", text="加油", openid="o-1", place=2, nickname=None, now=now)


def kept(app: Flask) -> tuple[str | None, int]:
    """The token in the database, and how often it was ended by force."""
    with app.app_context():
        row = read_with_retries(lambda: db.session.execute(select(WechatToken.token, WechatToken.forced_count)).one())
        return row.token, row.forced_count


def test_a_token_is_fetched_once_and_used_until_shortly_before_its_end(calls: Calls, world: Weixin) -> None:
    for minutes in (0, 1, 60, 115):
        assert checks(calls, now=NOON + timedelta(minutes=minutes)).passes
    assert world.count(TOKEN) == 1
    world.token += 1  # In its last five minutes WeChat lends the next one.
    checks(calls, now=NOON + timedelta(minutes=117))
    assert (world.count(TOKEN), world.last(CHECK).query["access_token"]) == (2, "token-2")
    asked = world.calls[0].body
    assert asked == {
        "grant_type": "client_credential",
        "appid": MINI,
        "secret": "mini-secret",
        "force_refresh": False,
    }


def test_while_wechat_repeats_the_old_token_it_is_not_asked_at_every_call(calls: Calls, world: Weixin) -> None:
    world.lays(TOKEN, {"access_token": "token-1", "expires_in": 200})
    for seconds in (0, 1, 59):
        checks(calls, now=NOON + timedelta(seconds=seconds))
    assert world.count(TOKEN) == 1
    checks(calls, now=NOON + timedelta(seconds=61))
    assert world.count(TOKEN) == 2


def test_eight_threads_refresh_once(calls: Calls, world: Weixin) -> None:
    world.slow_seconds = 0.2
    with ThreadPoolExecutor(8) as threads:
        assert all(verdict.passes for verdict in threads.map(lambda _: checks(calls), range(8)))
    assert world.count(TOKEN) == 1


def test_two_processes_refresh_once(calls: Calls, world: Weixin, app: Flask, tmp_path: Path) -> None:
    world.slow_seconds = 0.3
    settings = app.config["SETTINGS"]
    told = {"DATABASE_URL": settings.database_url, "DATA_DIR": str(tmp_path), "WECHAT_API_URL": world.url}
    told |= {"WECHAT_MINI_APPID": MINI, "WECHAT_MINI_SECRET": "mini-secret", "APP_ENV": "test"}
    told |= {"PYTHONPATH": f"{HOUSE}:{HOUSE / 'miniapp-api'}"}
    command = [sys.executable, "-m", "tests.world.token_asker"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    both = [subprocess.Popen(command, env=os.environ | told, cwd=HOUSE, **pipes) for _ in range(2)]
    for one in both:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in both:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    answers = [one.communicate(timeout=60)[0].split() for one in both]
    assert answers == [["token-1"] * 4] * 2
    assert world.count(TOKEN) == 1


def test_a_token_that_another_system_ended_is_fetched_once_and_the_call_tried_once(calls: Calls, world: Weixin) -> None:
    checks(calls)
    world.disowns()
    assert checks(calls).passes
    assert (world.count(TOKEN), world.count(CHECK)) == (2, 3)
    assert kept(calls.app) == ("token-2", 0)


def test_many_who_meet_the_same_ended_token_fetch_one_new_one(calls: Calls, world: Weixin) -> None:
    checks(calls)
    world.disowns()
    together = threading.Barrier(6)

    def meets(_number: int) -> bool:
        together.wait()
        return bool(checks(calls).passes)

    with ThreadPoolExecutor(6) as threads:
        assert all(threads.map(meets, range(6)))
    assert world.count(TOKEN) == 2


def test_a_token_that_wechat_repeats_and_disowns_is_ended_by_force(calls: Calls, world: Weixin) -> None:
    checks(calls)
    world.disowned.add("token-1")
    assert checks(calls).passes
    assert [call.body["force_refresh"] for call in world.calls if call.path == TOKEN] == [False, False, True]
    assert kept(calls.app) == ("token-2", 1)


def test_a_token_that_is_disowned_again_and_again_makes_no_storm(calls: Calls, world: Weixin) -> None:
    world.lays(CHECK, says(42001, "access_token expired"))
    for _ in range(10):
        with pytest.raises((WechatRefused, WechatUnavailable)):
            checks(calls)
    asked = world.count(TOKEN)
    for seconds in range(1, 29, 3):
        with pytest.raises((WechatRefused, WechatUnavailable)):
            checks(calls, now=NOON + timedelta(seconds=seconds))
    assert asked <= 3
    assert world.count(TOKEN) == asked


def test_force_is_used_at_most_twenty_times_a_day(calls: Calls, world: Weixin) -> None:
    world.lays(TOKEN, {"access_token": "token-1", "expires_in": 7200})
    world.disowned.add("token-1")
    for minutes in range(30):
        with pytest.raises((WechatRefused, WechatUnavailable)):
            checks(calls, now=NOON + timedelta(minutes=minutes))
    forced = [call for call in world.calls if call.body.get("force_refresh")]
    assert len(forced) == 20
    with pytest.raises(WechatRefused):
        checks(calls, now=NOON + timedelta(days=1))
    assert len([call for call in world.calls if call.body.get("force_refresh")]) == 21


@pytest.mark.parametrize(
    ("answer", "refusal", "reason"),
    [
        (502, WechatUnavailable, "a page of a proxy"),
        ("<html>", WechatUnavailable, "no JSON"),
        ({"access_token": "", "expires_in": 7200}, WechatUnavailable, "no token"),
        ({"access_token": "a", "expires_in": True}, WechatUnavailable, "no number of seconds"),
        ({"access_token": "a", "expires_in": 0}, WechatUnavailable, "over already"),
        ({"access_token": "a\nb", "expires_in": 7200}, WechatUnavailable, "not a token's characters"),
        (says(40125, "invalid appsecret"), WechatMisconfigured, "a wrong secret"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_after_a_failed_refresh_everybody_rests(
    calls: Calls, world: Weixin, answer: Any, refusal: type[Exception], reason: str
) -> None:
    world.lays(TOKEN, answer)
    with pytest.raises(refusal):
        checks(calls)
    for _ in range(5):
        with pytest.raises(WechatUnavailable):
            checks(calls, now=NOON + timedelta(seconds=4))
    assert world.count(TOKEN) == 1, reason
    world.lays(TOKEN)
    assert checks(calls, now=NOON + timedelta(seconds=6)).passes


def test_a_token_that_still_lives_is_used_while_a_new_one_cannot_be_had(calls: Calls, world: Weixin) -> None:
    checks(calls)
    world.lays(TOKEN, 502)
    late = NOON + timedelta(minutes=117)
    with pytest.raises(WechatUnavailable):
        checks(calls, now=late)
    assert checks(calls, now=late + timedelta(seconds=1)).passes


def test_who_dies_while_refreshing_holds_the_others_up_for_twenty_seconds(
    calls: Calls, world: Weixin, monkeypatch: pytest.MonkeyPatch
) -> None:
    with calls.app.app_context():
        dead = {"app_id": MINI, "kind": tokens.ACCESS_TOKEN, "forced_count": 0, "lease": "dead"}
        row = WechatToken(**dead, lease_until=NOON + tokens.LEASE)
        write_with_retries(lambda: db.session.add(row))
    monkeypatch.setattr(tokens, "WAIT_SECONDS", 0.2)
    with pytest.raises(WechatUnavailable):
        checks(calls)
    assert world.count(TOKEN) == 0
    assert checks(calls, now=NOON + tokens.LEASE).passes


def test_who_lost_the_lease_changes_nothing(calls: Calls, app: Flask) -> None:
    checks(calls)
    key = tokens._Key(app_id=MINI, kind=tokens.ACCESS_TOKEN)
    with app.app_context():
        write_with_retries(lambda: tokens._note(key, "another", token="stolen"))
        assert write_with_retries(lambda: tokens._take(key, now=NOON, spoiled=None)) is None
        missing = tokens._Key(app_id="none", kind=tokens.ACCESS_TOKEN)
        assert write_with_retries(lambda: tokens._may_force(missing, now=NOON)) is False
    assert kept(app) == ("token-1", 0)


def test_without_an_app_there_is_no_token(calls: Calls) -> None:
    calls.server = replace(calls.server, settings=replace(calls.server.settings, mini=None))
    with pytest.raises(WechatNotSetUp):
        checks(calls)


def test_no_call_is_made_inside_a_transaction(calls: Calls) -> None:
    with calls.app.app_context(), pytest.raises(RuntimeError):
        write_with_retries(lambda: calls.server.check_text("x", openid="o", place=2, nickname=None, now=NOON))

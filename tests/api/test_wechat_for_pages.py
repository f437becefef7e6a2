"""The H5 page and WeChat: only our own pages are signed, and only inside WeChat its script comes in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, Response
from miniapp_api.wechat_pages import let_sdk_in

from backend.core import clock
from tests.world.bookkeeping import VILLAGE, local
from tests.world.giving import Giving
from tests.world.weixin import OFFICIAL, Weixin, says, weixin, with_wechat

LINK, SCHEME = "/wxa/generate_urllink", "/wxa/generatescheme"
OWN = "http://127.0.0.1:8000"


@pytest.fixture
def world() -> Iterator[Weixin]:
    """A WeChat that makes addresses."""
    with weixin() as world:
        world.lays(LINK, says(0, url_link="https://wxaurl.cn/one"), says(0, url_link="https://wxaurl.cn/two"))
        yield world


@pytest.fixture
def village(app: Flask, world: Weixin, monkeypatch: pytest.MonkeyPatch) -> Giving:
    """The village on the first of June, both apps set up."""
    app.config["SETTINGS"] = with_wechat(app.config["SETTINGS"], world.url)
    village = Giving(app, clock=local("2026-06-01 10:00"))
    monkeypatch.setattr(clock, "now", lambda: village.clock)
    return village


def asks(village: Giving, path: str, **query: str) -> Any:
    return village.app.test_client().get(f"/api/v1/wechat/{path}", query_string=query)


def test_a_page_of_ours_is_signed(village: Giving, world: Weixin) -> None:
    url = f"{OWN}/project?code=P&via=x"
    told = asks(village, "js-config", url=url).json
    text = f"jsapi_ticket=ticket-1&noncestr={told['nonce']}&timestamp={told['timestamp']}&url={url}"
    assert told["signature"] == hashlib.sha1(text.encode()).hexdigest()
    assert (told["app_id"], told["script_url"]) == (OFFICIAL, "https://res.wx.qq.com/open/js/jweixin-1.6.0.js")
    assert asks(village, "js-config", url=url).json["nonce"] != told["nonce"]
    assert world.count("/cgi-bin/ticket/getticket") == 1


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://evil.example/project", "another host"),
        (f"{OWN}.evil.example/", "a host that begins like ours"),
        ("http://127.0.0.1:8001/", "another port"),
        ("https://127.0.0.1:8000/", "another scheme"),
        ("http://evil@127.0.0.1:8000/", "with a user"),
        (f"{OWN}/\n&url=https://evil.example", "a line of its own"),
        (f"{OWN}\\@evil.example/", "a backslash"),
        ("http://[::1", "no address"),
        (f"{OWN}/村", "not as a browser writes it"),
    ],
    ids=lambda value: value if " " in value else "",
)
def test_no_other_page_is_signed(village: Giving, world: Weixin, url: str, reason: str) -> None:
    answer = asks(village, "js-config", url=url)
    assert (answer.status_code, answer.json["code"]) == (422, "PAGE_FOREIGN"), reason
    assert world.calls == []


def test_without_an_official_account_nothing_is_signed(village: Giving, world: Weixin) -> None:
    village.app.config["SETTINGS"] = with_wechat(village.settings, world.url, official=None)
    answer = asks(village, "js-config", url=f"{OWN}/")
    assert (answer.status_code, answer.json["code"]) == (404, "WECHAT_NOT_SET_UP")


def test_a_developers_bridge_brings_its_own_script(village: Giving, world: Weixin) -> None:
    village.app.config["SETTINGS"] = with_wechat(village.settings, world.url, bridge_url=world.url)
    assert asks(village, "js-config", url=f"{OWN}/").json["script_url"] is None


def policy(village: Giving, agent: str) -> str:
    with village.app.test_request_context("/", headers={"User-Agent": agent}):
        page = Response("page")
        let_sdk_in(page)
        return page.headers.get("Content-Security-Policy", "")


def test_wechats_script_comes_in_only_inside_wechat_and_only_with_an_official_account(
    village: Giving, world: Weixin
) -> None:
    inside = "Mozilla/5.0 MicroMessenger/8.0.50"
    assert "script-src 'self' https://res.wx.qq.com;" in policy(village, inside)
    assert policy(village, "Mozilla/5.0 Chrome/156") == ""
    for without in ({"official": None}, {"bridge_url": world.url}):
        village.app.config["SETTINGS"] = with_wechat(village.settings, world.url, **without)
        assert policy(village, inside) == ""


def test_a_browser_is_led_into_the_mini_program_by_an_address_that_is_kept(village: Giving, world: Weixin) -> None:
    for days in (0, 1, 27):
        village.clock = local("2026-06-01 10:00")
        village.later(days=days)
        assert asks(village, "open", kind="project", code=village.fund).json == {"url": "https://wxaurl.cn/one"}
    assert world.count(LINK) == 1
    asked = world.last(LINK).body
    assert (asked["path"], asked["query"]) == ("pages/project/index", f"code={village.fund}")
    village.later(days=2)
    assert asks(village, "open", kind="project", code=village.fund).json == {"url": "https://wxaurl.cn/two"}
    assert asks(village, "open", kind="village", code=VILLAGE).json == {"url": "https://wxaurl.cn/two"}
    assert world.last(LINK).body["path"] == "pages/village/index"


def test_a_spent_quota_is_quiet_and_is_not_asked_about_again_at_once(village: Giving, world: Weixin) -> None:
    for interface in (LINK, SCHEME):
        world.lays(interface, says(85400, "url link quota"))
    for _ in range(3):
        answer = asks(village, "open", kind="project", code=village.fund)
        assert (answer.status_code, answer.json["code"]) == (404, "WECHAT_NOT_SET_UP")
    assert (world.count(LINK), world.count(SCHEME)) == (1, 1)
    world.lays(LINK, says(0, url_link="https://wxaurl.cn/later"))
    village.later(minutes=10)
    assert asks(village, "open", kind="project", code=village.fund).json == {"url": "https://wxaurl.cn/later"}


def test_where_no_link_is_made_the_scheme_opens_wechat_and_is_kept_until_a_link_can_be_had(
    village: Giving, world: Weixin
) -> None:
    world.lays(LINK, says(85400, "url link quota"))
    world.lays(SCHEME, says(0, openlink="weixin://dl/business/?t=one"))
    for minutes in (0, 5, 11, 30):
        village.clock = local("2026-06-01 10:00")
        village.later(minutes=minutes)
        assert asks(village, "open", kind="project", code=village.fund).json == {"url": "weixin://dl/business/?t=one"}
    assert (world.count(LINK), world.count(SCHEME)) == (3, 1)
    where = {"path": "pages/project/index", "query": f"code={village.fund}", "env_version": "release"}
    assert world.last(SCHEME).body["jump_wxa"] == where
    world.lays(LINK, says(0, url_link="https://wxaurl.cn/better"))
    village.later(minutes=11)
    for _ in range(2):
        assert asks(village, "open", kind="project", code=village.fund).json == {"url": "https://wxaurl.cn/better"}
    assert (world.count(LINK), world.count(SCHEME)) == (4, 1)


def test_a_wechat_that_does_not_answer_is_not_asked_for_a_scheme_as_well(village: Giving, world: Weixin) -> None:
    world.lays(LINK, 502)
    assert asks(village, "open", kind="project", code=village.fund).status_code == 404
    assert world.count(SCHEME) == 0


def test_an_address_that_still_lives_is_used_while_no_new_one_can_be_had(village: Giving, world: Weixin) -> None:
    asks(village, "open", kind="project", code=village.fund)
    world.lays(LINK, 502)
    village.later(days=29)
    for _ in range(2):
        assert asks(village, "open", kind="project", code=village.fund).json == {"url": "https://wxaurl.cn/one"}
    village.later(days=2)
    assert asks(village, "open", kind="project", code=village.fund).status_code == 404


def test_what_does_not_exist_is_not_opened(village: Giving, world: Weixin) -> None:
    assert asks(village, "open", kind="project", code="nothing").status_code == 404
    assert asks(village, "open", kind="village", code="1").status_code == 404
    village.app.config["SETTINGS"] = with_wechat(village.settings, world.url, mini=None)
    assert asks(village, "open", kind="project", code=village.fund).status_code == 404
    assert world.calls == []

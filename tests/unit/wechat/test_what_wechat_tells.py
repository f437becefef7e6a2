"""Each of WeChat's interfaces: what is asked to the letter, what comes back by type, and each no by its name."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from backend.wechat import refusals
from backend.wechat.opening import wechat_of
from backend.wechat.refusals import WechatUnavailable
from tests.unit.wechat.conftest import NOON, Calls
from tests.world.weixin import MINI, OFFICIAL, Weixin, says

SESSION, OAUTH, PHONE = "/sns/jscode2session", "/sns/oauth2/access_token", "/wxa/business/getuserphonenumber"
CODE, LINK, SCHEME = "/wxa/getwxacodeunlimit", "/wxa/generate_urllink", "/wxa/generatescheme"
CHECK, SEND = "/wxa/msg_sec_check", "/cgi-bin/message/subscribe/send"
SECRETS = ("mini-secret", "official-secret", "the-session-key", "13812345678", "js-code-1", "o-openid", "token-1")


def test_a_login_code_tells_who_it_is_and_the_session_key_stays_outside(calls: Calls, world: Weixin) -> None:
    world.lays(SESSION, {"openid": "o-openid", "session_key": "the-session-key", "unionid": "u-1"})
    user = calls.does("user_of_code", code="js-code-1")
    assert (user.app_id, user.openid, user.unionid) == (MINI, "o-openid", "u-1")
    assert "session" not in str(vars(user))
    assert "o-openid" not in repr(user)
    asked = {"appid": MINI, "secret": "mini-secret", "js_code": "js-code-1", "grant_type": "authorization_code"}
    assert world.last(SESSION).query == asked
    world.lays(SESSION, {"openid": "o-2", "session_key": "k", "unionid": 7})
    assert calls.does("user_of_code", code="c").unionid is None


@pytest.mark.parametrize(
    ("errcode", "code", "reason"),
    [
        (-1, "WECHAT_BUSY", "busy"),
        (40029, "CODE_INVALID", "not one of ours, or too old"),
        (40163, "CODE_USED", "a code opens once (bad input 44)"),
        (40226, "USER_BLOCKED", "a high risk"),
        (45011, "TOO_OFTEN", "a hundred a minute"),
        (40013, "WECHAT_MISCONFIGURED", "a wrong app id"),
        (40125, "WECHAT_MISCONFIGURED", "a wrong secret"),
        (99999, "WECHAT_REFUSED", "a number that we do not know"),
    ],
)
def test_a_refused_login_says_why(calls: Calls, world: Weixin, errcode: int, code: str, reason: str) -> None:
    world.lays(SESSION, says(errcode))
    with pytest.raises(refusals.WechatRefused) as no:
        calls.does("user_of_code", code="js-code-1")
    assert (no.value.code, no.value.errcode) == (code, errcode), reason


def test_who_used_a_code_twice_is_asked_to_log_in_again() -> None:
    assert (refusals.CodeUsed.status, refusals.CodeUsed(40163).detail) == (409, "请重新登录。")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (502, "a proxy's page"),
        ("<html>", "no JSON"),
        ([], "no object"),
        ({}, "no openid"),
        ({"openid": 7}, "no text"),
        ({"openid": "x" * 200}, "too long"),
        ({"errcode": "0", "openid": "o"}, "a number that is none"),
        ('{"a":' * 3000, "nested too deeply"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 40 else "",
)
def test_an_answer_that_cannot_be_read_is_no_answer(calls: Calls, world: Weixin, answer: Any, reason: str) -> None:
    world.lays(SESSION, answer)
    with pytest.raises(WechatUnavailable):
        calls.does("user_of_code", code="js-code-1")


def test_no_log_hears_a_secret(calls: Calls, world: Weixin, capsys: pytest.CaptureFixture[str]) -> None:
    world.lays(SESSION, says(40163, "code been used, hints: [ js-code-1 ]"))
    world.lays(PHONE, says(47001, "data format error 13812345678"))
    for name, told in (
        ("user_of_code", {"code": "js-code-1"}),
        ("phone_of_code", {"code": "c", "openid": None, "now": NOON}),
    ):
        with pytest.raises(refusals.WechatRefused):
            calls.does(name, **told)
    calls.server = replace(calls.server, settings=replace(calls.server.settings, api_url="http://127.0.0.1:1"))
    with pytest.raises(WechatUnavailable):
        calls.does("user_of_code", code="js-code-1")
    logged = capsys.readouterr().err
    assert '"errcode": 40163, "rid": "65f0a1b2-3c4d5e6f-00112233"' in logged
    assert "wechat_silent" in logged
    assert [secret for secret in SECRETS if secret in logged + repr(calls.server)] == []


def test_the_official_account_tells_who_came_back(calls: Calls, world: Weixin) -> None:
    world.lays(OAUTH, {"access_token": "t", "expires_in": 7200, "openid": "o-h5", "scope": "snsapi_base"})
    user = calls.does("user_of_oauth_code", code="oauth-code")
    assert (user.app_id, user.openid, user.unionid) == (OFFICIAL, "o-h5", None)
    address = calls.does("oauth_address", return_url="https://x.org/back?a=b", state="s1")
    assert address == (
        f"{world.url}/connect/oauth2/authorize?appid={OFFICIAL}&redirect_uri=https%3A%2F%2Fx.org%2Fback%3Fa%3Db"
        "&response_type=code&scope=snsapi_base&state=s1#wechat_redirect"
    )


def test_a_phone_number_comes_only_with_our_own_watermark(calls: Calls, world: Weixin) -> None:
    info = {"phoneNumber": "+8613812345678", "purePhoneNumber": "13812345678", "countryCode": "86"}
    world.lays(PHONE, says(0, phone_info=info | {"watermark": {"timestamp": 1, "appid": MINI}}))
    number = calls.does("phone_of_code", code="phone-code", openid="o-1", now=NOON)
    assert (number.number, number.country_code) == ("13812345678", "86")
    assert "138" not in repr(number)
    assert world.last(PHONE).body == {"code": "phone-code", "openid": "o-1"}
    for wrong in ({"watermark": {"appid": "wx-another"}}, {"watermark": {"appid": MINI}, "purePhoneNumber": "abc"}):
        world.lays(PHONE, says(0, phone_info=info | wrong))
        with pytest.raises(WechatUnavailable):
            calls.does("phone_of_code", code="phone-code", openid=None, now=NOON)


def test_a_round_code_is_bytes_and_its_refusal_is_words(calls: Calls, world: Weixin) -> None:
    world.lays(CODE, b"\x89PNG...")
    code = calls.does("round_code", scene="1abc-_~", page="pages/scan/index", now=NOON)
    assert (code.data, code.media_type) == (b"\x89PNG...", "image/png")
    asked = {"scene": "1abc-_~", "page": "pages/scan/index", "env_version": "release", "check_path": True}
    assert world.last(CODE).body == asked | {"width": 1280}
    for errcode in (41030, 40169):
        world.lays(CODE, says(errcode))
        with pytest.raises(refusals.WechatMisconfigured):
            calls.does("round_code", scene="1abc", page="pages/scan/index", now=NOON)
    world.lays(CODE, says(45009))
    with pytest.raises(refusals.QuotaSpent):
        calls.does("round_code", scene="1abc", page="pages/scan/index", now=NOON)
    world.lays(CODE, says(0))
    with pytest.raises(WechatUnavailable):
        calls.does("round_code", scene="1abc", page="pages/scan/index", now=NOON)


@pytest.mark.parametrize("scene", ["", "x" * 33, "a%20b", "众心", "a b"])
def test_a_scene_holds_only_what_wechat_prints(calls: Calls, scene: str) -> None:
    with pytest.raises(ValueError, match="scene"):
        calls.does("round_code", scene=scene, page="pages/scan/index", now=NOON)


def test_before_the_release_a_page_need_not_be_published(calls: Calls, world: Weixin) -> None:
    calls.server = replace(calls.server, settings=replace(calls.server.settings, mini_version="trial"))
    world.lays(CODE, b"png")
    calls.does("round_code", scene="1", page="pages/scan/index", now=NOON)
    assert (world.last(CODE).body["env_version"], world.last(CODE).body["check_path"]) == ("trial", False)


def test_a_link_and_a_scheme_open_a_page_for_some_days(calls: Calls, world: Weixin) -> None:
    world.lays(LINK, says(0, url_link="https://wxaurl.cn/abc"))
    world.lays(SCHEME, says(0, openlink="weixin://dl/business/?t=abc"))
    told: dict[str, Any] = {"page": "pages/project/index", "query": {"code": "P1"}, "days": 30, "now": NOON}
    assert calls.does("url_link", **told) == "https://wxaurl.cn/abc"
    assert calls.does("url_scheme", **told) == "weixin://dl/business/?t=abc"
    for_days = {"expire_type": 1, "expire_interval": 30}
    where = {"path": "pages/project/index", "query": "code=P1", "env_version": "release"}
    assert world.last(LINK).body == where | for_days
    assert world.last(SCHEME).body == {"jump_wxa": where, "is_expire": True} | for_days
    with pytest.raises(ValueError, match="30 days"):
        calls.does("url_link", **told | {"days": 31})
    with pytest.raises(ValueError, match="1024"):
        calls.does("url_link", **told | {"query": {"code": "x" * 1024}})
    for answer in (says(0, url_link="javascript:alert(1)"), b"png"):
        world.lays(LINK, answer)
        with pytest.raises(WechatUnavailable):
            calls.does("url_link", **told)
    world.lays(SCHEME, says(0, openlink="javascript:alert(1)"))
    with pytest.raises(WechatUnavailable):
        calls.does("url_scheme", **told)


def test_words_are_sent_as_they_are_and_only_a_pass_passes(calls: Calls, world: Weixin) -> None:
    told: dict[str, Any] = {"text": "给家乡加油😀", "openid": "o-1", "place": 2, "nickname": "老王", "now": NOON}
    assert calls.does("check_text", **told).passes
    asked = world.last(CHECK)
    sent = {"content": "给家乡加油😀", "version": 2, "scene": 2, "openid": "o-1", "nickname": "老王"}
    assert asked.body == sent
    assert "给家乡加油😀".encode() in asked.raw
    for suggest in ("review", "risky"):
        world.lays(CHECK, says(0, result={"suggest": suggest, "label": 20001}, trace_id="t"))
        verdict = calls.does("check_text", **told)
        assert (verdict.passes, verdict.suggest, verdict.label) == (False, suggest, 20001)
    for silent in ({}, {"result": {"suggest": "fine", "label": 100}}, {"result": {"suggest": "pass", "label": True}}):
        world.lays(CHECK, says(0, **silent))
        with pytest.raises(WechatUnavailable):
            calls.does("check_text", **told)


@pytest.mark.parametrize(
    ("errcode", "refusal"),
    [(43101, refusals.NotSubscribed), (47003, refusals.MessageInvalid), (40003, refusals.MessageInvalid)],
)
def test_a_message_goes_to_who_allowed_it(
    calls: Calls, world: Weixin, errcode: int, refusal: type[refusals.WechatRefused]
) -> None:
    told: dict[str, Any] = {"openid": "o-1", "template_id": "tmpl", "page": "pages/gift/index?code=G"}
    calls.does("send_subscribed", **told, fields={"thing1": "村路", "amount2": "¥5"}, now=NOON)
    assert world.last(SEND).body == {
        "touser": "o-1",
        "template_id": "tmpl",
        "page": "pages/gift/index?code=G",
        "lang": "zh_CN",
        "data": {"thing1": {"value": "村路"}, "amount2": {"value": "¥5"}},
        "miniprogram_state": "formal",
    }
    world.lays(SEND, says(errcode))
    with pytest.raises(refusal):
        calls.does("send_subscribed", **told, fields={"thing1": "村路"}, now=NOON)


def test_the_messages_that_the_owner_chose_are_listed(calls: Calls, world: Weixin) -> None:
    path = "/wxaapi/newtmpl/gettemplate"
    world.lays(path, says(0, data=[{"priTmplId": "tmpl-1", "title": "x"}, {"priTmplId": 7}, "?"]))
    assert calls.does("template_ids", now=NOON) == {"tmpl-1"}
    world.lays(path, says(0))
    with pytest.raises(WechatUnavailable):
        calls.does("template_ids", now=NOON)


def test_a_page_is_signed_up_to_its_hash_with_a_ticket_that_is_fetched_once(calls: Calls, world: Weixin) -> None:
    config = calls.does("js_config", url="https://x.org/project?code=P#top", nonce="n1", now=NOON)
    seconds = int(NOON.timestamp())
    text = f"jsapi_ticket=ticket-1&noncestr=n1&timestamp={seconds}&url=https://x.org/project?code=P"
    assert config.signature == hashlib.sha1(text.encode()).hexdigest()
    assert (config.app_id, config.timestamp, config.nonce) == (OFFICIAL, seconds, "n1")
    calls.does("js_config", url="https://x.org/", nonce="n2", now=NOON)
    assert world.count("/cgi-bin/ticket/getticket") == 1
    assert world.last("/cgi-bin/ticket/getticket").query == {"access_token": "token-1", "type": "jsapi"}


def test_what_is_not_set_up_says_so(calls: Calls) -> None:
    calls.server = replace(calls.server, settings=replace(calls.server.settings, mini=None, official=None))
    for name, told in (("user_of_code", {"code": "c"}), ("js_config", {"url": "u", "nonce": "n", "now": NOON})):
        with pytest.raises(refusals.WechatNotSetUp):
            calls.does(name, **told)


def test_a_process_has_one_wire_that_few_can_hold(calls: Calls) -> None:
    settings = calls.app.config["SETTINGS"]
    assert wechat_of(settings).wire.__class__.__name__ == "Bulkhead"
    assert wechat_of(settings, wire=calls.server.wire).wire is calls.server.wire

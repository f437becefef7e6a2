"""WeChat's server interfaces, as calls with typed results and named refusals.

No call opens a transaction around itself, and none may be made inside one (law 13): only the tokens are read and
kept, in short transactions between. Secrets, session keys and phone numbers are never logged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast, get_args
from urllib.parse import urlencode

from backend.core.config_wechat import WechatApp, WechatSettings
from backend.core.wire import Wire
from backend.wechat.calling import Caller, Image, fetched, text_of
from backend.wechat.refusals import WechatNotSetUp, WechatUnavailable
from backend.wechat.results import JsConfig, PhoneNumber, RoundCode, Suggestion, TextVerdict, WechatUser
from backend.wechat.tokens import JSAPI_TICKET, Fetched, token_of

SCENE_CHARS_MAX, QUERY_CHARS_MAX = 32, 1024
SCENE_CHARS = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ!#$&'()*+,/:;=?@-._~")
CODE_PIXELS = 1280
LINK_DAYS_MAX = 30
SCHEME = "weixin://"
TEXT_CHARS_MAX = 2500
PROFILE, COMMENT = 1, 2
"""Where a text will stand, as the word check asks: in somebody's profile, or under something as a comment."""


@dataclass(frozen=True)
class WechatServer:
    """WeChat as this installation may use it. An app that is not set up makes its calls refuse `WechatNotSetUp`."""

    settings: WechatSettings
    wire: Wire = field(repr=False)

    @property
    def _calls(self) -> Caller:
        return Caller(settings=self.settings, wire=self.wire)

    def user_of_code(self, code: str) -> WechatUser:
        """Return who a phone's login code names. Refuses `CodeUsed`, `CodeInvalid`, `UserBlocked`, `TooOften`.

        The session key of the answer is dropped here: nothing of ours needs it, so nothing can lose it.
        """
        app, path = _app(self.settings.mini), "/sns/jscode2session"
        asked = {"appid": app.app_id, "secret": app.secret, "js_code": code, "grant_type": "authorization_code"}
        return _user(self._calls.get(path, asked), app, path)

    def user_of_oauth_code(self, code: str) -> WechatUser:
        """Return who came back from the official account's login page. Refuses `CodeUsed`, `CodeInvalid`."""
        app, path = _app(self.settings.official), "/sns/oauth2/access_token"
        asked = {"appid": app.app_id, "secret": app.secret, "code": code, "grant_type": "authorization_code"}
        return _user(self._calls.get(path, asked), app, path)

    def oauth_address(self, *, return_url: str, state: str) -> str:
        """Return where a browser inside WeChat goes to say silently who it is; `state` comes back with it."""
        app = _app(self.settings.official)
        asked = {"appid": app.app_id, "redirect_uri": return_url, "response_type": "code", "scope": "snsapi_base"}
        return (
            f"{self.settings.oauth_url}/connect/oauth2/authorize?{urlencode(asked | {'state': state})}#wechat_redirect"
        )

    def phone_of_code(self, code: str, *, openid: str | None, now: datetime) -> PhoneNumber:
        """Return the number that a user let us see. The code is another than the one of login, and opens once."""
        app, path = _app(self.settings.mini), "/wxa/business/getuserphonenumber"
        asked = {"code": code} | ({} if openid is None else {"openid": openid})
        told = self._calls.with_token(app, path, asked, now=now).get("phone_info")
        if not isinstance(told, dict) or _within(told, "watermark").get("appid") != app.app_id:
            raise WechatUnavailable()
        number, country = text_of(told, "purePhoneNumber", path, limit=20), told.get("countryCode", "86")
        if not number.isdecimal() or not str(country).isdecimal():
            raise WechatUnavailable()
        return PhoneNumber(number=number, country_code=str(country))

    def round_code(self, *, scene: str, page: str, now: datetime) -> RoundCode:
        """Return the round code that opens `page` with `scene`: at most 32 characters of those WeChat prints.

        Outside the release version the page need not be published, so that a code can be tried before.
        """
        if not 0 < len(scene) <= SCENE_CHARS_MAX or not SCENE_CHARS.issuperset(scene):
            raise ValueError("a scene is 1 to 32 of the characters that WeChat allows")
        version = self.settings.mini_version
        asked = {"scene": scene, "page": page, "env_version": version, "check_path": version == "release"}
        path = "/wxa/getwxacodeunlimit"
        found = self._calls.image_with_token(self.settings.mini, path, asked | {"width": CODE_PIXELS}, now=now)
        if not isinstance(found, Image):
            raise WechatUnavailable()
        return RoundCode(data=found.data, media_type=found.media_type)

    def url_link(self, *, page: str, query: Mapping[str, str], days: int, now: datetime) -> str:
        """Return an address that opens a page of the mini-program from any browser, for 1 to 30 days."""
        where = {"path": page, "query": _query(query)}
        until = {"expire_type": 1, "expire_interval": _days(days)}
        asked = where | until | {"env_version": self.settings.mini_version}
        path = "/wxa/generate_urllink"
        told = self._calls.with_token(self.settings.mini, path, asked, now=now)
        return _address(told, "url_link", path, begins=("https://", "http://"))

    def url_scheme(self, *, page: str, query: Mapping[str, str], days: int, now: datetime) -> str:
        """Return a `weixin://` address that opens a page of the mini-program, for 1 to 30 days."""
        where = {"path": page, "query": _query(query), "env_version": self.settings.mini_version}
        asked = {"jump_wxa": where, "is_expire": True, "expire_type": 1, "expire_interval": _days(days)}
        path = "/wxa/generatescheme"
        told = self._calls.with_token(self.settings.mini, path, asked, now=now)
        return _address(told, "openlink", path, begins=(SCHEME,))

    def check_text(self, text: str, *, openid: str, place: int, nickname: str | None, now: datetime) -> TextVerdict:
        """Return what WeChat thinks of a text that a user of the last two hours wrote. `errcode` 0 is no pass.

        Refuses `WechatUnavailable` for an answer without a verdict, `MessageInvalid` for an openid of another app.
        """
        path = "/wxa/msg_sec_check"
        asked = {"content": text[:TEXT_CHARS_MAX], "version": 2, "scene": place, "openid": openid}
        asked |= {} if nickname is None else {"nickname": nickname}
        told = self._calls.with_token(self.settings.mini, path, asked, now=now)
        result = _within(told, "result")
        suggest, label = cast(Suggestion, result.get("suggest")), result.get("label")
        if suggest not in get_args(Suggestion) or type(label) is not int:
            raise WechatUnavailable()
        return TextVerdict(suggest=suggest, label=label, trace_id=str(told.get("trace_id", ""))[:64])

    def send_subscribed(
        self, *, openid: str, template_id: str, page: str, fields: Mapping[str, str], now: datetime
    ) -> None:
        """Send one message that a user has allowed. Refuses `NotSubscribed` and `MessageInvalid`, both for good."""
        state = {"release": "formal", "trial": "trial", "develop": "developer"}[self.settings.mini_version]
        asked: dict[str, object] = {"touser": openid, "template_id": template_id, "page": page, "lang": "zh_CN"}
        asked |= {"data": {key: {"value": value} for key, value in fields.items()}, "miniprogram_state": state}
        self._calls.with_token(self.settings.mini, "/cgi-bin/message/subscribe/send", asked, now=now)

    def template_ids(self, *, now: datetime) -> set[str]:
        """Return the ids of the messages that the mini-program's owner has chosen at WeChat's; for the self-test."""
        told = self._calls.get_with_token(self.settings.mini, "/wxaapi/newtmpl/gettemplate", {}, now=now).get("data")
        if not isinstance(told, list):
            raise WechatUnavailable()
        rows = (row.get("priTmplId") for row in told if isinstance(row, dict))
        return {template_id for template_id in rows if isinstance(template_id, str)}

    def js_config(self, *, url: str, nonce: str, now: datetime) -> JsConfig:
        """Return the signature with which a page of the official account may call `wx`. `url` is signed up to its #.

        The ticket is cached like a token: WeChat gives only few a day.
        """
        app, seconds = _app(self.settings.official), int(now.timestamp())
        ticket = token_of(app_id=app.app_id, kind=JSAPI_TICKET, fetch=self._ticket_fetch(app, now=now), now=now)
        signed = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={seconds}&url={url.partition('#')[0]}"
        signature = hashlib.sha1(signed.encode("utf-8"), usedforsecurity=False).hexdigest()
        return JsConfig(app_id=app.app_id, timestamp=seconds, nonce=nonce, signature=signature)

    def _ticket_fetch(self, app: WechatApp, *, now: datetime) -> Any:
        path = "/cgi-bin/ticket/getticket"

        def fetch(*, force: bool) -> Fetched:
            return fetched(self._calls.get_with_token(app, path, {"type": "jsapi"}, now=now), "ticket", path)

        return fetch


def _app(app: WechatApp | None) -> WechatApp:
    if app is None:
        raise WechatNotSetUp()
    return app


def _user(told: Mapping[str, Any], app: WechatApp, path: str) -> WechatUser:
    openid = text_of(dict(told), "openid", path)
    unionid = told.get("unionid")
    is_union = isinstance(unionid, str) and 0 < len(unionid) <= 128 and unionid.isprintable()
    return WechatUser(app_id=app.app_id, openid=openid, unionid=unionid if is_union else None)


def _within(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = told.get(name)
    return found if isinstance(found, dict) else {}


def _days(days: int) -> int:
    if not 1 <= days <= LINK_DAYS_MAX:
        raise ValueError("a link lives for 1 to 30 days")
    return days


def _query(query: Mapping[str, str]) -> str:
    text = urlencode(query)
    if len(text) > QUERY_CHARS_MAX:
        raise ValueError("a query has at most 1024 characters")
    return text


def _address(told: dict[str, Any], name: str, path: str, *, begins: tuple[str, ...]) -> str:
    """Return an address that a browser may be sent to: of the promised kind and no other, above all no script."""
    address = text_of(told, name, path, limit=512)
    if not address.startswith(begins):
        raise WechatUnavailable()
    return address

"""One call to api.weixin.qq.com: its address, its token, its answer; what went wrong is named, logged by number only.

WeChat answers 200 to everything, with `errcode` in the body, and puts a request id at the end of `errmsg`. The text
of `errmsg` may quote what was sent, and an address holds the token: of both only the number and the id are logged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import structlog

from backend.core.config_wechat import WechatApp, WechatSettings
from backend.core.wire import Answer, Wire, WireBroken
from backend.wechat.refusals import TokenSpoiled, WechatNotSetUp, WechatUnavailable, refusal_of
from backend.wechat.tokens import ACCESS_TOKEN, Fetched, token_of

log = structlog.get_logger()
JSON = {"Content-Type": "application/json; charset=utf-8", "Accept": "application/json"}
IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif")
TOKEN_SECONDS_MAX, TOKEN_CHARS_MAX = 7200, 2048
_RID = re.compile(r"rid:? ?([0-9A-Za-z-]{1,64})")


@dataclass(frozen=True, kw_only=True)
class Image:
    """Bytes that WeChat says are a picture."""

    data: bytes
    media_type: str


Told = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Calls one interface after another. Holds no state of its own: the tokens are in the database."""

    settings: WechatSettings
    wire: Wire

    def get(self, path: str, query: Mapping[str, str]) -> Told:
        """Ask without a token. Refuses what WeChat refuses, and `WechatUnavailable`."""
        address = f"{self.settings.api_url}{path}?{urlencode(query)}"
        return _told(self._sent(lambda: self.wire.get(address), path), path)

    def post(self, path: str, body: Mapping[str, object], *, query: str = "") -> Told | Image:
        """Send without a token of its own. Refuses what WeChat refuses, and `WechatUnavailable`."""
        address = f"{self.settings.api_url}{path}{query}"
        # Chinese as it is, not as \\uXXXX: the word check does not read escapes.
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
        answer = self._sent(lambda: self.wire.post(address, headers=JSON, body=text), path)
        return _image(answer) or _told(answer, path)

    def with_token(self, app: WechatApp | None, path: str, body: Mapping[str, object], *, now: datetime) -> Told:
        """Send with the app's token; a token that WeChat disowned is replaced once, and the call tried once more."""
        told = self.image_with_token(app, path, body, now=now)
        if isinstance(told, Image):
            raise _unreadable(path)
        return told

    def image_with_token(
        self, app: WechatApp | None, path: str, body: Mapping[str, object], *, now: datetime
    ) -> Told | Image:
        """Like `with_token`, for an interface that answers with a picture."""
        return self._trying_twice(app, now=now, call=lambda token: self.post(path, body, query=_query(token)))

    def get_with_token(self, app: WechatApp | None, path: str, query: Mapping[str, str], *, now: datetime) -> Told:
        """Ask with the app's token, like `with_token`."""
        told = self._trying_twice(app, now=now, call=lambda token: self.get(path, {"access_token": token, **query}))
        assert not isinstance(told, Image)
        return told

    def _trying_twice(self, app: WechatApp | None, *, now: datetime, call: Any) -> Told | Image:
        token = self.access_token(app, now=now)
        try:
            told: Told | Image = call(token)
        except TokenSpoiled:
            told = call(self.access_token(app, now=now, spoiled=token))
        return told

    def access_token(self, app: WechatApp | None, *, now: datetime, spoiled: str | None = None) -> str:
        """Return the app's token, shared by all processes. Refuses `WechatNotSetUp` and `WechatUnavailable`."""
        if app is None:
            raise WechatNotSetUp()

        def fetch(*, force: bool) -> Fetched:
            return self._stable_token(app, force=force)

        return token_of(app_id=app.app_id, kind=ACCESS_TOKEN, fetch=fetch, now=now, spoiled=spoiled)

    def _stable_token(self, app: WechatApp, *, force: bool) -> Fetched:
        path, asked = "/cgi-bin/stable_token", {"appid": app.app_id, "secret": app.secret}
        told = self.post(path, {"grant_type": "client_credential", **asked, "force_refresh": force})
        return fetched(told, "access_token", path)

    def _sent(self, send: Any, path: str) -> Answer:
        try:
            answer: Answer = send()
        except WireBroken as broken:
            log.warning("wechat_silent", api=path, fault=str(broken))
            raise WechatUnavailable() from None
        if answer.status != 200:
            log.warning("wechat_silent", api=path, status=answer.status)
            raise WechatUnavailable()
        return answer


def fetched(told: Told | Image, name: str, path: str) -> Fetched:
    """Return the token of an answer. Refuses `WechatUnavailable` when there is none that can be believed."""
    token, seconds = (told.get(name), told.get("expires_in")) if isinstance(told, dict) else (None, None)
    if not isinstance(token, str) or not 0 < len(token) <= TOKEN_CHARS_MAX or not token.isprintable():
        raise _unreadable(path)
    if type(seconds) is not int or seconds <= 0:
        raise _unreadable(path)
    return Fetched(token=token, seconds=min(seconds, TOKEN_SECONDS_MAX))


def text_of(told: Told, name: str, path: str, *, limit: int = 128) -> str:
    """Return a text of an answer. Refuses `WechatUnavailable` when it is missing or cannot be one."""
    text = told.get(name)
    if not isinstance(text, str) or not 0 < len(text) <= limit or not text.isprintable():
        raise _unreadable(path)
    return text


def _query(token: str) -> str:
    return "?" + urlencode({"access_token": token})


def _image(answer: Answer) -> Image | None:
    """Return a picture if the answer says that it is one: success is bytes, failure is JSON."""
    media_type = answer.headers.get("content-type", answer.headers.get("Content-Type", "")).partition(";")[0].strip()
    return Image(data=answer.body, media_type=media_type) if media_type in IMAGE_TYPES else None


def _told(answer: Answer, path: str) -> Told:
    try:
        told = json.loads(answer.body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise _unreadable(path) from None
    if not isinstance(told, dict):
        raise _unreadable(path)
    errcode = told.get("errcode", 0)
    if type(errcode) is not int:
        raise _unreadable(path)
    if errcode != 0:
        log.warning("wechat_refused", api=path, errcode=errcode, rid=_rid(told.get("errmsg")))
        raise refusal_of(errcode)
    return told


def _rid(errmsg: object) -> str:
    found = _RID.search(errmsg) if isinstance(errmsg, str) else None
    return found[1] if found else ""


def _unreadable(path: str) -> WechatUnavailable:
    log.warning("wechat_unreadable", api=path)
    return WechatUnavailable()

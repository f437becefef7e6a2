"""Logging in inside WeChat's own browser: there and back through the official account's page (OAuth 2, RFC 6749)."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from backend.core import clock
from backend.core.db import write_with_retries
from backend.core.errors import Refusal
from backend.people.accounts import WECHAT_OFFICIAL, Identity
from backend.people.entering import LOGGED_IN_FOR
from backend.people.login_states import StateUnknown, end_state
from miniapp_api.logins import CALLBACK, COOKIE, begin_away, enter
from miniapp_api.page_errors import show_refusal
from miniapp_api.sessions import cookie_name, drop_cookie, keep_session
from miniapp_api.wechat import current_wechat

pages = Blueprint("login_pages", __name__)
pages.register_error_handler(Refusal, show_refusal)


@pages.get("/login/wechat")
def go_to_wechat() -> AnyResponse:
    """Send the browser to WeChat, which sends it back by itself; the state ties the way back to this browser.

    It logs in and adds nothing, whatever the address says: anybody may have written the link that was opened.
    """
    away = begin_away(request.args.get("next", "/"), adds=False)
    return away.kept_in(_going(away.address))


@pages.get(CALLBACK)
def come_back() -> AnyResponse:
    """Use the state up, ask WeChat who it was with no transaction open, log in, and go on to the page (law 13)."""
    browser, code = request.cookies.get(cookie_name(COOKIE)), request.args.get("code", "")
    if not browser or not 0 < len(code) <= 128:
        raise StateUnknown()
    state, now = request.args.get("state", ""), clock.now()
    page, adds = write_with_retries(lambda: end_state(state=state, browser=browser, now=now))
    user = current_wechat().user_of_oauth_code(code)
    identity = Identity(kind=WECHAT_OFFICIAL, app_id=user.app_id, subject=user.openid, unionid=user.unionid)
    entered = enter(identity, adds=adds)
    response = _going(_on_our_host(page))
    keep_session(response, entered.token, lives=LOGGED_IN_FOR)
    drop_cookie(response, cookie_name(COOKIE))
    return response


def _on_our_host(page: str) -> str:
    """Return the page without scheme and host, whatever else it was checked for before."""
    parts = urlsplit(page)
    return urlunsplit(("", "", parts.path, parts.query, parts.fragment))


def _going(address: str) -> AnyResponse:
    response = redirect(address, code=302)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response

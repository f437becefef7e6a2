"""Logging in as a person: by WeChat's code or by the number that its button shows, by a one-time code to a phone.

Giving needs none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from flask import Response, jsonify, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from backend.core import clock
from backend.core.db import read_with_retries, write_with_retries
from backend.core.errors import Refusal
from backend.core.ids import new_token, token_hash
from backend.people import phone as phones
from backend.people import sms
from backend.people.accounts import WECHAT_MINI, Identity, openid_here
from backend.people.entering import LOGGED_IN_FOR, Entered, log_in
from backend.people.login_states import STATE_LIVES, begin_state
from backend.vault.fields import OWN, PHONE, PHONE_MASK, masked
from backend.wechat.refusals import CodeInvalid, CodeUsed
from miniapp_api.edge import settings
from miniapp_api.personal import Personal
from miniapp_api.sessions import (
    PersonSchema,
    cookie_name,
    keep_cookie,
    require_person,
    session_answer,
    session_token,
)
from miniapp_api.wechat import current_wechat

bp = Blueprint("logins", __name__, description="登录：微信小程序、微信网页、微信手机号、手机验证码。不登录也可以捐赠。")
log = structlog.get_logger()
Answer = TypeVar("Answer", bound=AnyResponse)
AGAIN_AFTER_SECONDS = 60
COOKIE = "login"
CALLBACK = "/login/wechat/callback"


class LoginCodeUsed(Refusal):
    """WeChat's login code was used before or is too old: the phone asks WeChat for another, once (bad input 44)."""

    status = 401
    code = "LOGIN_CODE_USED"
    detail = "登录信息已失效，请再试一次。"
    retryable = True


class PhoneGrantUsed(Refusal):
    """What the button handed out opens once: only another tap of its owner hands out another."""

    status = 401
    code = "PHONE_GRANT_USED"
    detail = "这次授权已经用过了，请再点一次按钮。"


class PhoneGrantInvalid(Refusal):
    """What the button handed out is older than five minutes, or another user's, or of another app."""

    status = 401
    code = "PHONE_GRANT_INVALID"
    detail = "这次授权已过期，请再点一次按钮。"


class WechatLoginUnavailable(Refusal):
    """This installation has no such app of WeChat's; people log in otherwise, or give as guests."""

    code = "WECHAT_LOGIN_UNAVAILABLE"
    detail = "本平台没有开通微信登录。不登录也可以捐赠。"


class WaysSchema(Schema):
    """How people can log in here. `phone`: `page` shows the code on the page (a demonstration), `sms`, or `none`."""

    wechat_mini = fields.Boolean(required=True)
    wechat_official = fields.Boolean(required=True)
    phone = fields.String(required=True, metadata={"enum": ["page", "sms", "none"]})


class EnteredSchema(Schema):
    """Who is logged in; `joined` when what this phone knew was joined to it. `token` for a client without cookies."""

    person = fields.Nested(PersonSchema, required=True)
    joined = fields.Boolean(required=True)
    token = fields.String()


class WechatCodeSchema(Schema):
    """The code of `wx.login`; with `adds` the account is joined to the person who is logged in."""

    code = fields.String(required=True, validate=validate.Length(min=1, max=128))
    adds = fields.Boolean(load_default=False)


class AwaySchema(Schema):
    """The page of ours to come back to after WeChat's own."""

    next = fields.String(required=True, validate=validate.Length(min=1, max=255))


class AwayAddressSchema(Schema):
    """WeChat's page, for this browser, within ten minutes, once."""

    address = fields.String(required=True)


class WechatPhoneSchema(WechatCodeSchema):
    """The code of WeChat's phone-number button: another than `wx.login`'s; `adds` joins the number to who is here."""


class PhoneSchema(Schema):
    """The number that a code goes to."""

    phone = Personal(PHONE, to=OWN, required=True, validate=validate.Length(min=1, max=40))


class PhoneCodeSchema(PhoneSchema):
    """The number and the code that came to it; with `adds` the number is joined to the person who is logged in."""

    code = fields.String(required=True, validate=validate.Length(min=1, max=20))
    adds = fields.Boolean(load_default=False)


class SentCodeSchema(Schema):
    """Where a code went. `shown_code` only where no message is sent and the page shows it: a demonstration."""

    sent_to = Personal(PHONE, to=OWN, required=True)
    lives_seconds = fields.Integer(required=True)
    again_seconds = fields.Integer(required=True)
    shown_code = fields.String(required=True, allow_none=True)


@bp.get("/login/ways")
@bp.response(200, WaysSchema)
def show_ways() -> dict[str, object]:
    """Say how people can log in to this installation."""
    found = settings()
    name = found.sms_provider if found.sms_provider in (sms.PAGE, sms.NONE) else "sms"
    wechat = found.wechat
    return {"wechat_mini": wechat.mini is not None, "wechat_official": wechat.official is not None, "phone": name}


@bp.post("/login/wechat-mini")
@bp.arguments(WechatCodeSchema)
@bp.response(200, EnteredSchema)
def log_in_by_mini_program(given: dict[str, Any]) -> Response:
    """Log in inside the mini-program. WeChat is asked with no transaction open (law 13); `session_key` stays there."""
    if settings().wechat.mini is None:
        raise WechatLoginUnavailable()
    try:
        user = current_wechat().user_of_code(given["code"])
    except (CodeUsed, CodeInvalid) as refusal:
        raise LoginCodeUsed() from refusal
    identity = Identity(kind=WECHAT_MINI, app_id=user.app_id, subject=user.openid, unionid=user.unionid)
    return entered_answer(enter(identity, adds=given["adds"]))


@bp.post("/login/wechat-official")
@bp.arguments(AwaySchema)
@bp.response(200, AwayAddressSchema)
def begin_adding_wechat(given: dict[str, Any]) -> Response:
    """Begin to add the WeChat of this browser to who is logged in. Only a page of ours can ask: no link begins it."""
    away = begin_away(given["next"], adds=True)
    response = jsonify({"address": away.address})
    response.headers["Cache-Control"] = "no-store"
    return away.kept_in(response)


@bp.post("/login/wechat-phone")
@bp.arguments(WechatPhoneSchema)
@bp.response(200, EnteredSchema)
def log_in_by_wechat_phone(given: dict[str, Any]) -> Response:
    """Log in by the number that its owner let WeChat show us, asked with no transaction open (law 13).

    On a phone that logged in by WeChat the code must be of the same WeChat user: WeChat compares the openid.
    """
    mini, here, now = settings().wechat.mini, token_hash(session_token() or ""), clock.now()
    if mini is None:
        raise WechatLoginUnavailable()
    openid = read_with_retries(lambda: openid_here(token_hash=here, app_id=mini.app_id, now=now))
    try:
        shown = current_wechat().phone_of_code(given["code"], openid=openid, now=now)
    except CodeUsed as refusal:
        raise PhoneGrantUsed() from refusal
    except CodeInvalid as refusal:
        raise PhoneGrantInvalid() from refusal
    phone = phones.phone_shown(number=shown.number, country_code=shown.country_code)
    return entered_answer(enter(phones.identity_of(phone), adds=given["adds"]))


@bp.post("/login/phone/code")
@bp.arguments(PhoneSchema)
@bp.response(200, SentCodeSchema)
def send_phone_code(given: dict[str, Any]) -> dict[str, object]:
    """Send a code to a phone number: counted and kept, then sent with no transaction open (law 13)."""
    found, now = settings(), clock.now()
    provider = sms.provider_named(found.sms_provider)
    if found.sms_provider == sms.NONE:
        raise sms.PhoneLoginUnavailable()
    new = write_with_retries(
        lambda: phones.begin_code(phone=given["phone"], device=_device(), secret_key=found.secret_key, now=now)
    )
    try:
        shown = provider.send(phone=new.phone, code=new.digits)
    except Exception as fault:  # Whatever a sender of the installation's own does, no code is on its way.
        log.warning("sms_failed", kind=type(fault).__name__)
        write_with_retries(lambda: phones.forget_code(new.number))
        raise (fault if isinstance(fault, Refusal) else sms.SmsFailed()) from fault
    lives = int(phones.CODE_LIVES.total_seconds())
    sent_to = masked(new.phone, PHONE_MASK)
    return {"sent_to": sent_to, "lives_seconds": lives, "again_seconds": AGAIN_AFTER_SECONDS, "shown_code": shown}


@bp.post("/login/phone")
@bp.arguments(PhoneCodeSchema)
@bp.response(200, EnteredSchema)
def log_in_by_phone(given: dict[str, Any]) -> Response:
    """Log in by the code that came to the phone: the try is counted first, then judged, then used with the login."""
    secret_key, phone, now = settings().secret_key, phones.normal_phone(given["phone"]), clock.now()
    device = write_with_retries(_device)
    counted = write_with_retries(lambda: phones.count_try(phone=phone, device=device, secret_key=secret_key, now=now))
    phones.judge(counted, phone=phone, device=device, digits=given["code"], secret_key=secret_key)

    def use_and_enter() -> Entered:
        phones.use_code(counted or "", now=now)
        identity = phones.identity_of(phone)
        return log_in(identity, token=device, adds=given["adds"], secret_key=secret_key, now=now)

    return entered_answer(write_with_retries(use_and_enter))


@dataclass(frozen=True, kw_only=True)
class Away:
    """A login that goes through WeChat's page: its address, and the secret of the browser that alone may come back."""

    address: str
    browser: str

    def kept_in(self, response: Answer) -> Answer:
        """Let the browser keep its secret until the state is over."""
        keep_cookie(response, cookie_name(COOKIE), self.browser, seconds=int(STATE_LIVES.total_seconds()))
        return response


def begin_away(page: str, *, adds: bool) -> Away:
    """Begin a login in this browser. Refuses `WechatLoginUnavailable`, and `NextRefused` for a page elsewhere."""
    if settings().wechat.official is None:
        raise WechatLoginUnavailable()
    browser, now = request.cookies.get(cookie_name(COOKIE)) or new_token(), clock.now()
    state = write_with_retries(lambda: begin_state(browser=browser, next_page=page, adds=adds, now=now))
    address = current_wechat().oauth_address(return_url=f"{settings().public_url}{CALLBACK}", state=state)
    return Away(address=address, browser=browser)


def enter(identity: Identity, *, adds: bool) -> Entered:
    """Log this phone in by an account that was proven just now, in one transaction."""
    found, now, token = settings(), clock.now(), session_token()
    return write_with_retries(lambda: log_in(identity, token=token, adds=adds, secret_key=found.secret_key, now=now))


def entered_answer(entered: Entered) -> Response:
    """Return who is logged in now, with the new token of this phone."""
    told = {"person": {"code": entered.person.code}, "joined": entered.has_joined}
    return session_answer(told, entered.token, lives=LOGGED_IN_FOR)


def _device() -> str:
    """Return the secret of the phone that asks: a code is for the device that wanted it. Refuses `SessionNeeded`."""
    require_person()
    return session_token() or ""

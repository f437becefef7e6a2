"""The session of a person's phone: a cookie in a browser, a bearer token in the mini-program."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Response, g, jsonify, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from werkzeug.wrappers import Response as AnyResponse

from backend.core import clock
from backend.core.errors import Refusal
from backend.people import service
from backend.people.service import DEVICE_SESSION_ENDS_AFTER, Person
from miniapp_api.edge import settings, writes

bp = Blueprint("sessions", __name__, description="设备会话：第一次捐赠或报名时建立，不需要注册。")


class SessionNeeded(Refusal):
    """This act belongs to a person: open a session first (`POST /session`)."""

    status = 401
    code = "SESSION_NEEDED"
    detail = "请先打开一次会话，再试一次。"


class PersonSchema(Schema):
    """The public code of a person."""

    code = fields.String(required=True)


class SessionSchema(Schema):
    """Who the session belongs to; `token` only once, and only for a client without cookies."""

    person = fields.Nested(PersonSchema, required=True)
    token = fields.String()


@bp.post("/session")
@bp.response(201, SessionSchema)
@bp.alt_response(200, schema=SessionSchema, description="这台设备已经有会话。")
@writes
def open_session() -> Response:
    """Open a session for this phone, or say whose it is."""
    person = current_person()
    if person is not None:
        return jsonify(person={"code": person.code})
    token, person = service.open_device_session(now=clock.now())
    response = session_answer({"person": {"code": person.code}}, token, lives=DEVICE_SESSION_ENDS_AFTER)
    response.status_code = 201
    return response


@bp.delete("/session")
@bp.response(204)
@writes
def forget_session() -> Response:
    """Forget this phone. Gifts and hours stay; only this device no longer opens them."""
    token = session_token()
    if token is not None:
        service.forget_session(token)
    response = Response(status=204)
    drop_cookie(response, cookie_name("session"))
    return response


def session_answer(answer: dict[str, Any], token: str, *, lives: timedelta) -> Response:
    """Return `answer` with a new session's token: in a cookie, or in the body for a client without cookies."""
    if request.headers.get("X-Session-Transport") == "bearer":
        return jsonify(answer | {"token": token})
    response = jsonify(answer)
    keep_session(response, token, lives=lives)
    return response


def keep_session(response: AnyResponse, token: str, *, lives: timedelta) -> None:
    """Set the cookie of a person's session."""
    keep_cookie(response, cookie_name("session"), token, seconds=int(lives.total_seconds()))


def current_person(*, now: datetime | None = None) -> Person | None:
    """Return the person whose phone sent this request, or None. Asks inside the handler's transaction, once."""
    token = session_token()
    if token is None:
        return None
    if "person" not in g:
        g.person = service.find_session(token, now=now or clock.now())
    found: Person | None = g.person
    return found


def require_person() -> Person:
    """Return the person whose phone sent this request. Refuses `SessionNeeded`."""
    person = current_person()
    if person is None:
        raise SessionNeeded()
    return person


def session_token() -> str | None:
    """Return the token of this request: the bearer's, or else the cookie's."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer" and token.strip():
        return token.strip()
    return request.cookies.get(cookie_name("session"))


def cookie_name(plain: str) -> str:
    """Return the cookie's name: with `__Host-` wherever cookies are secure, without on plain http."""
    return f"__Host-{plain}" if settings().has_secure_cookies else plain


def keep_cookie(response: AnyResponse, name: str, token: str, *, seconds: int | None) -> None:
    """Set a session cookie that no script reads and no other site sends."""
    is_secure = settings().has_secure_cookies
    response.set_cookie(name, token, max_age=seconds, httponly=True, secure=is_secure, samesite="Lax", path="/")


def drop_cookie(response: AnyResponse, name: str) -> None:
    """Tell the browser to forget a session cookie."""
    response.delete_cookie(name, httponly=True, secure=settings().has_secure_cookies, samesite="Lax", path="/")

"""Logging in to the desk and out of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response, jsonify, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from backend.core import clock
from backend.core.db import read_with_retries, write_with_retries
from backend.people import factors, passwords
from backend.people import login as logins
from backend.people.rights import NATION, StaffMember, actions_of
from backend.people.staff import (
    AT_WORK_MAX,
    AtWork,
    close_staff_session,
    find_staff_session,
    open_staff_session,
)
from backend.regions.queries import names_of
from miniapp_api.desk.guard import DeskSessionNeeded, at_work, desk_reads, desk_token, lacks_factor
from miniapp_api.devices import device_name
from miniapp_api.edge import settings, writes
from miniapp_api.sessions import cookie_name, drop_cookie, keep_cookie

bp = Blueprint("desk_session", __name__, description="工作台：登录与退出。")


class LoginSchema(Schema):
    """What staff type to log in."""

    login = fields.String(required=True)
    password = fields.String(required=True, load_only=True)
    code = fields.String(load_only=True, metadata={"description": "动态口令或备用码；账号设置了动态口令时需要"})


class DeskRegionSchema(Schema):
    """The region that an account works for."""

    code = fields.String(required=True)
    name = fields.String(required=True)


class StaffSchema(Schema):
    """A staff account as its owner sees it."""

    name = fields.String(required=True)
    role = fields.String(required=True)
    region = fields.Nested(DeskRegionSchema, required=True)


class DeskSchema(Schema):
    """Who works here and what he may do; `token` only for a client without cookies."""

    staff = fields.Nested(StaffSchema, required=True)
    actions = fields.List(fields.String(), required=True)
    must_set_factor = fields.Boolean(
        required=True, metadata={"description": "须先设置动态口令；在那之前其他操作都被拒绝"}
    )
    token = fields.String()


@bp.post("/desk/session")
@bp.arguments(LoginSchema)
@bp.response(200, DeskSchema)
def log_in(given: dict[str, Any]) -> Response:
    """Log in: the attempt is counted first, the password checked with no transaction open, then a session opened."""
    now = clock.now()
    staff, attempt = right_password(given["login"], given["password"], now=now)
    token = write_with_retries(lambda: _open_session(staff, attempt, given.get("code"), now=now))
    if isinstance(token, logins.CodeNeeded):
        raise token
    if token is None:
        write_with_retries(lambda: logins.record_failure(attempt, now=now))
        raise logins.CodeWrong()
    answer = read_with_retries(lambda: _shown_to(token, now=now))
    if request.headers.get("X-Session-Transport") == "bearer":
        return jsonify(answer | {"token": token})
    response = jsonify(answer)
    keep_cookie(response, cookie_name("desk"), token, seconds=int(AT_WORK_MAX.total_seconds()))
    return response


def right_password(login: str, password: str, *, now: datetime) -> tuple[StaffMember, logins.LoginAttempt]:
    """Return whose login and password these are, with the attempt, which stays counted until it is forgotten.

    Refuses `LoginLocked` and `LoginFailed`. Opens short transactions of its own.
    """
    takes_demo = not settings().is_production
    attempt = write_with_retries(lambda: logins.begin_attempt(login=login, now=now, takes_demo=takes_demo))
    is_right = passwords.matches(password, password_hash=attempt.password_hash)
    if not is_right or attempt.staff is None:
        write_with_retries(lambda: logins.record_failure(attempt, now=now))
        raise logins.LoginFailed()
    return attempt.staff, attempt


def _open_session(
    staff: StaffMember, attempt: logins.LoginAttempt, code: str | None, *, now: datetime
) -> str | logins.CodeNeeded | None:
    """Open the session and return its token; None for a wrong code. One that is only missing is no failure."""
    if factors.has_factor(staff):
        if not code:
            logins.take_back(attempt)
            return logins.CodeNeeded()
        if not factors.use(staff, code=code, secret_key=settings().secret_key, now=now):
            return None
    logins.forget_failures(attempt)
    old = desk_token()
    if old is not None:
        close_staff_session(old)
    return open_staff_session(staff, now=now, device=device_name(request.headers.get("User-Agent", "")))


@bp.delete("/desk/session")
@bp.response(204)
@writes
def log_out() -> Response:
    """End the session; whoever copied its token has nothing."""
    token = desk_token()
    if token is not None:
        close_staff_session(token)
    response = Response(status=204)
    drop_cookie(response, cookie_name("desk"))
    return response


@bp.get("/desk/me")
@bp.response(200, DeskSchema)
@desk_reads
def me() -> dict[str, Any]:
    """Return who works here and what he may do."""
    return shown_desk(at_work())


def shown_desk(found: AtWork) -> dict[str, Any]:
    """Return a staff account as its owner sees it."""
    staff, code = found.staff, found.staff.region_code
    name = "全国" if code == NATION else names_of([code]).get(code, code)
    about = {"name": staff.name, "role": staff.role, "region": {"code": code, "name": name}}
    return {"staff": about, "actions": actions_of(staff), "must_set_factor": lacks_factor(found)}


def _shown_to(token: str, *, now: datetime) -> dict[str, Any]:
    found = find_staff_session(token, now=now)
    if found is None:
        raise DeskSessionNeeded()
    return shown_desk(found)

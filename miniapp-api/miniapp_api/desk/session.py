"""Logging in to the desk and out of it."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from backend.core import clock
from backend.core.db import read_with_retries, write_with_retries
from backend.people import login as logins
from backend.people import passwords
from backend.people.rights import NATION, StaffMember, actions_of
from backend.people.staff import AT_WORK_MAX, close_staff_session, open_staff_session
from backend.regions.queries import names_of
from miniapp_api.desk.guard import desk_reads, desk_token, require_staff
from miniapp_api.edge import settings, writes
from miniapp_api.sessions import cookie_name, drop_cookie, keep_cookie

bp = Blueprint("desk_session", __name__, description="工作台：登录与退出。")


class LoginSchema(Schema):
    """What staff type to log in."""

    login = fields.String(required=True)
    password = fields.String(required=True, load_only=True)


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
    token = fields.String()


@bp.post("/desk/session")
@bp.arguments(LoginSchema)
@bp.response(200, DeskSchema)
def log_in(given: dict[str, Any]) -> Response:
    """Log in: the attempt is counted first, the password checked with no transaction open, then a session opened."""
    now = clock.now()
    takes_demo = not settings().is_production
    attempt = write_with_retries(lambda: logins.begin_attempt(login=given["login"], now=now, takes_demo=takes_demo))
    is_right = passwords.matches(given["password"], password_hash=attempt.password_hash)
    if not is_right or attempt.staff is None:
        write_with_retries(lambda: logins.record_failure(attempt, now=now))
        raise logins.LoginFailed()
    staff, old = attempt.staff, desk_token()

    def open_session() -> str:
        logins.forget_failures(attempt)
        if old is not None:
            close_staff_session(old)
        return open_staff_session(staff, now=now)

    token = write_with_retries(open_session)
    answer = read_with_retries(lambda: shown_desk(staff))
    if request.headers.get("X-Session-Transport") == "bearer":
        return jsonify(answer | {"token": token})
    response = jsonify(answer)
    keep_cookie(response, cookie_name("desk"), token, seconds=int(AT_WORK_MAX.total_seconds()))
    return response


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
    return shown_desk(require_staff())


def shown_desk(staff: StaffMember) -> dict[str, Any]:
    """Return a staff account as its owner sees it."""
    code = staff.region_code
    name = "全国" if code == NATION else names_of([code]).get(code, code)
    about = {"name": staff.name, "role": staff.role, "region": {"code": code, "name": name}}
    return {"staff": about, "actions": actions_of(staff)}

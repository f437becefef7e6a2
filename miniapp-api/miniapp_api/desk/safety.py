"""The safety of one's own desk account: second factor, password, and the devices where it is at work."""

from __future__ import annotations

import base64
from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from backend.core import clock
from backend.core.db import read_with_retries, write_with_retries
from backend.people import factors, passwords, staff
from backend.people import login as logins
from backend.people.rights import StaffMember
from backend.people.staff import AtWork
from miniapp_api.desk.guard import at_work, desk_reads, desk_token, desk_writes
from miniapp_api.desk.session import right_password
from miniapp_api.edge import settings
from miniapp_api.times import LocalTime
from qr.codes import png

bp = Blueprint("desk_safety", __name__, description="工作台：账号安全。")


class FactorSchema(Schema):
    """How the account's second factor stands."""

    is_on = fields.Boolean(required=True)
    is_required = fields.Boolean(required=True)
    recovery_codes_left = fields.Integer(required=True)


class NewFactorSchema(Schema):
    """What the authenticator must know; told once. `picture` is a QR code as a data address."""

    secret = fields.String(required=True)
    picture = fields.String(required=True)


class FactorCodeSchema(Schema):
    """A code of the authenticator."""

    code = fields.String(required=True)


class RecoveryCodesSchema(Schema):
    """Codes for the day when the phone is lost; told once."""

    recovery_codes = fields.List(fields.String(), required=True)


class ProofSchema(Schema):
    """That it is really the owner: the password, and the code where there is a second factor (ASVS 7.5.1)."""

    password = fields.String(required=True, load_only=True)
    code = fields.String(load_only=True)


class PasswordSchema(ProofSchema):
    """A new password."""

    new_password = fields.String(required=True, load_only=True)


class SessionLineSchema(Schema):
    """One device on which the account is at work."""

    code = fields.String(required=True)
    device = fields.String(required=True)
    opened_at = LocalTime(required=True)
    seen_at = LocalTime(required=True)
    is_this = fields.Boolean(required=True)


class SessionListSchema(Schema):
    """The devices on which the account is at work."""

    items = fields.List(fields.Nested(SessionLineSchema), required=True)


@bp.get("/desk/factor")
@bp.response(200, FactorSchema)
@desk_reads
def show_factor() -> dict[str, Any]:
    """Say how the second factor of one's own account stands."""
    return _shown(at_work())


@bp.post("/desk/factor")
@bp.response(201, NewFactorSchema)
@desk_writes
def begin_factor() -> dict[str, str]:
    """Make a new secret; it counts for nothing until a code of it was entered."""
    who = at_work().staff
    login = staff.login_of(who)
    made = factors.begin(who, login=login, secret_key=settings().secret_key, now=clock.now())
    picture = base64.b64encode(png(made.uri, box=6)).decode("ascii")
    return {"secret": made.secret, "picture": f"data:image/png;base64,{picture}"}


@bp.post("/desk/factor/confirmation")
@bp.arguments(FactorCodeSchema)
@bp.response(201, RecoveryCodesSchema)
@desk_writes
def confirm_factor(given: dict[str, str]) -> dict[str, list[str]]:
    """Take the new secret into use; every other session of the account ends."""
    who = at_work().staff
    codes = factors.confirm(who, code=given["code"].strip(), secret_key=settings().secret_key, now=clock.now())
    staff.end_other_sessions(who, token=desk_token() or "")
    return {"recovery_codes": codes}


@bp.post("/desk/factor/removal")
@bp.arguments(ProofSchema)
@bp.response(200, FactorSchema)
def remove_factor(given: dict[str, str]) -> dict[str, Any]:
    """Take the second factor off, for a new phone: with the password and a code."""
    who = _proven(given)

    def act() -> None:
        factors.take_off(who, now=clock.now())
        staff.end_other_sessions(who, token=desk_token() or "")

    write_with_retries(act)
    return read_with_retries(lambda: _shown(at_work()))


@bp.post("/desk/password")
@bp.arguments(PasswordSchema)
@bp.response(204)
def change_password(given: dict[str, str]) -> Response:
    """Change one's own password; every other session of the account ends (ASVS 7.4.3)."""
    me = read_with_retries(lambda: at_work().staff)
    login = read_with_retries(lambda: staff.login_of(me))
    made = passwords.hashed(given["new_password"], about=(login, me.name))  # A weak one uses up no code.
    who = _proven(given)
    token = desk_token() or ""
    write_with_retries(lambda: staff.change_password(who, password_hash=made, token=token, now=clock.now()))
    return Response(status=204)


@bp.get("/desk/sessions")
@bp.response(200, SessionListSchema)
@desk_reads
def list_sessions() -> dict[str, Any]:
    """List the devices on which one's own account is at work."""
    who = at_work().staff
    return {"items": staff.open_sessions(who, token=desk_token() or "", now=clock.now())}


@bp.delete("/desk/sessions/<code>")
@bp.response(204)
@desk_writes
def end_session(code: str) -> Response:
    """End one of one's own sessions, at once."""
    staff.end_session(at_work().staff, code=code, now=clock.now())
    return Response(status=204)


def _proven(given: dict[str, str]) -> StaffMember:
    """Return who sent this request, after password and code were right; a wrong one counts like a failed login."""
    now = clock.now()
    who = read_with_retries(lambda: at_work().staff)
    login = read_with_retries(lambda: staff.login_of(who))
    _, attempt = right_password(login, given["password"], now=now)

    def judge() -> bool:
        code = given.get("code", "").strip()
        is_right = not factors.has_factor(who) or factors.use(who, code=code, secret_key=settings().secret_key, now=now)
        if is_right:
            logins.forget_failures(attempt)
        return is_right

    if not write_with_retries(judge):
        write_with_retries(lambda: logins.record_failure(attempt, now=now))
        raise logins.CodeWrong()
    return who


def _shown(found: AtWork) -> dict[str, Any]:
    return {
        "is_on": found.has_factor,
        "is_required": settings().security.second_factor_required and factors.needs_factor(found.staff),
        "recovery_codes_left": factors.recovery_codes_left(found.staff),
    }

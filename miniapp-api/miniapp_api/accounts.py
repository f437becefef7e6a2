"""What a person sees of his own ways in: joined accounts and logged-in phones, and how to end them."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields

from backend.core import clock
from backend.core.ids import token_hash
from backend.messages.queries import unread_count
from backend.people import accounts
from backend.people.entering import require_fresh
from backend.people.service import forget_other_sessions, keep_as_guest, phones_of
from backend.vault.fields import OWN, PHONE
from miniapp_api.edge import reads, writes
from miniapp_api.personal import Personal
from miniapp_api.sessions import PersonSchema, require_person, session_token
from miniapp_api.times import LocalTime

bp = Blueprint("accounts", __name__, description="我的登录方式：查看、移除、让其他手机退出。")


class AccountSchema(Schema):
    """One way in. `shown` is a masked phone number, or null for WeChat; `is_present`: this phone came by it."""

    code = fields.String(required=True)
    kind = fields.String(required=True, metadata={"enum": ["wechat_mini", "wechat_official", "phone"]})
    shown = Personal(PHONE, to=OWN, required=True, allow_none=True)
    joined_at = LocalTime(required=True)
    used_at = LocalTime(required=True)
    is_present = fields.Boolean(required=True)


class PhoneSessionSchema(Schema):
    """One phone that opens what is this person's."""

    opened_at = LocalTime(required=True)
    ends_at = LocalTime(required=True)
    is_here = fields.Boolean(required=True)


class MyAccountSchema(Schema):
    """A person's ways in. A guest has none: what he gave is known on this phone alone."""

    person = fields.Nested(PersonSchema, required=True)
    is_guest = fields.Boolean(required=True)
    accounts = fields.List(fields.Nested(AccountSchema), required=True)
    phones = fields.List(fields.Nested(PhoneSessionSchema), required=True)
    unread = fields.Integer(required=True)


class SureQuery(Schema):
    """`sure` says that the last way in may go too."""

    sure = fields.Boolean(load_default=False)


class EndedSchema(Schema):
    """How many phones were logged out."""

    ended = fields.Integer(required=True)


@bp.get("/me/account")
@bp.response(200, MyAccountSchema)
@reads
def show_my_account() -> dict[str, Any]:
    """Show by what this person can come back, and which phones are open (ASVS 7.5.2)."""
    person, token, now = require_person(), session_token() or "", clock.now()
    mine = accounts.accounts_of(person.id, token_hash=token_hash(token))
    return {
        "person": person,
        "is_guest": not mine,
        "accounts": mine,
        "phones": phones_of(person.id, token=token, now=now),
        "unread": unread_count(person.id),
    }


@bp.delete("/me/accounts/<code>")
@bp.arguments(SureQuery, location="query")
@bp.response(204)
@writes
def take_account_off(asked: dict[str, Any], code: str) -> None:
    """Take one way in off; phones that came by it are logged out. The last one only when `sure`."""
    person, token, now = require_person(), session_token() or "", clock.now()
    require_fresh(token, now=now)
    mine: dict[str, Any] = {"person_id": person.id, "actor": person.code, "token_hash": token_hash(token)}
    if accounts.take_off(code=code, is_sure=asked["sure"], now=now, **mine):
        keep_as_guest(token, now=now)


@bp.delete("/me/phones")
@bp.response(200, EndedSchema)
@writes
def log_other_phones_out() -> dict[str, int]:
    """Log every other phone of this person out (ASVS 7.5.2)."""
    person = require_person()
    return {"ended": forget_other_sessions(session_token() or "", person_id=person.id)}

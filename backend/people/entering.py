"""Coming in by an account: whose phone this is from now on, and what is joined by it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from backend.core import audit
from backend.core.db import db
from backend.core.errors import Refusal
from backend.core.ids import token_hash
from backend.messages.service import tell
from backend.people import accounts
from backend.people.accounts import Identity
from backend.people.joining import join
from backend.people.models import DeviceSession, LoginAccount
from backend.people.service import Person, find_session, forget_session, make_person, open_session
from backend.vault import consent

LOGGED_IN_FOR = timedelta(days=7)
"""How long a login holds (ASVS 7.3.2); a guest's phone is remembered longer, since he has no way back."""
IS_FRESH_FOR = timedelta(minutes=15)
ADDED_TITLE = "增加了一种登录方式"
ADDED_TEXT = "您的账号增加了用{way}登录。如果不是您自己办的，请到“我的”里移除它。"


class LoginAgain(Refusal):
    """What opens or closes a way in needs a login of the last fifteen minutes (ASVS 7.5.1)."""

    status = 403
    code = "LOGIN_AGAIN"
    detail = "为了安全，请先重新登录一次，再做这个操作。"


@dataclass(frozen=True, kw_only=True)
class Entered:
    """A login that succeeded: the new token, whose it is, and whether something of his was joined by it."""

    token: str
    person: Person
    has_joined: bool


def log_in(identity: Identity, *, token: str | None, adds: bool, secret_key: str, now: datetime) -> Entered:
    """Log a phone in by an account that was proven just now; the phone gets a new token (ASVS 7.2.4).

    A guest takes with him what he gave and served: an account that nobody had becomes his, else he and the account's
    person are joined. A phone that is logged in already changes to the other person, unless its owner `adds` this
    account to his own: then both are joined. Refuses `LoginAgain` when he adds with a login that is not fresh.
    """
    here = None if token is None else find_session(token, now=now)
    is_guest = here is not None and not accounts.has_account(here.id)
    if adds and here is not None and not is_guest:
        require_fresh(token or "", now=now)
    mine = here.id if here is not None and (is_guest or adds) else None
    account_id, owner = _claim(identity, mine, secret_key=secret_key, now=now)
    stays = owner if mine is None else join(owner, mine, now=now)
    if token is not None:
        forget_session(token)
    purpose = consent.PHONE_LOGIN if identity.kind == accounts.PHONE else consent.WECHAT_LOGIN
    consent.give(person_id=stays, purpose=purpose, now=now)
    new_token = open_session(stays, account_id=account_id, logged_in_at=now, ends_at=now + LOGGED_IN_FOR, now=now)
    person = Person(id=stays, code=accounts.person_by_id(stays).code)
    audit.record(action="people.login", actor=person.code, subject=person.code, now=now, kind=identity.kind)
    return Entered(token=new_token, person=person, has_joined=mine not in (None, owner))


def require_fresh(token: str, *, now: datetime) -> None:
    """Refuse `LoginAgain` when the phone with this token did not log in within the last fifteen minutes."""
    mine = select(DeviceSession.logged_in_at).where(DeviceSession.token_hash == token_hash(token))
    logged_in_at = db.session.scalar(mine)
    if logged_in_at is None or logged_in_at <= now - IS_FRESH_FOR:
        raise LoginAgain()


def _claim(identity: Identity, mine: int | None, *, secret_key: str, now: datetime) -> tuple[int, int]:
    """Return the number of the account and of the person it leads to; an account that nobody had is made `mine`.

    Of two phones that bring one new account at one moment, one writes it down and the other then finds it. Persons
    whom WeChat calls one human in two apps are joined; of two such logins at one moment, the next login joins them.
    """
    account = accounts.find_account(identity, secret_key=secret_key)
    if account is None:
        owner = accounts.person_of(identity, secret_key=secret_key) or mine or make_person(now=now).id
        had_one = accounts.has_account(owner)
        made = accounts.add_account(identity, person_id=owner, secret_key=secret_key, now=now)
        if made is not None:
            if had_one:
                _tell_of_account(made, identity.kind, person_id=owner, now=now)
            return made, owner
        account = accounts.find_account(identity, secret_key=secret_key)
        assert account is not None, "the account that was in the way is there"
    accounts.note_use(account.id, identity, secret_key=secret_key, now=now)
    owner = join(account.person_id, account.person_id, now=now)
    for twin in accounts.twins_of(account.id, identity, secret_key=secret_key):
        owner = join(owner, twin, now=now)
    return account.id, owner


def _tell_of_account(account_id: int, kind: str, *, person_id: int, now: datetime) -> None:
    """Tell whoever had a way in already that there is one more: on a shared phone it may not be his own."""
    text = ADDED_TEXT.format(way="手机号" if kind == accounts.PHONE else "微信")
    code = db.session.scalars(select(LoginAccount.code).where(LoginAccount.id == account_id)).one()
    told = {"kind": "account.added", "key": code, "title": ADDED_TITLE, "text": text}
    tell(person_id=person_id, **told, link="/me", now=now)

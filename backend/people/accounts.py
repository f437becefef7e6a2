"""The accounts by which people come back: finding them, listing them, taking one off again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, delete, func, insert, select, update

from backend.core import audit
from backend.core.config import Settings
from backend.core.db import db
from backend.core.errors import NotFound, Refusal
from backend.core.ids import new_code
from backend.people.humans import head_id, same_human
from backend.people.models import DeviceSession, LoginAccount, Person
from backend.people.sealed import blind_index
from backend.vault import consent
from backend.vault import service as vault
from backend.vault.fields import OPENID, PHONE_MASK, masked
from backend.vault.fields import PHONE as PHONE_FIELD
from backend.vault.models import VaultValue
from backend.vault.queries import value_of, values_of

WECHAT_MINI, WECHAT_OFFICIAL, PHONE = "wechat_mini", "wechat_official", "phone"
WECHAT_KINDS = (WECHAT_MINI, WECHAT_OFFICIAL)


class LastWayIn(Refusal):
    """Without this account nobody could come back to this person from another phone; who means it says so."""

    code = "LAST_WAY_IN"
    detail = "这是最后一种登录方式，移除后换手机就找不回这些记录了。"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who WeChat or a one-time code says is there: an openid in one of our apps, or a phone number (`app_id` empty).

    `unionid` is the same for one human in all our apps; WeChat tells it only where the apps are bound together.
    """

    kind: str
    app_id: str
    subject: str
    unionid: str | None = None


@dataclass(frozen=True, kw_only=True)
class AccountView:
    """An account as its owner sees it; `shown` is a masked phone number, or None for WeChat."""

    code: str
    kind: str
    shown: str | None
    joined_at: datetime
    used_at: datetime
    is_present: bool


def openid_of(*, person_id: int, app_id: str) -> str | None:
    """Return the openid under which WeChat knows this person in this app, the one used last, or None."""
    mine = LoginAccount.person_id.in_(same_human(person_id)) & LoginAccount.kind.in_(WECHAT_KINDS)
    statement = select(LoginAccount).where(mine, LoginAccount.app_id == app_id)
    row = db.session.scalars(statement.order_by(LoginAccount.used_at.desc(), LoginAccount.id.desc()).limit(1)).first()
    return None if row is None else value_of(OPENID, row.code)


def openid_here(*, token_hash: str, app_id: str, now: datetime) -> str | None:
    """Return the openid by which the phone with this token logged in at this app, None when it came otherwise."""
    here = (DeviceSession.token_hash == token_hash) & (DeviceSession.ends_at > now)
    by_it = select(LoginAccount.code).join(DeviceSession, DeviceSession.account_id == LoginAccount.id)
    code = db.session.scalar(by_it.where(here, LoginAccount.kind == WECHAT_MINI, LoginAccount.app_id == app_id))
    return None if code is None else value_of(OPENID, code)


def mini_openids(settings: Settings) -> Callable[[int], str | None]:
    """Return what says under which openid the mini-program knows a person; who never came by it has none."""
    app_id = "" if settings.wechat.mini is None else settings.wechat.mini.app_id
    return lambda person_id: openid_of(person_id=person_id, app_id=app_id)


def person_of(identity: Identity, *, secret_key: str) -> int | None:
    """Return the number of the person whom an account, or another one with its unionid, leads to, or None."""
    statement = select(head_id(LoginAccount.person_id)).where(_named(identity, secret_key=secret_key))
    found = db.session.scalar(statement)
    if found is not None or identity.unionid is None:
        return found
    same = LoginAccount.union_index == union_index(identity.unionid, secret_key=secret_key)
    return db.session.scalar(select(head_id(LoginAccount.person_id)).where(same).order_by(LoginAccount.id).limit(1))


def find_account(identity: Identity, *, secret_key: str) -> LoginAccount | None:
    """Return the row of an account and hold it, or None when nobody has it."""
    statement = select(LoginAccount).where(_named(identity, secret_key=secret_key)).with_for_update()
    return db.session.scalars(statement.execution_options(populate_existing=True)).first()


def add_account(identity: Identity, *, person_id: int, secret_key: str, now: datetime) -> int | None:
    """Give a person an account that nobody has; return its number, or None when somebody was quicker."""
    code, index = new_code(), _index(identity, secret_key=secret_key)
    told = {"field": _field(identity.kind), "row": code, "value": identity.subject, "blind_index": index}
    if not vault.put_once(person_id=person_id, **told, now=now):
        return None
    row = insert(LoginAccount).values(
        code=code,
        person_id=person_id,
        kind=identity.kind,
        app_id=identity.app_id,
        union_index=None if identity.unionid is None else union_index(identity.unionid, secret_key=secret_key),
        joined_at=now,
        used_at=now,
    )
    return db.session.scalar(row.returning(LoginAccount.id))


def has_account(person_id: int) -> bool:
    """Say whether a person can come back by an account; one who cannot is a guest."""
    return db.session.scalar(_mine(person_id).limit(1)) is not None


def accounts_of(person_id: int, *, token_hash: str) -> list[AccountView]:
    """Return a person's accounts, the oldest first; the one that this phone logged in by `is_present`."""
    present = select(DeviceSession.account_id).where(DeviceSession.token_hash == token_hash)
    by_present = func.coalesce(LoginAccount.id == present.scalar_subquery(), False)
    statement = select(LoginAccount, by_present).where(LoginAccount.person_id.in_(same_human(person_id)))
    rows = db.session.execute(statement.order_by(LoginAccount.joined_at, LoginAccount.id)).all()
    phones = values_of((PHONE_FIELD,), (row.code for row, _ in rows))
    return [
        AccountView(
            code=row.code,
            kind=row.kind,
            shown=masked(phones[PHONE_FIELD, row.code], PHONE_MASK) if (PHONE_FIELD, row.code) in phones else None,
            joined_at=row.joined_at,
            used_at=row.used_at,
            is_present=bool(is_present),
        )
        for row, is_present in rows
    ]


def take_off(*, code: str, person_id: int, is_sure: bool, token_hash: str, actor: str, now: datetime) -> bool:
    """Take an account off a person; return whether it was the last. What was given and served stays.

    Every other phone that logged in by it is logged out; the one with this token stays, and no longer by it.

    Refuses `NotFound` for an account that is not this person's, and `LastWayIn` unless he `is_sure`. Two who take
    off the last two at one moment are one after the other: both hold all of the person's accounts.
    """
    held = db.session.scalars(_mine(person_id).order_by(LoginAccount.id).with_for_update()).all()
    rows = {row.code: row for row in db.session.scalars(select(LoginAccount).where(LoginAccount.id.in_(held)))}
    if code not in rows:
        raise NotFound()
    if len(rows) == 1 and not is_sure:
        raise LastWayIn()
    gone, is_last = rows[code], len(rows) == 1
    by_it, is_here = DeviceSession.account_id == gone.id, DeviceSession.token_hash == token_hash
    db.session.execute(delete(DeviceSession).where(by_it, ~is_here))
    db.session.execute(update(DeviceSession).where(by_it).values(account_id=None))
    db.session.execute(delete(LoginAccount).where(LoginAccount.id == gone.id))
    vault.drop(row=gone.code, fields=(OPENID, PHONE_FIELD))
    if not any((row.kind == PHONE) == (gone.kind == PHONE) for row in rows.values() if row is not gone):
        purpose = consent.PHONE_LOGIN if gone.kind == PHONE else consent.WECHAT_LOGIN
        consent.take_back(person_id=person_id, purposes=(purpose,), now=now)
    audit.record(action="people.account_off", actor=actor, subject=actor, now=now, kind=gone.kind, last=is_last)
    return is_last


def note_use(account_id: int, identity: Identity, *, secret_key: str, now: datetime) -> None:
    """Note that an account was used just now, and the unionid that WeChat may have begun to tell."""
    values: dict[str, object] = {"used_at": now}
    if identity.unionid is not None:
        values["union_index"] = union_index(identity.unionid, secret_key=secret_key)
    db.session.execute(update(LoginAccount).where(LoginAccount.id == account_id).values(values))


def twins_of(account_id: int, identity: Identity, *, secret_key: str) -> list[int]:
    """Return the persons of the other accounts that WeChat says are the same human."""
    if identity.unionid is None:
        return []
    same = LoginAccount.union_index == union_index(identity.unionid, secret_key=secret_key)
    statement = select(LoginAccount.person_id).where(same, LoginAccount.id != account_id)
    return list(db.session.scalars(statement.order_by(LoginAccount.id)))


def person_by_id(person_id: int) -> Person:
    """Return the row of a person who is known to be there."""
    return db.session.get_one(Person, person_id)


def union_index(unionid: str, *, secret_key: str) -> str:
    """Return the keyed hash by which one human is known in two apps."""
    return blind_index(unionid, purpose="unionid", secret_key=secret_key)


def _named(identity: Identity, *, secret_key: str):  # type: ignore[no-untyped-def]  # a SQL expression
    index = _index(identity, secret_key=secret_key)
    mine = (VaultValue.field == _field(identity.kind)) & (VaultValue.blind_index == index)
    return LoginAccount.code == select(VaultValue.row).where(mine).scalar_subquery()


def _mine(person_id: int) -> Select[int]:
    return select(LoginAccount.id).where(LoginAccount.person_id.in_(same_human(person_id)))


def _index(identity: Identity, *, secret_key: str) -> str:
    return blind_index(identity.subject, purpose=f"{identity.kind} {identity.app_id}", secret_key=secret_key)


def _field(kind: str) -> str:
    return PHONE_FIELD if kind == PHONE else OPENID

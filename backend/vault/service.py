"""Putting values into the vault, taking them out of it, and destroying a person's key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select

from backend.core.db import db, insert_once
from backend.core.errors import Refusal
from backend.core.ids import new_code
from backend.people.humans import same_human
from backend.vault import keyring
from backend.vault.models import VaultKey, VaultValue


class PersonErased(Refusal):
    """This person's key was destroyed at his wish: nothing can be kept for him any more."""

    status = 410
    code = "PERSON_ERASED"
    detail = "您的个人信息已删除，这个身份不能再写入内容。请刷新页面后重新开始。"


def put(*, person_id: int, row: str, values: Mapping[str, str | None], now: datetime) -> None:
    """Keep the values of one thing by field; None takes a value out. Refuses `PersonErased`.

    Must run in the transaction of what the values belong to.
    """
    gone = [field for field, value in values.items() if value is None]
    if gone:
        db.session.execute(delete(VaultValue).where(VaultValue.field.in_(gone), VaultValue.row == row))
    told = {field: value for field, value in values.items() if value is not None}
    if not told:
        return
    held = _held_key(person_id, now=now)
    rows = [_sealed(held, field, row, value, now=now) for field, value in told.items()]
    statement = insert_once(VaultValue)
    fresh = {name: getattr(statement.excluded, name) for name in ("key_id", "sealed", "changed_at")}
    db.session.execute(statement.values(rows).on_conflict_do_update(index_elements=["field", "row"], set_=fresh))


def put_once(*, person_id: int, field: str, row: str, value: str, blind_index: str, now: datetime) -> bool:
    """Keep a value that nobody else may have in this field; say whether nobody had it. Refuses `PersonErased`."""
    told = _sealed(_held_key(person_id, now=now), field, row, value, now=now) | {"blind_index": blind_index}
    kept = insert_once(VaultValue).values(**told).on_conflict_do_nothing().returning(VaultValue.row)
    return db.session.scalar(kept) is not None


def drop(*, row: str, fields: tuple[str, ...]) -> None:
    """Take values of one thing out."""
    db.session.execute(delete(VaultValue).where(VaultValue.row == row, VaultValue.field.in_(fields)))


def drop_all(*, person_id: int, fields: tuple[str, ...]) -> None:
    """Take every value of these fields out that a human has, under whatever row of his."""
    mine = select(VaultKey.key_id).where(VaultKey.person_id.in_(same_human(person_id)))
    db.session.execute(delete(VaultValue).where(VaultValue.key_id.in_(mine), VaultValue.field.in_(fields)))


def _held_key(person_id: int, *, now: datetime) -> tuple[str, bytes]:
    """Return a person's key, made at the first value. Its row is held shared, so that an erasure waits or is seen."""
    mine = select(VaultKey).where(VaultKey.person_id == person_id).with_for_update(read=True)
    mine = mine.execution_options(populate_existing=True)
    row = db.session.scalars(mine).first()
    if row is None:
        _make_key(person_id, now=now)
        row = db.session.scalars(mine).one()
    if row.destroyed_at is not None:
        raise PersonErased()
    return row.key_id, keyring.unwrapped(row.wrapped, kek_id=row.kek_id, keys=keyring.here(), key_id=row.key_id)


def _make_key(person_id: int, *, now: datetime) -> None:
    keys, key_id = keyring.here(), new_code(12)
    wrapped = keyring.new_wrapped_key(keys=keys, key_id=key_id)
    told = {"key_id": key_id, "person_id": person_id, "wrapped": wrapped, "kek_id": keys.current, "made_at": now}
    db.session.execute(insert_once(VaultKey).values(**told).on_conflict_do_nothing())


def _sealed(held: tuple[str, bytes], field: str, row: str, value: str, *, now: datetime) -> dict[str, object]:
    key_id, key = held
    sealed = keyring.seal(value, key=key, key_id=key_id, field=field, row=row)
    return {"field": field, "row": row, "key_id": key_id, "sealed": sealed, "changed_at": now}

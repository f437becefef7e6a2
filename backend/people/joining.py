"""Joining two persons who turn out to be one human (ADR-0017)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, insert, select, update

from backend.core import audit, idempotency
from backend.core.db import db
from backend.messages.service import tell
from backend.people.humans import head_id
from backend.people.models import JoinedPerson, LoginAccount, Person
from backend.volunteers.joining import free_double_seats

NEVER = "9999"
TITLE = "两个账号合在一起了"
TEXT = (
    "您的两个账号现在是一个：捐款、志愿时长和消息都放在一处，两边的登录方式都能进来。"
    "如果不是您自己办的，请到“我的”里移除不认识的登录方式。"
)


def join(one: int, other: int, *, now: datetime) -> int:
    """Make two persons one human; return the number of the one that stands for both.

    The person with the older account stays; a guest has none and joins the other. Joining again, or the other way
    round at the same moment, changes nothing: both rows are held, and whoever comes second finds one human. What
    either gave, shared or served stays under the number it was done under, and is read as one. Of two seats in one
    activity the one that holds no hours is given back. Answers kept under Idempotency-Keys are kept for the human, so
    that a request repeated after the login still counts once. Where both had accounts the inbox, from now on one for
    both, tells of it once; a guest only takes along what this very phone did.
    """
    heads = _held_heads(one, other)
    if len(heads) == 1:
        return heads[0]
    stays, joins = sorted(heads, key=_age)
    was_known = _age(joins)[0] != NEVER
    db.session.execute(update(JoinedPerson).where(JoinedPerson.head_id == joins).values(head_id=stays))
    db.session.execute(insert(JoinedPerson).values(person_id=joins, head_id=stays, joined_at=now))
    rows = db.session.execute(select(Person.id, Person.code).where(Person.id.in_(heads)))
    codes = {row.id: row.code for row in rows}
    idempotency.move_answers(from_scope=f"person:{codes[joins]}", to_scope=f"person:{codes[stays]}")
    free_double_seats(stays, now=now)
    if was_known:
        tell(person_id=stays, kind="account.joined", key=codes[joins], title=TITLE, text=TEXT, link="/me", now=now)
    audit.record(action="people.join", actor=codes[stays], subject=codes[stays], now=now, joined=codes[joins])
    return stays


def _held_heads(one: int, other: int) -> list[int]:
    """Hold the two rows that stand for these persons, in one order for everybody, and return them; one if they are one.

    Between looking and holding, another join may have made one of them stand behind a third: then look again.
    """
    while True:
        heads = _heads(one, other)
        db.session.execute(select(Person.id).where(Person.id.in_(heads)).order_by(Person.id).with_for_update())
        if heads == _heads(one, other):
            return heads


def _heads(one: int, other: int) -> list[int]:
    found = db.session.execute(select(head_id(one), head_id(other))).one()
    return sorted(set(found))


def _age(person_id: int) -> tuple[str, int]:
    """Return what the older of two sorts first by: the first account joined, then the earlier person."""
    mine = select(func.min(LoginAccount.joined_at)).where(head_id(LoginAccount.person_id) == person_id)
    first = db.session.scalar(mine)
    return (NEVER if first is None else first.isoformat(), person_id)

"""Who is who: the rows of `people` that are one human (ADR-0017).

Whoever asks what belongs to a person asks for all rows of the human: `Gift.person_id.in_(same_human(person_id))`. What
was done under a joined row keeps its number, so nothing is moved, lost or counted twice when two persons are joined.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, func, select, union_all

from backend.core.db import db
from backend.people.models import JoinedPerson, Person


def head_id(person_id: Any) -> ColumnElement[int]:
    """Return, in SQL, the row that stands for this person's human: itself, or the older one it was joined to.

    `person_id` is a number or a column.
    """
    older = select(JoinedPerson.head_id).where(JoinedPerson.person_id == person_id)
    return func.coalesce(older.scalar_subquery(), person_id)


def same_human(person_id: int) -> CompoundSelect[Any]:
    """Return, in SQL, the numbers of all rows that are the same human as this person, itself among them."""
    head = head_id(person_id)
    return union_all(select(head), select(JoinedPerson.person_id).where(JoinedPerson.head_id == head))


def code_of(person_id: int) -> str:
    """Return the public code of a person who is known to be there."""
    return db.session.scalars(select(Person.code).where(Person.id == person_id)).one()


def is_same_human(one: int, other: int) -> bool:
    """Say whether two persons are one human."""
    return one == other or bool(db.session.scalar(select(head_id(one) == head_id(other))))


def heads_of(person_ids: Iterable[int]) -> dict[int, int]:
    """Return, for each of these persons, the row that stands for the human."""
    asked = set(person_ids)
    joined = select(JoinedPerson.person_id, JoinedPerson.head_id).where(JoinedPerson.person_id.in_(asked))
    return {one: one for one in asked} | {row.person_id: row.head_id for row in db.session.execute(joined)}


def rows_of(heads: Iterable[int]) -> dict[int, int]:
    """Return every row of these humans with the head it belongs to, the heads themselves among them."""
    asked = set(heads)
    joined = select(JoinedPerson.person_id, JoinedPerson.head_id).where(JoinedPerson.head_id.in_(asked))
    return {head: head for head in asked} | {row.person_id: row.head_id for row in db.session.execute(joined)}

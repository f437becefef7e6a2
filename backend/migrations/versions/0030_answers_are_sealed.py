"""Answers that are kept for repeats are sealed: names and messages of givers stood in them in the clear, for a week.

Sealed, not deleted: without them a request sent again would act again. Needs the key of the environment, as the vault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from backend.core.idempotency import place_of
from backend.vault.answers import AnswerSealer

revision = "0030"
down_revision = "0029"

CHUNK = 500
ANSWERS = sa.table("kept_answers", *map(sa.column, ("scope", "key", "fingerprint", "body")))


def upgrade() -> None:
    """Seal what is kept, also what a request noted that is still under way."""
    _change(AnswerSealer().seal)


def downgrade() -> None:
    """Open it again. What does not open stays as it is: a repeat gets no answer then, and acts no second time."""
    _change(AnswerSealer().unseal)


def _change(act: Callable[..., str | None]) -> None:
    for row in _rows():
        told = act(row.body, place=place_of(key=row.key, fingerprint=row.fingerprint))
        mine = (ANSWERS.c.scope == row.scope) & (ANSWERS.c.key == row.key)
        if told is not None:
            op.get_bind().execute(sa.update(ANSWERS).where(mine).values(body=told))


def _rows() -> Iterator[Any]:
    """Read in blocks: a province gives some hundred thousand answers a week."""
    last = ("", "")
    place = sa.tuple_(ANSWERS.c.scope, ANSWERS.c.key)
    statement = sa.select(ANSWERS).where(ANSWERS.c.body.is_not(None)).order_by(ANSWERS.c.scope, ANSWERS.c.key)
    while rows := op.get_bind().execute(statement.where(place > last).limit(CHUNK)).all():
        yield from rows
        last = (rows[-1].scope, rows[-1].key)

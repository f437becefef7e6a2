"""Whether words may be shown, and those that wait for a person at the desk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, literal, select
from sqlalchemy.orm import InstrumentedAttribute

from backend.content.models import HELD, REJECTED, SHOWN_STATES, WordCheck
from backend.content.words import words_of
from backend.core.db import db


@dataclass(frozen=True, kw_only=True)
class WordsState:
    """How far somebody's words have come, as their writer is told: shown, waiting, or rejected with a reason."""

    state: str
    reason: str | None = None


SHOWN = WordsState(state="shown")


@dataclass(frozen=True, kw_only=True)
class HeldWords:
    """Words that the check did not let pass, as the desk reads them. `label` is WeChat's number for its reason."""

    id: int
    code: str
    kind: str
    subject: str
    person_id: int
    region_code: str
    version: int
    held_for: str
    label: int | None
    submitted_at: datetime
    name: str | None
    message: str | None


def is_hidden(kind: str, subject: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Return the question, for a statement over the words of `kind`, whether nobody else may see them.

    What was never handed in is shown: where no check is set up, nothing is.
    """
    mine = (WordCheck.kind == kind) & (WordCheck.subject == subject)
    return exists().where(mine, WordCheck.state.not_in(SHOWN_STATES))


def hidden_among(kind: str, subjects: Iterable[str]) -> set[str]:
    """Return those of these things whose words nobody else may see."""
    mine = (WordCheck.kind == kind) & WordCheck.subject.in_(list(subjects))
    return set(db.session.scalars(select(WordCheck.subject).where(mine, WordCheck.state.not_in(SHOWN_STATES))))


def state_of(kind: str, subject: str) -> WordsState:
    """Return how far the words of one thing have come."""
    mine = (WordCheck.kind == kind) & (WordCheck.subject == subject)
    found = db.session.execute(select(WordCheck.state, WordCheck.reason).where(mine)).first()
    if found is None or found.state in SHOWN_STATES:
        return SHOWN
    return WordsState(state=REJECTED if found.state == REJECTED else "waiting", reason=found.reason)


def held_words(*, prefix: str, before_id: int | None, limit: int) -> list[HeldWords]:
    """Return the words that wait for a person in the regions under `prefix`, newest first."""
    held = (WordCheck.state == HELD, WordCheck.region_code.startswith(literal(prefix)))
    statement = select(WordCheck).where(*held)
    if before_id is not None:
        statement = statement.where(WordCheck.id < before_id)
    rows = db.session.scalars(statement.order_by(WordCheck.id.desc()).limit(limit)).all()
    words = words_of((row.kind, row.subject) for row in rows)
    return [_held(row, *words.get((row.kind, row.subject), (None, None))) for row in rows]


def find_words(code: str) -> WordCheck | None:
    """Return the check of this code, or None."""
    named = select(WordCheck).where(WordCheck.code == code).execution_options(populate_existing=True)
    return db.session.scalars(named).first()


def _held(row: WordCheck, name: str | None, message: str | None) -> HeldWords:
    plain = ("id", "code", "kind", "subject", "person_id", "region_code", "version", "label", "submitted_at")
    told = {field: getattr(row, field) for field in plain}
    return HeldWords(**told, held_for=row.held_for or "", name=name, message=message)

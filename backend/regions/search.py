"""Finding a place by a part of its name, in well under ten milliseconds among 665,276 units (ADR-0004)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, union_all

from backend.core.db import db
from backend.core.text import clean_line
from backend.regions.models import RegionEnding
from backend.regions.names import (
    TEXT_LIMIT,
    UPPER_INNER,
    UPPER_START,
    VILLAGE_INNER,
    VILLAGE_START,
    Word,
    exact_forms,
    splits_of,
    word_of,
    words_of,
)
from backend.regions.queries import RegionView, views_of
from backend.regions.refusals import SearchTooShort

LIMIT_MAX = 50
UPPER_MAX = 1000
LAST_CHARACTER = "\U0010ffff"
_row = RegionEnding  # Its columns stand in every line below.


def search(text: str, *, limit: int = 20) -> list[RegionView]:
    """Return the units whose name holds the text, with their parents: exact names first, then those that begin
    with it, then the others; villages before larger units.

    Offices do not count: 众心村 finds 众心村委会. Several words, in any order, name a place and units it lies in:
    大丰 众心; the same without spaces is understood where no name holds it whole. Refuses `TextInvalid` (empty,
    over 60 characters, NUL) and `SearchTooShort` (no word of two characters).
    """
    words = words_of(clean_line(text, limit=TEXT_LIMIT, field="q"))
    if not words:
        raise SearchTooShort()
    limit = max(1, min(limit, LIMIT_MAX))
    parts = [word_of(word) for word in words]
    # People mostly name the smallest unit last, but any of the words may be it.
    readings = [(parts[at], parts[:at] + parts[at + 1 :]) for at in reversed(range(len(parts)))]
    if len(words) == 1:
        splits = (list(map(word_of, split)) for split in splits_of(words[0]))
        readings += [(split[-1], split[:-1]) for split in splits]
    codes = next(filter(None, (_places(word, within=within, limit=limit) for word, within in readings)), [])
    return list(views_of(codes).values())


def _places(word: Word, *, within: Sequence[Word], limit: int) -> list[str]:
    """Return the codes of the places that a word names within others, best first, or none."""
    conditions = []
    for parent in within:
        codes = _upper_units(parent)
        if not codes:
            return []
        conditions.append(_lies_in(codes))
    found = dict.fromkeys(db.session.scalars(_whole_names(word).where(*conditions).limit(limit)))
    if len(found) < limit:
        found.update(dict.fromkeys(db.session.scalars(_inner_names(word, conditions, limit))))
    return list(found)[:limit]


def _whole_names(word: Word) -> Select[str]:
    """Select names that begin with the word; at most some thousand, so that they can be sorted by worth.

    A village's code goes on with 2 or more where the community's has 0 or 1: that kind goes first which was named.
    """
    is_longer = _row.ending.not_in(exact_forms(word))
    is_other_kind = (func.substr(_row.code, 10, 1) < "2") != word.is_community
    order: list[Any] = [is_longer, _row.place, is_other_kind, func.length(_row.ending), _row.code]
    if word.typed != word.core:
        order.insert(0, _row.ending != word.typed)
    begins = _row.place.in_((VILLAGE_START, UPPER_START))
    return select(_row.code).where(begins, *_holds(word)).order_by(*order)


def _inner_names(word: Word, conditions: Sequence[ColumnElement[bool]], limit: int) -> Select[str]:
    """Select names that hold the word further on, as the key has them: those that end with it, then the others.

    Each kind of unit runs along the key by itself and stops at the limit, so that nothing long is ever sorted.
    """
    rows = select(_row.place, _row.ending, _row.code).where(*_holds(word), *conditions)
    kinds = (rows.where(_row.place == place) for place in (VILLAGE_INNER, UPPER_INNER))
    parts = (select(kind.order_by(_row.ending, _row.code).limit(limit).subquery()) for kind in kinds)
    both = union_all(*parts).subquery().c
    return select(both.code).order_by(both.place, both.ending, both.code).limit(limit)


def _holds(word: Word) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return _row.ending >= word.core, _row.ending < word.core + LAST_CHARACTER


def _upper_units(word: Word) -> Sequence[str]:
    """Return the codes of larger units whose name holds the word; a word that a thousand hold, narrows nothing."""
    is_upper = _row.place.in_((UPPER_START, UPPER_INNER))
    return db.session.scalars(select(_row.code).where(is_upper, *_holds(word)).limit(UPPER_MAX)).all()


def _lies_in(codes: Sequence[str]) -> ColumnElement[bool]:
    """Ask that one of the units holds the place: a parent's code is the beginning of the place's."""
    by_length: dict[int, list[str]] = {}
    for code in codes:
        by_length.setdefault(len(code), []).append(code)
    return or_(*(func.substr(_row.code, 1, length).in_(found) for length, found in by_length.items()))

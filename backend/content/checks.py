"""What `verify` asks of the word checks: nothing is known of words that are gone."""

from __future__ import annotations

from sqlalchemy import select

from backend.content.models import WordCheck
from backend.content.words import words_of
from backend.core.db import db

SHOWN = 20


def check_content() -> list[str]:
    """Return one sentence for each check whose words are gone; an empty list is clean."""
    rows = db.session.execute(select(WordCheck.code, WordCheck.kind, WordCheck.subject)).all()
    there = words_of((row.kind, row.subject) for row in rows)
    gone = [row.code for row in rows if (row.kind, row.subject) not in there]
    return [f"文字审核 {code} 的文字已不在" for code in gone[:SHOWN]]

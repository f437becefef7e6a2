"""Asking WeChat about the words that wait, a second after they were written; its yes shows them, all else a person.

Committed, then asked with no transaction open, then written down (law 13): the gift never waits for it (law 7), and a
process that dies in between leaves words that wait, not words that are shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, update

from backend.content.models import HELD, PASSED, WAITING, WordCheck
from backend.content.words import Words, words_of
from backend.core.db import db, write_with_retries
from backend.core.errors import Refusal
from backend.wechat.refusals import WechatRefused
from backend.wechat.results import TextVerdict
from backend.wechat.server import COMMENT, PROFILE, WechatServer

log = structlog.get_logger()
LEASE = timedelta(seconds=60)
PAUSES = (timedelta(seconds=5), timedelta(seconds=30))
"""How long to wait after the first and the second silence; after the third a person reads the words."""
RISKY_ERRCODE, NOT_VISITED_ERRCODE = 87014, 61010
FindOpenid = Callable[[int], str | None]


@dataclass(frozen=True, kw_only=True)
class _Question:
    """Words in the hand of one worker."""

    id: int
    code: str
    version: int
    attempts: int
    openid: str | None
    words: Words


def has_due(*, now: datetime) -> bool:
    """Say whether words wait to be asked about."""
    return db.session.scalar(select(WordCheck.id).where(WordCheck.next_at <= now).limit(1)) is not None


def ask_due(*, wechat: WechatServer, find_openid: FindOpenid, now: datetime, limit: int = 10) -> int:
    """Ask about the words that are due; return how many got an answer. For the worker; opens its own transactions.

    Only `suggest: pass` shows them (bad input 42). WeChat's doubt, a writer whom WeChat does not know or has not seen
    for two hours, and a third silence hold them for a person.
    """
    answered = 0
    for question in write_with_retries(lambda: _claim(find_openid, now=now, limit=limit)):
        values = _answer(question, wechat, now=now)
        answered += values["state"] != WAITING
        write_with_retries(lambda: _note(question, values))  # noqa: B023 - called at once.
    return answered


def _claim(find_openid: FindOpenid, *, now: datetime, limit: int) -> list[_Question]:
    due = select(WordCheck).where(WordCheck.next_at <= now).order_by(WordCheck.next_at, WordCheck.id).limit(limit)
    rows = db.session.scalars(due.with_for_update(skip_locked=True).execution_options(populate_existing=True)).all()
    words = words_of((row.kind, row.subject) for row in rows)
    questions = []
    for row in rows:
        row.next_at, row.attempts = now + LEASE, row.attempts + 1
        found = words.get((row.kind, row.subject), (None, None))
        questions.append(_question(row, find_openid(row.person_id), found))
    return questions


def _question(row: WordCheck, openid: str | None, words: Words) -> _Question:
    return _Question(id=row.id, code=row.code, version=row.version, attempts=row.attempts, openid=openid, words=words)


def _answer(question: _Question, wechat: WechatServer, *, now: datetime) -> dict[str, object]:
    """Return what to write down: the new state, and for held words why."""
    name, message = question.words
    if question.openid is None:
        return _held("no_account")
    text, place = (message, COMMENT) if message else (name, PROFILE)
    if not text:
        return {"state": PASSED, "next_at": None}
    try:
        verdict = wechat.check_text(
            f"{name}\n{text}" if name and message else text, openid=question.openid, place=place, nickname=name, now=now
        )
    except Refusal as refusal:
        return _after_no(question, refusal, now=now)
    return _after_verdict(verdict)


def _after_verdict(verdict: TextVerdict) -> dict[str, object]:
    if verdict.passes:
        return {"state": PASSED, "next_at": None, "label": verdict.label}
    return _held(verdict.suggest, label=verdict.label)


def _after_no(question: _Question, refusal: Refusal, *, now: datetime) -> dict[str, object]:
    if refusal.retryable and question.attempts <= len(PAUSES):
        return {"state": WAITING, "next_at": now + PAUSES[question.attempts - 1]}
    if not isinstance(refusal, WechatRefused) or refusal.retryable:
        return _held("silent")
    known = {RISKY_ERRCODE: "risky", NOT_VISITED_ERRCODE: "not_visited"}
    return _held(known.get(refusal.errcode, "refused"))


def _held(held_for: str, *, label: int | None = None) -> dict[str, object]:
    return {"state": HELD, "next_at": None, "held_for": held_for, "label": label}


def _note(question: _Question, values: dict[str, object]) -> None:
    """Write the answer down, unless the words were changed meanwhile: then the new ones wait already."""
    mine = (WordCheck.id == question.id) & (WordCheck.version == question.version) & (WordCheck.state == WAITING)
    db.session.execute(update(WordCheck).where(mine).values(values).execution_options(synchronize_session=False))
    if values["state"] == HELD:
        log.info("words_held", words=question.code, held_for=values["held_for"])

"""Handing words in for the check, and what a person at the desk decides about those that were held."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import delete, select, update

from backend.content.models import APPROVED, HELD, REJECTED, WAITING, WordCheck
from backend.core import audit
from backend.core.db import db, insert_once
from backend.core.errors import NotFound, Refusal
from backend.core.ids import new_code
from backend.core.text import clean_line
from backend.messages.service import tell
from backend.people.humans import same_human
from backend.people.rights import StaffMember, authorise

GIFT, SHARE = "gift", "share"
REASON_CHARS_MAX = 100
READ, DECIDE = "words.read", "words.decide"
_PAGES = {GIFT: "/gift?code={}", SHARE: "/shares"}


class WordsChanged(Refusal):
    """Their writer has changed the words since the desk read them, or somebody has decided already."""

    code = "WORDS_CHANGED"
    detail = "这条内容已被本人改写，或已有人处理，请刷新后再看。"


def submit(*, kind: str, subject: str, person_id: int, region_code: str, words: str, now: datetime) -> None:
    """Hand in what somebody wrote, in the transaction that keeps it; until it has passed nobody else is shown it.

    The same words again keep their verdict; other words wait anew. Nothing is refused: whoever gives, gives (law 7).
    Empty `words` need no check, and what was known of older ones is dropped.
    """
    if not words.strip():
        forget(kind=kind, subject=subject)
        return
    mine = (WordCheck.kind == kind) & (WordCheck.subject == subject)
    row = db.session.scalars(select(WordCheck).where(mine).with_for_update()).first()
    if row is None:
        code = new_code()
        values: dict[str, object] = {
            "code": code,
            "kind": kind,
            "subject": subject,
            "person_id": person_id,
            "region_code": region_code,
        }
        values |= {
            "version": 1,
            "fingerprint": _fingerprint(code, words),
            "state": WAITING,
            "next_at": now,
            "attempts": 0,
        }
        db.session.execute(insert_once(WordCheck).values(submitted_at=now, **values).on_conflict_do_nothing())
        return
    told = _fingerprint(row.code, words)
    if row.fingerprint == told:
        return
    row.version, row.fingerprint, row.state, row.attempts = row.version + 1, told, WAITING, 0
    row.submitted_at = row.next_at = now
    row.held_for = row.label = row.decided_at = row.decided_by = row.reason = None


def forget(*, kind: str, subject: str) -> None:
    """Drop what is known of words that are gone."""
    db.session.execute(delete(WordCheck).where(WordCheck.kind == kind, WordCheck.subject == subject))


def forget_all(*, kind: str, person_id: int) -> None:
    """Drop what is known of all words of a kind that a person wrote; called where the words themselves are deleted."""
    mine = WordCheck.person_id.in_(same_human(person_id))
    db.session.execute(delete(WordCheck).where(WordCheck.kind == kind, mine))


def approve(*, code: str, version: int, staff: StaffMember, now: datetime) -> None:
    """Show words that the check had held. Refuses `NotFound` and `WordsChanged`; the writer is told."""
    row = _decide(code, version, {"state": APPROVED}, staff=staff, now=now)
    audit.record(action="words.approve", actor=staff.code, subject=code, now=now, version=version)
    _tell(row, title="您的文字已通过审核", text="您写的文字已经展示出来，谢谢您的支持。", now=now)


def reject(*, code: str, version: int, reason: str, staff: StaffMember, now: datetime) -> None:
    """Keep words hidden, with the reason that their writer reads. Refuses `NotFound` and `WordsChanged`."""
    kept = clean_line(reason, limit=REASON_CHARS_MAX, field="reason")
    row = _decide(code, version, {"state": REJECTED, "reason": kept}, staff=staff, now=now)
    audit.record(action="words.reject", actor=staff.code, subject=code, now=now, version=version)
    text = f"原因：{kept}。捐赠和记录不受影响，您可以改写后再提交。"
    _tell(row, title="您的文字没有展示", text=text, now=now)


def _decide(code: str, version: int, values: dict[str, object], *, staff: StaffMember, now: datetime) -> WordCheck:
    """Write a decision down; of two who decide at once, and of a decision about older words, one is too late."""
    row = db.session.scalars(select(WordCheck).where(WordCheck.code == code)).first()
    if row is None:
        raise NotFound()
    authorise(staff, DECIDE, row.region_code, subject=code)
    still = (WordCheck.id == row.id) & (WordCheck.version == version) & (WordCheck.state == HELD)
    deciding = update(WordCheck).where(still).values(decided_at=now, decided_by=staff.id, **values)
    done = db.session.execute(deciding.returning(WordCheck.id).execution_options(synchronize_session=False)).first()
    if done is None:
        raise WordsChanged()
    return row


def _tell(row: WordCheck, *, title: str, text: str, now: datetime) -> None:
    link = _PAGES[row.kind].format(row.subject)
    key = f"{row.code}:{row.version}"
    tell(person_id=row.person_id, kind="words.decided", key=key, title=title, text=text, link=link, now=now)


def _fingerprint(code: str, words: str) -> str:
    return hashlib.sha256(f"{code}\0{words}".encode()).hexdigest()

"""Owing a message, and what a person does with one that nobody took."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, literal, select, update

from backend.core import audit
from backend.core.db import db, insert_once
from backend.core.errors import NotFound, Refusal
from backend.core.ids import new_code
from backend.core.text import clean_line
from backend.outbox.models import DEAD, DROPPED, OWED, OutboxItem
from backend.people.rights import NATION, StaffMember, authorise

REASON_CHARS_MAX = 200


class KeyReused(Refusal):
    """A message was owed under this key already, with another body: an effect is frozen with its key (bug 9)."""

    code = "OUTBOX_KEY_REUSED"
    detail = "同一个编号的消息内容不一致，已拒绝。"


class LetterUnknown(NotFound):
    """No message that nobody took has this code; perhaps somebody has dealt with it already."""

    code = "LETTER_UNKNOWN"
    detail = "没有找到这条消息，可能已经处理过了。"


@dataclass(frozen=True, kw_only=True)
class Letter:
    """How a message stands. `tried_at`: when a worker last took it in hand, also before it was owed anew."""

    state: str
    tried_at: datetime | None

    @property
    def is_owed(self) -> bool:
        """Whether a worker may take it in hand, or has it in his hand, at this moment."""
        return self.state == OWED


def put(*, kind: str, subject: str, key: str, body: str, now: datetime) -> bool:
    """Owe one message, in the transaction of what causes it; return False when it is owed, or was sent, already.

    `key` names the effect: under the same kind and key it happens once, however often it is owed. Key and body go out
    as they are at every attempt. Refuses `KeyReused` when the key stands with another body.
    """
    row = insert_once(OutboxItem).values(
        code=new_code(),
        kind=kind,
        subject=subject,
        key=key,
        body=body,
        created_at=now,
        owed_since=now,
        state=OWED,
        attempts=0,
        next_at=now,
    )
    unless_known = row.on_conflict_do_nothing(index_elements=["kind", "key"])
    if db.session.execute(unless_known.returning(OutboxItem.id)).first() is not None:
        return True
    named = (OutboxItem.kind == kind) & (OutboxItem.key == key)
    if db.session.scalar(select(OutboxItem.body).where(named)) != body:
        raise KeyReused()
    return False


def locked_letter(*, kind: str, key: str) -> Letter | None:
    """Lock a message for what depends on it, so that no worker takes it in hand meanwhile; None when there is none."""
    named = select(OutboxItem).where(OutboxItem.kind == kind, OutboxItem.key == key)
    row = db.session.scalars(named.with_for_update().execution_options(populate_existing=True)).first()
    return None if row is None else Letter(state=row.state, tried_at=row.tried_at)


def begin_anew(*, kind: str, now: datetime) -> None:
    """Let the time in which messages of one kind must be taken begin now: they were held, and nobody tried them.

    Of one that is to go later it begins then.
    """
    owed = (OutboxItem.kind == kind) & (OutboxItem.state == OWED)
    begins = case((OutboxItem.next_at > now, OutboxItem.next_at), else_=literal(now, OutboxItem.next_at.type))
    db.session.execute(update(OutboxItem).where(owed).values(owed_since=begins))


def try_again(*, code: str, staff: StaffMember, now: datetime) -> None:
    """Owe a dead message once more: same key, same body, a new day of attempts. Refuses `LetterUnknown`."""
    authorise(staff, "outbox.act", NATION, subject=code)
    anew = {"state": OWED, "next_at": now, "owed_since": now, "attempts": 0, "ended_at": None}
    _end_of_dead(code, anew)
    audit.record(action="outbox.again", actor=staff.code, subject=code, now=now)


def let_go(*, code: str, reason: str, staff: StaffMember, now: datetime) -> None:
    """Send a dead message no more, and keep why. Refuses `LetterUnknown` and a reason that says nothing."""
    authorise(staff, "outbox.act", NATION, subject=code)
    told = clean_line(reason, limit=REASON_CHARS_MAX, field="reason")
    _end_of_dead(code, {"state": DROPPED, "ended_at": now, "end_reason": told})
    audit.record(action="outbox.dropped", actor=staff.code, subject=code, now=now)


def _end_of_dead(code: str, values: dict[str, object]) -> None:
    """Of two people who press at once, one finds it dead."""
    dead = (OutboxItem.code == code) & (OutboxItem.state == DEAD)
    changed = update(OutboxItem).where(dead).values(values).returning(OutboxItem.id)
    if db.session.execute(changed.execution_options(synchronize_session=False)).first() is None:
        raise LetterUnknown()

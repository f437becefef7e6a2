"""A request sent twice under one key has one effect and one answer, to the byte (law 6, P2).

An answer holds what its asker wrote, so it is kept sealed (law 12); the core knows no vault, and is handed what seals.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import String, Text, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base, UtcDateTime, db, insert_or_hold
from backend.core.errors import Refusal

KEPT = timedelta(days=7)
_KEY = re.compile(r"^[0-9A-Za-z_-]{8,80}$")


class KeyNeeded(Refusal):
    """A request that moves money or hours names itself by an Idempotency-Key of 8 to 80 letters and digits."""

    status = 400
    code = "IDEMPOTENCY_KEY_NEEDED"
    detail = "请求缺少编号，请刷新页面后再试。"


class KeyReused(Refusal):
    """The key was used before for another request; nothing was written."""

    status = 422
    code = "IDEMPOTENCY_MISMATCH"
    detail = "这次提交和之前的不一致，请刷新页面后再试。"


class AnswerSealed(Refusal):
    """The key was used, and what was kept for it does not open: its key of the vault was taken away meanwhile.

    To act again would be to act twice.
    """

    status = 409
    code = "ANSWER_SEALED"
    detail = "这次提交以前已经收到，当时的结果现在取不出来。请刷新页面查看，不要重复提交。"


class Sealer(Protocol):
    """What seals text under a key outside the database, bound to the place that it is kept in."""

    def seal(self, text: str, *, place: str) -> str:
        """Return it sealed."""
        ...

    def unseal(self, sealed: str, *, place: str) -> str | None:
        """Return what was sealed for this place, None when it does not open."""
        ...


class KeptAnswer(Base):
    """The answer given to a request, kept under the asker's scope and the key; `body` is None while it is made.

    `body` is sealed, and bound to key and fingerprint, not to the scope: of two who turn out to be one it moves.
    """

    __tablename__ = "kept_answers"

    scope: Mapped[str] = mapped_column(String(60), primary_key=True)
    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    claimed_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    status: Mapped[int | None]
    body: Mapped[str | None] = mapped_column(Text)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A key in the hand of one request. `status` and `body` are the answer given before, or None."""

    scope: str
    key: str
    place: str
    sealer: Sealer
    status: int | None
    body: str | None


def claim(*, scope: str, key: str | None, fingerprint: str, sealer: Sealer, now: datetime) -> Claim:
    """Take `key` within `scope` in the present writing transaction; a second taker waits, then sees the answer.

    Refuses `KeyNeeded` without a well-formed key, `KeyReused` when the fingerprint (hash of method, path and body) is
    another one, and `AnswerSealed` when what was kept does not open. A claim without an answer may be a first one or
    one whose request died half-way: whoever acts outside the transaction must be able to go on from there.
    """
    key = well_formed(key)
    told = {"scope": scope, "key": key, "fingerprint": fingerprint, "claimed_at": now}
    db.session.execute(insert_or_hold(KeptAnswer, "scope", "key", **told))
    mine = (KeptAnswer.scope == scope) & (KeptAnswer.key == key)
    columns = (KeptAnswer.fingerprint, KeptAnswer.status, KeptAnswer.body)
    found = db.session.execute(select(*columns).where(mine)).one()
    if found.fingerprint != fingerprint:
        raise KeyReused()
    place = place_of(key=key, fingerprint=fingerprint)
    body = None if found.body is None else sealer.unseal(found.body, place=place)
    if body is None and found.body is not None:
        raise AnswerSealed()
    return Claim(scope=scope, key=key, place=place, sealer=sealer, status=found.status, body=body)


def place_of(*, key: str, fingerprint: str) -> str:
    """Return what a kept answer is bound to."""
    return f"kept_answers:{key}:{fingerprint}"


def well_formed(key: str | None) -> str:
    """Return a key that a request may go by. Refuses `KeyNeeded`."""
    if key is None or not _KEY.match(key):
        raise KeyNeeded()
    return key


def keep(taken: Claim, *, status: int, body: str) -> None:
    """Keep the answer of a claimed request, in the transaction of its effect."""
    _fill(taken, status=status, body=taken.sealer.seal(body, place=taken.place))


def note(taken: Claim, *, body: str) -> None:
    """Note how far a claimed request has come, for one that must call out before it can answer (law 13).

    A repeat under the same key finds the note as `body` of a claim without `status`, and goes on from there.
    """
    _fill(taken, body=taken.sealer.seal(body, place=taken.place))


def _fill(taken: Claim, **told: object) -> None:
    mine = (KeptAnswer.scope == taken.scope) & (KeptAnswer.key == taken.key)
    db.session.execute(update(KeptAnswer).where(mine).values(**told))


def move_answers(*, from_scope: str, to_scope: str) -> None:
    """Keep the answers of one asker under another's name: the two turned out to be one (ADR-0017).

    A key that both have used stays where it is.
    """
    theirs = select(KeptAnswer.key).where(KeptAnswer.scope == to_scope)
    mine = (KeptAnswer.scope == from_scope) & KeptAnswer.key.not_in(theirs)
    moving = update(KeptAnswer).where(mine).values(scope=to_scope)
    db.session.execute(moving.execution_options(synchronize_session=False))


def forget_scope(scope: str) -> None:
    """Drop every answer kept for one asker, when he is forgotten: an answer may hold what he wrote."""
    db.session.execute(delete(KeptAnswer).where(KeptAnswer.scope == scope))


def forget_old_answers(*, now: datetime) -> int:
    """Delete answers older than seven days, at most a thousand; return how many. For the scheduler."""
    old = select(KeptAnswer.scope, KeptAnswer.key).where(KeptAnswer.claimed_at < now - KEPT).limit(1000)
    keys = [(row.scope, row.key) for row in db.session.execute(old)]
    for scope, key in keys:
        db.session.execute(delete(KeptAnswer).where(KeptAnswer.scope == scope, KeptAnswer.key == key))
    return len(keys)

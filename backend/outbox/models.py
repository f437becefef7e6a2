"""The table of messages owed to the outside."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.audit import RowId
from backend.core.db import Base, UtcDateTime

OWED, DELIVERED, DEAD, DROPPED = "owed", "delivered", "dead", "dropped"


class OutboxItem(Base):
    """A message owed to the outside. Key and body are those of its first attempt for ever (bug 9).

    `owed` has a next attempt; `delivered`, `dead` (nobody took it, a person has to look) and `dropped` (let go, by rule
    or by a person with a reason) have ended. `attempts` and `owed_since` count from the last time it was owed anew.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("kind", "key"),
        CheckConstraint("state IN ('owed', 'delivered', 'dead', 'dropped')", name="state"),
        CheckConstraint("(state = 'owed') = (next_at IS NOT NULL)", name="owed_has_a_time"),
        CheckConstraint("(state = 'owed') = (ended_at IS NULL)", name="ended_is_whole"),
        Index("ix_outbox_kind_next_at", "kind", "next_at"),
        Index("ix_outbox_state_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    kind: Mapped[str] = mapped_column(String(30))
    subject: Mapped[str] = mapped_column(String(64), index=True)
    key: Mapped[str] = mapped_column(String(80))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    owed_since: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(10))
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tried_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(String(40))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_reason: Mapped[str | None] = mapped_column(String(200))

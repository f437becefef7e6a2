"""The table of messages. They tell of money and hours by public codes; no name and nothing a person wrote (law 12)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.audit import RowId
from backend.core.db import Base, UtcDateTime

UNREAD = text("read_at IS NULL")


class InboxMessage(Base):
    """One message to one person about one event: `kind` and `key` name the event, so it is told once (bug 20)."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("kind", "key", name="uq_messages_kind_key"),
        CheckConstraint("link IS NULL OR link LIKE '/%'", name="link_is_ours"),
        Index("ix_messages_person_id_id", "person_id", "id"),
        Index("ix_messages_unread", "person_id", sqlite_where=UNREAD, postgresql_where=UNREAD),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    person_id: Mapped[int] = mapped_column(RowId, ForeignKey("people.id"))
    kind: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(100))
    title: Mapped[str] = mapped_column(String(60))
    text: Mapped[str] = mapped_column(String(500))
    link: Mapped[str | None] = mapped_column(String(255))
    told_at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

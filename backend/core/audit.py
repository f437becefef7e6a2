"""Who did what and when: one row for every act of a staff member and for every refusal that must be remembered."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import BigInteger, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base, UtcDateTime, db

RowId = BigInteger().with_variant(Integer, "sqlite")


class AuditEntry(Base):
    """One act. Rows are added, never changed; `facts` is JSON without personal data (ASVS 16.2, R124)."""

    __tablename__ = "audit_log"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    done_at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)
    facts: Mapped[str] = mapped_column(Text)


def record(*, action: str, actor: str, subject: str, now: datetime, **facts: object) -> None:
    """Add one row to the audit log in the present transaction. `actor` and `subject` are public codes, never names."""
    entry = AuditEntry(
        done_at=now,
        actor=actor,
        action=action,
        subject=subject,
        facts=json.dumps(facts, ensure_ascii=False, sort_keys=True, default=str),
    )
    db.session.add(entry)

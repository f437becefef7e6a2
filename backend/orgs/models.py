"""The table of organisations that may raise money publicly."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.audit import RowId
from backend.core.db import Base, UtcDateTime


class Organisation(Base):
    """A charitable organisation. Without a fundraising certificate its projects take no money (慈善法 22, 25)."""

    __tablename__ = "organisations"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    uscc: Mapped[str] = mapped_column(String(18), unique=True)
    fundraising_certificate: Mapped[str | None] = mapped_column(String(60))
    receipt_handler: Mapped[str | None] = mapped_column(String(40))
    """经办人 of its receipts (慈善法 38)."""
    region_code: Mapped[str] = mapped_column(String(12), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def receipt_prefix(self) -> str:
        """Whose receipts they are: the nine characters of the code that are the organisation's own, everywhere."""
        return self.uscc[8:17]

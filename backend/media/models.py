"""The table of pictures; the files themselves lie under the data folder."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.audit import RowId
from backend.core.db import Base, UtcDateTime


class Picture(Base):
    """One picture, re-encoded. Internal until something public shows it; the code is also the file's name."""

    __tablename__ = "pictures"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    sha256: Mapped[str] = mapped_column(String(64))
    width: Mapped[int]
    height: Mapped[int]
    size_bytes: Mapped[int]
    is_public: Mapped[bool]
    region_code: Mapped[str] = mapped_column(String(12))
    uploaded_by: Mapped[int] = mapped_column(RowId, ForeignKey("staff.id"))
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)

"""The table of tokens that WeChat lends us: one row for each app and kind, shared by all processes."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base, UtcDateTime


class WechatToken(Base):
    """One token or ticket. Whoever refreshes it holds the lease; a failed refresh makes everybody rest for a while.

    `forced_*` count the refreshes that end the old token: WeChat allows twenty a day, thirty seconds apart.
    """

    __tablename__ = "wechat_tokens"

    app_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    token: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fetched_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    replaced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease: Mapped[str | None] = mapped_column(String(16))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rests_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    forced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    forced_on: Mapped[date | None] = mapped_column(Date)
    forced_count: Mapped[int] = mapped_column(Integer)

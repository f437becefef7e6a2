"""The table of links. A sharer's nickname lies in the vault, so that a person can be forgotten (law 12)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.audit import RowId
from backend.core.db import Base, UtcDateTime

STANDING = text("kind IN ('project', 'village')")
OF_A_SHARER = text("kind = 'share'")


class Link(Base):
    """One link: what it leads to, and on which poster or by whom it is spread. Rows stay; a link is revoked."""

    __tablename__ = "links"
    __table_args__ = (
        CheckConstraint("kind IN ('project', 'village', 'poster', 'share')", name="kind"),
        CheckConstraint("target_kind IN ('project', 'village')", name="target_kind"),
        CheckConstraint("(kind = 'poster') = (poster_number IS NOT NULL)", name="poster_has_number"),
        CheckConstraint("(kind = 'share') = (sharer_id IS NOT NULL)", name="share_has_sharer"),
        Index(
            "ix_links_standing",
            "target_kind",
            "target_code",
            unique=True,
            sqlite_where=STANDING,
            postgresql_where=STANDING,
        ),
        Index(
            "ix_links_share",
            "sharer_id",
            "target_kind",
            "target_code",
            unique=True,
            sqlite_where=OF_A_SHARER,
            postgresql_where=OF_A_SHARER,
        ),
        Index("ix_links_target", "target_kind", "target_code"),
    )

    link_id: Mapped[str] = mapped_column(String(10), primary_key=True)
    key_id: Mapped[str] = mapped_column(String(1))
    kind: Mapped[str] = mapped_column(String(10))
    target_kind: Mapped[str] = mapped_column(String(10))
    target_code: Mapped[str] = mapped_column(String(16))
    poster_number: Mapped[str | None] = mapped_column(String(12), unique=True)
    poster_place: Mapped[str | None] = mapped_column(String(60))
    sharer_id: Mapped[int | None] = mapped_column(RowId, ForeignKey("people.id"))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_for: Mapped[str | None] = mapped_column(String(100))


class RoundCode(Base):
    """The round mini-program code of a link, fetched once for each app and version; or when it may be tried again."""

    __tablename__ = "round_codes"

    link_id: Mapped[str] = mapped_column(String(10), ForeignKey("links.link_id"), primary_key=True)
    app_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    version: Mapped[str] = mapped_column(String(10), primary_key=True)
    picture: Mapped[bytes | None] = mapped_column(LargeBinary)
    fetched_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_try_at: Mapped[datetime] = mapped_column(UtcDateTime)
    failures: Mapped[int] = mapped_column(Integer)


class UrlLink(Base):
    """An address that opens a page of the mini-program from any browser, until it ends; or when to try again."""

    __tablename__ = "url_links"

    target_kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    target_code: Mapped[str] = mapped_column(String(16), primary_key=True)
    app_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    version: Mapped[str] = mapped_column(String(10), primary_key=True)
    address: Mapped[str | None] = mapped_column(String(512))
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_try_at: Mapped[datetime] = mapped_column(UtcDateTime)

"""The tables of the regions: the units, and the endings of their names, by which the search finds them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Integer, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base, UtcDateTime

# Endings are found by ranges of code points: PostgreSQL must not sort them by a locale.
Ending = String(40).with_variant(String(40, collation="C"), "postgresql")


class Region(Base):
    """One unit of the official list. The code of a parent is the beginning of its child's: 2, 4, 6, 9, 12 digits."""

    __tablename__ = "regions"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy reads it once.

    code: Mapped[str] = mapped_column(String(12), primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    parent_code: Mapped[str] = mapped_column(String(9), index=True)
    """Empty for a province."""


class RegionEnding(Base):
    """One ending of a unit's name, so that "contains" becomes "begins with" (ADR-0004). Made anew by each load."""

    __tablename__ = "region_endings"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy reads it once.

    place: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    """0: a village's whole name, 1: a larger unit's, 2: a later part of a village's name, 3: of a larger unit's."""
    ending: Mapped[str] = mapped_column(Ending, primary_key=True)
    code: Mapped[str] = mapped_column(String(12), primary_key=True)


class RegionsState(Base):
    """One row: which edition of the list is loaded. A load locks it, so that two loads cannot mix."""

    __tablename__ = "regions_state"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    edition: Mapped[str] = mapped_column(String(64))
    """The hash of the file and of the rules of the search; empty before the first load."""
    unit_count: Mapped[int] = mapped_column(Integer)
    loaded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

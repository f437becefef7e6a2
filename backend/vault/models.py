"""The tables of the vault. Nothing in them can be read without a key of the environment (law 12, ADR-0022)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.audit import RowId
from backend.core.db import Base, UtcDateTime

STANDS = text("withdrawn_at IS NULL")


class VaultKey(Base):
    """The key of one person, wrapped by a key of the environment (`kek_id`). Destroyed, what it sealed is noise.

    The row of a destroyed key stays, so that nothing is sealed for an erased person again. A key without a person
    belongs to an archive: what the law keeps of an erased person until `keep_until`.
    """

    __tablename__ = "vault_keys"
    __table_args__ = (
        CheckConstraint("(wrapped IS NULL) = (destroyed_at IS NOT NULL)", name="wrapped_until_destroyed"),
        CheckConstraint("(wrapped IS NULL) = (kek_id IS NULL)", name="wrapped_by_a_key"),
        CheckConstraint("(person_id IS NULL) = (keep_until IS NOT NULL)", name="person_or_term"),
    )

    key_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    person_id: Mapped[int | None] = mapped_column(RowId, ForeignKey("people.id"), unique=True)
    wrapped: Mapped[str | None] = mapped_column(String(120))
    kek_id: Mapped[str | None] = mapped_column(String(20), index=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    destroyed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    keep_until: Mapped[date | None] = mapped_column(Date, index=True)


class VaultValue(Base):
    """One value: which field (`fields.py`) of which thing, by the thing's public code.

    `sealed` names the key that it opens with. `blind_index` is a keyed hash of the value, where it must be found again.
    """

    __tablename__ = "vault"
    __table_args__ = (UniqueConstraint("field", "blind_index", name="uq_vault_field_blind_index"),)

    field: Mapped[str] = mapped_column(String(30), primary_key=True)
    row: Mapped[str] = mapped_column(String(16), primary_key=True)
    key_id: Mapped[str] = mapped_column(String(16), ForeignKey("vault_keys.key_id"), index=True)
    sealed: Mapped[str] = mapped_column(String(1000))
    blind_index: Mapped[str | None] = mapped_column(String(64))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Consent(Base):
    """That a person agreed to one purpose under one version of the text. Withdrawn, the row stays."""

    __tablename__ = "consents"
    __table_args__ = (
        CheckConstraint("withdrawn_at IS NULL OR withdrawn_at >= given_at", name="withdrawn_after"),
        Index(
            "ix_consents_standing",
            "person_id",
            "purpose",
            "policy_version",
            unique=True,
            sqlite_where=STANDS,
            postgresql_where=STANDS,
        ),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    person_id: Mapped[int] = mapped_column(RowId, ForeignKey("people.id"))
    purpose: Mapped[str] = mapped_column(String(20))
    policy_version: Mapped[int]
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

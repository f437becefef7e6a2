"""The table of cards to which abnormal refunds go instead; of a card only bank and last digits stay (law 12)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.audit import RowId
from backend.core.db import Base, UtcDateTime

KIND = "refund_repair"
"""What the outbox calls a card that is to be sent."""
ENTERED, CONFIRMED, TAKEN = "entered", "confirmed", "taken"
DONE, REFUSED, WITHDRAWN = "done", "refused", "withdrawn"
STATES = (ENTERED, CONFIRMED, TAKEN, DONE, REFUSED, WITHDRAWN)
OPEN = (ENTERED, CONFIRMED, TAKEN)
SEALED = (ENTERED, CONFIRMED)
"""Only while it was not handed over is there anything sealed; nobody but the provider can open that."""
ENDED = (DONE, REFUSED, WITHDRAWN)
FORGOTTEN_BANK, FORGOTTEN_TAIL = "", "****"
"""What stands for bank and last digits once the giver had himself forgotten."""
IS_OPEN = text("state IN ('entered', 'confirmed', 'taken')")
STATES_RULE = "state IN ('entered', 'confirmed', 'taken', 'done', 'refused', 'withdrawn')"
HANDS_RULE = "confirmed_by IS NULL OR confirmed_by <> entered_by"
CONFIRMED_RULE = (
    "(confirmed_by IS NULL) = (confirmed_at IS NULL) AND (state <> 'entered' OR confirmed_by IS NULL)"
    " AND (state NOT IN ('confirmed', 'taken', 'done', 'refused') OR confirmed_by IS NOT NULL)"
)
SEALED_RULE = (
    "(state IN ('entered', 'confirmed')) = (sealed_account IS NOT NULL)"
    " AND (sealed_account IS NULL) = (sealed_name IS NULL)"
)
ENDED_RULE = "(state IN ('done', 'refused', 'withdrawn')) = (ended_at IS NOT NULL)"


class RefundRepair(Base):
    """One card of the giver's own to which a refund goes that found his account closed (ADR 0028).

    Number and name are sealed by the provider's key `key_serial` before they are written here, and wiped as soon as
    the provider has them or nobody needs them; bank and last digits are wiped when the giver is forgotten and the card
    has ended. `taken` says that the provider accepted the card; how the refund ends
    stands in `Refund`. `provider_words` is why it refused.
    """

    __tablename__ = "refund_repairs"
    __table_args__ = (
        CheckConstraint(STATES_RULE, name="state"),
        CheckConstraint(HANDS_RULE, name="two_hands"),
        CheckConstraint(CONFIRMED_RULE, name="confirmed_whole"),
        CheckConstraint(SEALED_RULE, name="sealed_whole"),
        CheckConstraint(ENDED_RULE, name="ended_whole"),
        Index("ix_refund_repairs_one_open", "refund_id", unique=True, sqlite_where=IS_OPEN, postgresql_where=IS_OPEN),
        Index("ix_refund_repairs_refund_id_id", "refund_id", "id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    refund_id: Mapped[int] = mapped_column(RowId, ForeignKey("refunds.id"))
    state: Mapped[str] = mapped_column(String(10))
    bank_type: Mapped[str] = mapped_column(String(16))
    card_tail: Mapped[str] = mapped_column(String(4))
    key_serial: Mapped[str] = mapped_column(String(80))
    sealed_account: Mapped[str | None] = mapped_column(Text)
    sealed_name: Mapped[str | None] = mapped_column(Text)
    entered_by: Mapped[int] = mapped_column(RowId, ForeignKey("staff.id"))
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_by: Mapped[int | None] = mapped_column(RowId, ForeignKey("staff.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    provider_code: Mapped[str | None] = mapped_column(String(40))
    provider_words: Mapped[str | None] = mapped_column(String(200))

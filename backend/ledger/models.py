"""The tables of the ledger: transfers, their order, and the roll-ups that `verify` recomputes."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base, UtcDateTime

RowId = BigInteger().with_variant(Integer, "sqlite")


class Transfer(Base):
    """One movement of money. Rows are added, never changed (ADR-0002)."""

    __tablename__ = "transfers"
    __table_args__ = (
        CheckConstraint("amount_fen > 0 AND amount_fen <= 10000000000000", name="amount"),
        CheckConstraint("source_account <> target_account", name="two_accounts"),
        CheckConstraint(
            "(source_account = 'world' OR target_account = 'world')"
            " = (channel IS NOT NULL AND provider_date IS NOT NULL)",
            name="channel_of_world",
        ),
        Index("ix_transfers_source_account_id", "source_account", "id"),
        Index("ix_transfers_target_account_id", "target_account", "id"),
        Index("ix_transfers_of_day", "target_account", "provider_date", "reference"),
        Index("ix_transfers_of_channel", "channel", "provider_date"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    source_account: Mapped[str] = mapped_column(String(80))
    target_account: Mapped[str] = mapped_column(String(80))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(40))
    reference: Mapped[str] = mapped_column(String(120), unique=True)
    channel: Mapped[str | None] = mapped_column(String(20))
    provider_date: Mapped[date | None] = mapped_column(Date)
    posted_at: Mapped[datetime] = mapped_column(UtcDateTime)


class QueuedTransfer(Base):
    """A transfer that has no place in the order yet: the tail that a balance adds to its roll-up."""

    __tablename__ = "ledger_queue"

    transfer_id: Mapped[int] = mapped_column(RowId, ForeignKey("transfers.id"), primary_key=True, autoincrement=False)


class OrderedTransfer(Base):
    """The place of a transfer in the one order of the ledger: gap-free, committed rows only (law 4)."""

    __tablename__ = "ledger_order"
    __table_args__ = (Index("ix_ledger_order_ordered_at_position", "ordered_at", "position"),)

    position: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    transfer_id: Mapped[int] = mapped_column(RowId, ForeignKey("transfers.id"), unique=True)
    ordered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """The instant of posting, never earlier than that of the position before: a cut-off by time is one position."""


class LedgerState(Base):
    """One row that the order job locks, so that two of them cannot number the same transfer."""

    __tablename__ = "ledger_state"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last_position: Mapped[int] = mapped_column(BigInteger)
    last_ordered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class BooksGuard(Base):
    """One row: whether the books are stopped, and when they were last found right. A trigger on `transfers` asks it."""

    __tablename__ = "books_guard"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(String(200))
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ChainLink(Base):
    """One link of a hash chain: it covers a row of the ledger or of the audit log, and the link before (P4)."""

    __tablename__ = "chain_links"
    __table_args__ = (UniqueConstraint("chain", "row_id"),)

    chain: Mapped[str] = mapped_column(String(10), primary_key=True)
    position: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    row_id: Mapped[int] = mapped_column(RowId)
    sha256: Mapped[str] = mapped_column(String(64))


class Account(Base):
    """An account's balance up to the last roll-up, and the row that a debit locks. A cache: `verify` recomputes it."""

    __tablename__ = "accounts"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    purse: Mapped[str] = mapped_column(String(40), index=True)
    balance_fen: Mapped[int] = mapped_column(BigInteger, default=0)


class Flow(Base):
    """What came into and went out of an account for one reason, up to the last roll-up. A cache like `accounts`."""

    __tablename__ = "account_flows"

    account: Mapped[str] = mapped_column(String(80), primary_key=True)
    reason: Mapped[str] = mapped_column(String(40), primary_key=True)
    in_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    out_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    in_count: Mapped[int] = mapped_column(BigInteger, default=0)
    out_count: Mapped[int] = mapped_column(BigInteger, default=0)

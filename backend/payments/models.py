"""The tables of payments: orders, what a provider told, what we owe to the outside, what needs a person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.audit import RowId
from backend.core.db import Base, UtcDateTime
from backend.payments.workflow import (
    CLOSED,
    CREATED,
    ENDED_STATES,
    EXPIRED,
    OPEN_STATES,
    PAID,
    PAYABLE,
    PREPAYING,
    QUARANTINED,
)

ORDER_IS_OPEN = text("state IN ('created', 'prepaying', 'payable')")
__all__ = [
    "CLOSED",
    "CREATED",
    "ENDED_STATES",
    "EXPIRED",
    "OPEN_STATES",
    "PAID",
    "PAYABLE",
    "PREPAYING",
    "QUARANTINED",
    "ExtraPayment",
    "HeardPayment",
    "OrderAsk",
    "PaymentAlert",
    "PaymentOrder",
    "SandboxTrade",
]


class PaymentOrder(Base):
    """One wish to pay. Its target is fixed with it, so that a repeat heard later still means the same account."""

    __tablename__ = "payment_orders"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint(
            "(state = 'paid') = (paid_at IS NOT NULL AND paid_fen IS NOT NULL AND transaction_no IS NOT NULL)",
            name="paid_is_whole",
        ),
        Index(
            "ix_payment_orders_one_open",
            "payer_id",
            "app_id",
            "purse",
            "amount_fen",
            unique=True,
            sqlite_where=ORDER_IS_OPEN,
            postgresql_where=ORDER_IS_OPEN,
        ),
        Index("ix_payment_orders_transaction", "provider", "transaction_no", unique=True),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    out_trade_no: Mapped[str] = mapped_column(String(32), unique=True)
    provider: Mapped[str] = mapped_column(String(20))
    merchant: Mapped[str] = mapped_column(String(32))
    app_id: Mapped[str] = mapped_column(String(32))
    payer_id: Mapped[int] = mapped_column(RowId, ForeignKey("people.id"))
    purse: Mapped[str] = mapped_column(String(40))
    target_account: Mapped[str] = mapped_column(String(80))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(12))
    description: Mapped[str] = mapped_column(String(127), server_default="")
    """What the payer reads in the provider's cashier: the same at every announcement."""
    notify_url: Mapped[str | None] = mapped_column(String(255))
    """Where the provider tells us of the payment: the same at every announcement, whatever the settings say by then."""
    pay_url: Mapped[str | None] = mapped_column(String(255))
    prepay_id: Mapped[str | None] = mapped_column(String(64))
    announced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    announcing_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paid_fen: Mapped[int | None] = mapped_column(BigInteger)
    transaction_no: Mapped[str | None] = mapped_column(String(64))


class ExtraPayment(Base):
    """Money that came for an order that was paid already: in the ledger under a reference of its own, for a person."""

    __tablename__ = "payment_extras"
    __table_args__ = (
        UniqueConstraint("provider", "transaction_no"),
        CheckConstraint("amount_fen > 0", name="amount"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    order_id: Mapped[int] = mapped_column(RowId, ForeignKey("payment_orders.id"), index=True)
    reference: Mapped[str] = mapped_column(String(80), unique=True)
    provider: Mapped[str] = mapped_column(String(20))
    transaction_no: Mapped[str] = mapped_column(String(64))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    paid_at: Mapped[datetime] = mapped_column(UtcDateTime)
    heard_at: Mapped[datetime] = mapped_column(UtcDateTime)


class OrderAsk(Base):
    """When to ask the provider about an order of which no notice came. The row goes when nothing is left to ask."""

    __tablename__ = "order_asks"

    order_id: Mapped[int] = mapped_column(RowId, ForeignKey("payment_orders.id"), primary_key=True, autoincrement=False)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class HeardPayment(Base):
    """The inbox: every verified notice and every confirming query, stored before anything is done about it (law 7)."""

    __tablename__ = "payment_inbox"
    __table_args__ = (
        UniqueConstraint("provider", "notice_id"),
        Index(
            "ix_payment_inbox_waiting",
            "id",
            sqlite_where=text("outcome = 'waiting'"),
            postgresql_where=text("outcome = 'waiting'"),
        ),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    provider: Mapped[str] = mapped_column(String(20))
    notice_id: Mapped[str] = mapped_column(String(80))
    told_by: Mapped[str] = mapped_column(String(10))
    out_trade_no: Mapped[str | None] = mapped_column(String(64), index=True)
    body: Mapped[str] = mapped_column(Text)
    heard_at: Mapped[datetime] = mapped_column(UtcDateTime)
    outcome: Mapped[str] = mapped_column(String(12))


class PaymentAlert(Base):
    """Something about a payment that a person has to look at; one of a kind for each subject.

    Who has looked at it says what he did; told of again after that, it is not raised anew. One that a check ended by
    itself, because what was wrong is right again, was handled by nobody.
    """

    __tablename__ = "payment_alerts"
    __table_args__ = (
        UniqueConstraint("kind", "subject"),
        CheckConstraint("handled_by IS NULL OR handled_at IS NOT NULL", name="handled_by"),
        CheckConstraint("(handled_at IS NULL) = (handled_reason IS NULL)", name="handled_reason"),
        Index("ix_payment_alerts_handled_at_id", "handled_at", "id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    kind: Mapped[str] = mapped_column(String(30))
    subject: Mapped[str] = mapped_column(String(64))
    facts: Mapped[str] = mapped_column(Text)
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime)
    handled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    handled_by: Mapped[int | None] = mapped_column(RowId, ForeignKey("staff.id"))
    handled_reason: Mapped[str | None] = mapped_column(String(200))


class SandboxTrade(Base):
    """The sandbox provider's own book: what it was asked to collect. Never read by our side but over its interface."""

    __tablename__ = "sandbox_trades"

    out_trade_no: Mapped[str] = mapped_column(String(32), primary_key=True)
    merchant: Mapped[str] = mapped_column(String(32))
    app_id: Mapped[str] = mapped_column(String(32))
    description: Mapped[str] = mapped_column(String(127))
    attach: Mapped[str] = mapped_column(String(128))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    return_url: Mapped[str] = mapped_column(String(255))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(10))
    transaction_no: Mapped[str | None] = mapped_column(String(64), unique=True)
    success_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SandboxRefund(Base):
    """The sandbox provider's own book of what it was asked to give back: `ends_as` at `ends_at`, PROCESSING before."""

    __tablename__ = "sandbox_refunds"

    refund_no: Mapped[str] = mapped_column(String(64), primary_key=True)
    out_trade_no: Mapped[str] = mapped_column(String(32), ForeignKey("sandbox_trades.out_trade_no"), index=True)
    provider_refund_no: Mapped[str] = mapped_column(String(64), unique=True)
    refund_fen: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(80))
    accepted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_as: Mapped[str] = mapped_column(String(10))
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)

"""What stands in a provider's bills, once read: rows with whole fen and instants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class PaymentRow:
    """One payment of the trade bill. `settled_fen` is what reached the account, before the fee; `rate` in 1/10000 %."""

    line: int
    at: datetime
    merchant: str
    app_id: str
    order_no: str
    transaction_no: str
    purse: str
    currency: str
    total_fen: int
    settled_fen: int
    fee_fen: int
    rate: int


@dataclass(frozen=True, kw_only=True)
class RefundRow:
    """One refund of the trade bill, dated by when the provider took it on; a revoked payment is one too.

    `provider_no` is the provider's own number, empty for a revoked payment. `fee_fen` is what the provider gives back
    of its fee: zero or negative.
    """

    line: int
    at: datetime
    merchant: str
    order_no: str
    transaction_no: str
    refund_no: str
    provider_no: str
    refund_fen: int
    fee_fen: int
    rate: int


@dataclass(frozen=True, kw_only=True)
class TradeBill:
    """A whole trade bill, in the order of its lines."""

    payments: tuple[PaymentRow, ...] = ()
    refunds: tuple[RefundRow, ...] = ()

    @property
    def paid_fen(self) -> int:
        """What payments brought to the account, before fees."""
        return sum(row.settled_fen for row in self.payments)

    @property
    def refunded_fen(self) -> int:
        """What refunds took from the account."""
        return sum(row.refund_fen for row in self.refunds)

    @property
    def fee_fen(self) -> int:
        """What the provider kept as its fee, less what it gave back; negative on a day of many refunds."""
        return sum(row.fee_fen for row in self.payments) + sum(row.fee_fen for row in self.refunds)


@dataclass(frozen=True, kw_only=True)
class FundRow:
    """One movement of the merchant's account; `signed_fen` is negative when money left."""

    line: int
    at: datetime
    business_no: str
    kind: str
    signed_fen: int
    balance_fen: int
    voucher: str


@dataclass(frozen=True, kw_only=True)
class FundBill:
    """A whole fund-flow bill, in the order of its lines."""

    rows: tuple[FundRow, ...] = ()

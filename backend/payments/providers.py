"""What a payment provider is to us: three questions, whoever answers them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from backend.core.errors import Refusal

NOTICE, QUERY = "notice", "query"


class PaymentUnavailable(Refusal):
    """No provider is set up here, or it cannot be reached; no money moved, the same request may be sent again."""

    status = 503
    code = "PAYMENT_UNAVAILABLE"
    detail = "支付暂时不可用，请稍后再试；您没有付款。"
    retryable = True


@dataclass(frozen=True, kw_only=True)
class OrderToPrepay:
    """What the provider must know to collect the money of one order."""

    out_trade_no: str
    description: str
    attach: str
    amount_fen: int
    expires_at: datetime
    return_url: str


@dataclass(frozen=True, kw_only=True)
class Paid:
    """A provider's word, verified, that an order was paid. `notice_id` names the word, `transaction_no` the payment."""

    provider: str
    notice_id: str
    told_by: str
    out_trade_no: str
    transaction_no: str
    merchant: str
    app_id: str
    purse: str
    amount_fen: int
    currency: str
    success_at: datetime
    body: str


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A verified notice that tells nothing we can act on: not a success, or not in the shape agreed."""

    provider: str
    notice_id: str
    body: str
    is_expected: bool


@dataclass(frozen=True, kw_only=True)
class TradeAnswer:
    """What a provider answered when asked about one order; `unknown` when it gave no answer that can be trusted."""

    state: Literal["paid", "unpaid", "closed", "unknown"]
    paid: Paid | None = None


class Provider(Protocol):
    """One payment provider."""

    @property
    def name(self) -> str:
        """The name in the URL of its notices and in `channel` of a transfer."""
        ...

    @property
    def merchant(self) -> str:
        """Our merchant number there."""
        ...

    @property
    def app_id(self) -> str:
        """Our application number there."""
        ...

    def prepay(self, order: OrderToPrepay) -> str:
        """Announce an order and return the address where it is paid. The same order again is the same answer.

        A network call: no transaction may be open. Raises `PaymentUnavailable`.
        """
        ...

    def read_notice(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Paid | Unreadable:
        """Verify a notice over its raw bytes and read it. Refuses `NoticeRefused`; calls nobody."""
        ...

    def close(self, out_trade_no: str) -> None:
        """Ask the provider to take no more money for an order. Promises nothing: only `query` tells what came of it.

        A network call: no transaction may be open. A paid or an unknown order stays as it is.
        """
        ...

    def query(self, out_trade_no: str, *, now: datetime) -> TradeAnswer:
        """Ask what became of an order. A network call: no transaction may be open."""
        ...

"""What a payment provider is to us: three questions, whoever answers them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, Protocol, runtime_checkable

from backend.core.errors import Refusal

NOTICE, QUERY, BILL = "notice", "query", "bill"
CONFIRMING = (QUERY, BILL)
"""Words that were asked for and can be had again: they confirm what a notice alone leaves in doubt."""
MINI, H5 = "mini", "h5"
CHANNELS = (MINI, H5)
"""By what a payer came to us: the mini-program, or a browser; in each a provider may know us by another app."""


class PaymentUnavailable(Refusal):
    """No provider is set up here, or it cannot be reached; no money moved, the same request may be sent again."""

    status = 503
    code = "PAYMENT_UNAVAILABLE"
    detail = "支付暂时不可用，请稍后再试；您没有付款。"
    retryable = True


class NumberKnown(PaymentUnavailable):
    """The provider has this number already and takes no second announcement of it (OUT_TRADE_NO_USED, ORDERPAID).

    Nothing is wrong yet: what became of the order is asked by `query`, and nothing new is announced (bad input 22).
    """

    code = "PAYMENT_NUMBER_KNOWN"
    detail = "这笔支付正在确认，请稍候；请不要重复付款。"


class PrepayRefused(PaymentUnavailable):
    """The provider's plain, signed no to an order: nobody can pay it, and the same again is the same no.

    `provider_code` among the facts is its word for the reason, for the desk.
    """

    status = 502
    code = "PAYMENT_REFUSED"
    detail = "支付机构没有接受这笔支付，您没有付款。请稍后再试，或换一个金额。"
    retryable = False


@dataclass(frozen=True, kw_only=True)
class PayWay:
    """How an announced order is paid: on a page at `pay_url`, or by the phone's own cashier, with a `prepay_id`."""

    pay_url: str | None = None
    prepay_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class OrderToPrepay:
    """What the provider must know to collect the money of one order.

    `payer_ref` is who pays in the provider's own words (at WeChat the openid at `app_id`), where it wants to know.
    `notify_url` is the provider's own `notify_url` as it was when the order was made; None for one made before that was
    kept. Every field is the same at each announcement: in other words the provider takes the number for used.
    """

    out_trade_no: str
    description: str
    attach: str
    amount_fen: int
    expires_at: datetime
    return_url: str
    app_id: str = ""
    payer_ref: str | None = None
    notify_url: str | None = None


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


@dataclass(frozen=True, kw_only=True)
class RefundToMake:
    """What the provider must know to give money back: all of it the same at every attempt, `refund_no` is ours.

    `notify_url` is where the provider tells us of it, as that was when the refund was approved; None for one that was
    approved before that was kept.
    """

    refund_no: str
    out_trade_no: str
    refund_fen: int
    total_fen: int
    reason: str
    notify_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class RefundTold:
    """A provider's word, verified, about one refund; the same shape from an answer, a query and a notice.

    `refused` is its plain no (nothing was and will be moved under this number; `code` says why), `absent` that it never
    heard of the number, `unknown` that no answer came that can be trusted: ask again, under the same number. `words`
    is how it told its refusal to people. `is_accepted`: it is the yes to a card that was just sent, and
    not merely how things stand.
    """

    state: Literal["processing", "success", "closed", "abnormal", "refused", "absent", "unknown"]
    refund_no: str
    provider: str = ""
    told_by: str = QUERY
    notice_id: str = ""
    out_trade_no: str = ""
    transaction_no: str = ""
    merchant: str = ""
    provider_refund_no: str = ""
    refund_fen: int = 0
    total_fen: int = 0
    received_by: str = ""
    success_at: datetime | None = None
    is_accepted: bool = False
    code: str = ""
    words: str = field(default="", repr=False)
    body: str = ""


@dataclass(frozen=True, kw_only=True)
class SealedCard:
    """A giver's own bank card as only the provider can read it; `key_serial` names the key that it is sealed by."""

    key_serial: str
    bank_account: str = field(repr=False)
    real_name: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class RefundToRepair:
    """A refund that found the giver's account closed, and the card of his own to which it shall go now."""

    refund_no: str
    provider_refund_no: str
    bank_type: str
    card: SealedCard


Told = Paid | Unreadable | RefundTold
"""What a verified notice tells."""


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
    def notify_url(self) -> str:
        """Where it tells us of payments and refunds: an address of ours, kept with each order and refund."""
        ...

    def app_id_for(self, channel: str) -> str:
        """Return our application number there for payers of a channel. Refuses `PaymentUnavailable` where none is."""
        ...

    def prepay(self, order: OrderToPrepay, *, now: datetime) -> PayWay:
        """Announce an order and return how it is paid. The same order again opens no second one there.

        A network call: no transaction may be open. Raises `NumberKnown`, `PrepayRefused`, and for every outcome that
        is not known (no answer, not signed, makes no sense) `PaymentUnavailable`: then the same is announced again.
        """
        ...

    def read_notice(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Told:
        """Verify a notice over its raw bytes and read it. Refuses `NoticeRefused`; calls nobody."""
        ...

    def close(self, out_trade_no: str, *, now: datetime) -> None:
        """Ask the provider to take no more money for an order. Promises nothing: only `query` tells what came of it.

        A network call: no transaction may be open. A paid or an unknown order stays as it is.
        """
        ...

    def query(self, out_trade_no: str, *, now: datetime) -> TradeAnswer:
        """Ask what became of an order. A network call: no transaction may be open."""
        ...


@runtime_checkable
class PaysOnPhone(Protocol):
    """A provider whose cashier is in the payer's phone: it wants to know who pays (`OrderToPrepay.payer_ref`)."""

    def pay_params(self, prepay_id: str, *, app_id: str, now: datetime) -> dict[str, str]:
        """Return what the phone hands to its cashier, signed as of `now`. Calls nobody."""
        ...


@runtime_checkable
class Refunding(Protocol):
    """A provider that can give money back. Each is a network call: no transaction may be open; none ever raises."""

    def refund(self, refund: RefundToMake, *, now: datetime) -> RefundTold:
        """Ask for a refund; the same number again is the same refund. `processing` says accepted, not done."""
        ...

    def query_refund(self, refund_no: str, *, now: datetime) -> RefundTold:
        """Ask what became of a refund."""
        ...


@runtime_checkable
class Repairing(Protocol):
    """A provider that can send an abnormal refund to another card of the giver's own; none of it ever raises."""

    def seal_card(self, *, bank_account: str, real_name: str, now: datetime) -> SealedCard:
        """Seal a card, so that from here on nobody but the provider can read it. Calls nobody."""
        ...

    def repair_refund(self, repair: RefundToRepair, *, now: datetime) -> RefundTold:
        """Send the refund to the card. A network call: no transaction may be open.

        `is_accepted` only when the provider took this card at this call; `refused` when it does not: the refund stays
        abnormal. Else it moved on already, by an earlier attempt or without this card. Sent twice, it moves once.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class BillTold:
    """A provider's statement of one local day, as the bytes of its CSV (already unpacked, its hash compared).

    `none` is its word that there is none (NO_STATEMENT_EXIST), `creating` that it is not ready (STATEMENT_CREATING),
    `bad_hash` that the file was not what was promised, `unknown` that no answer came.
    """

    state: Literal["ready", "none", "creating", "bad_hash", "unknown"]
    content: bytes = b""


@runtime_checkable
class Billing(Protocol):
    """A provider that writes statements. Each is a network call: no transaction may be open; none ever raises."""

    def trade_bill(self, day: date, *, now: datetime) -> BillTold:
        """Fetch the statement of payments and refunds of a local day (type ALL)."""
        ...

    def fund_flow_bill(self, day: date, *, now: datetime) -> BillTold:
        """Fetch the statement of the merchant's account (BASIC) of a local day."""
        ...

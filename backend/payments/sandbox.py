"""Our adapter to the sandbox provider, and the sender of its notices. Refused when APP_ENV=production."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from backend.core.config import BadSetting, Settings
from backend.core.db import read_with_retries, write_with_retries
from backend.core.ids import new_code
from backend.core.wire import HttpWire, Wire, WireBroken
from backend.outbox.sending import DELIVERED, Message, Outcome
from backend.payments import sandbox_bills, transactions
from backend.payments.keys import sandbox_key, serial_of
from backend.payments.providers import (
    QUERY,
    BillTold,
    OrderToPrepay,
    PayWay,
    RefundTold,
    RefundToMake,
    RefundToRepair,
    SealedCard,
    Told,
    TradeAnswer,
)
from backend.payments.refund_words import read_refund, read_refund_notice
from backend.payments.sandbox_book import NOTPAY, TradeUnknown, close_trade, find_trade, open_trade
from backend.payments.sandbox_refunds import RefundAbsent, RefundRefused, open_refund, refund_of
from backend.payments.sandbox_repairs import CardRefused, repair_refund
from backend.payments.signature import KeyRing, NoticeRefused, sign
from backend.payments.transactions import ShapeWrong
from backend.payments.wechat.sealed import sealed_for

PREFIX = "Sandbox"
NAME = "sandbox"
MERCHANT, APP_ID = "SANDBOX-MERCHANT", "sandbox-app"
NOTICE_PATH = "/api/v1/payments/notices/sandbox"


@dataclass(frozen=True)
class SandboxProvider:
    """The sandbox seen from our side: it knows the sandbox's public key and its addresses, not its book."""

    settings: Settings
    wire: Wire = field(default_factory=HttpWire)
    name: str = NAME
    merchant: str = MERCHANT

    def __post_init__(self) -> None:
        refuse_in_production(self.settings)

    @property
    def notify_url(self) -> str:
        """Where the sandbox sends its notices."""
        return f"{self.settings.own_url}{NOTICE_PATH}"

    def app_id_for(self, _channel: str) -> str:
        """Return the one application number by which the sandbox knows us."""
        return APP_ID

    def prepay(self, order: OrderToPrepay, *, now: datetime) -> PayWay:
        """Announce the order; the sandbox stands in this house, so this call is a transaction of its own."""
        write_with_retries(lambda: open_trade(order, merchant=self.merchant, app_id=APP_ID))
        return PayWay(pay_url=f"/sandbox/pay/{order.out_trade_no}")

    def read_notice(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Told:
        """Verify a notice over its raw bytes and read it. Refuses `NoticeRefused`; calls nobody."""
        self._ring().verify(headers, body, now=now)
        return read_refund_notice(body, provider=self.name) or transactions.read_notice(body, provider=self.name)

    def close(self, out_trade_no: str, *, now: datetime) -> None:
        """Close the trade in the sandbox's book, where it is unpaid; like `prepay` a transaction of its own."""
        write_with_retries(lambda: close_trade(out_trade_no))

    def query(self, out_trade_no: str, *, now: datetime) -> TradeAnswer:
        """Ask the sandbox over HTTP. An answer that is not signed, or makes no sense, is no answer (bad input 21)."""
        try:
            answer = self.wire.get(f"{self.settings.own_url}/sandbox/v1/trades/{out_trade_no}")
            self._ring().verify(answer.headers, answer.body, now=now)
            told = transactions.load_object(answer.body)
            if answer.status == 404 and told.get("code") == "ORDER_NOT_EXIST":
                return TradeAnswer(state="unpaid")
            if answer.status != 200 or told.get("out_trade_no") != out_trade_no:
                return TradeAnswer(state="unknown")
            return self._read(told, body=answer.body)
        except (WireBroken, NoticeRefused, ShapeWrong):
            return TradeAnswer(state="unknown")

    def refund(self, refund: RefundToMake, *, now: datetime) -> RefundTold:
        """Ask for a refund; like `prepay` a transaction of its own. The sandbox accepts first and gives back later."""
        try:
            told = write_with_retries(lambda: self._accepted(refund, now=now))
        except (RefundRefused, TradeUnknown) as refusal:
            return RefundTold(state="refused", refund_no=refund.refund_no, provider=self.name, code=refusal.code)
        return self._read_refund(told)

    def query_refund(self, refund_no: str, *, now: datetime) -> RefundTold:
        """Ask the sandbox over HTTP what became of a refund; what is not signed, or makes no sense, is no answer."""
        try:
            answer = self.wire.get(f"{self.settings.own_url}/sandbox/v1/refunds/{refund_no}")
            self._ring().verify(answer.headers, answer.body, now=now)
            told = transactions.load_object(answer.body)
            if answer.status == 404 and told.get("code") == RefundAbsent.code:
                return RefundTold(state="absent", refund_no=refund_no, provider=self.name)
            if answer.status == 200 and told.get("out_refund_no") == refund_no:
                return self._read_refund(told)
        except (WireBroken, NoticeRefused, ShapeWrong):
            pass
        return RefundTold(state="unknown", refund_no=refund_no, provider=self.name)

    def seal_card(self, *, bank_account: str, real_name: str, now: datetime) -> SealedCard:
        """Seal a card by the sandbox's own key, as for a real provider. Calls nobody."""
        key = sandbox_key(self.settings.data_dir)
        account, name = (sealed_for(text, key=key.public_key()) for text in (bank_account, real_name))
        return SealedCard(key_serial=serial_of(key), bank_account=account, real_name=name)

    def repair_refund(self, repair: RefundToRepair, *, now: datetime) -> RefundTold:
        """Send an abnormal refund to another card; like `prepay` a transaction of its own."""
        key = sandbox_key(self.settings.data_dir)
        try:
            told, is_accepted = write_with_retries(lambda: repair_refund(repair, key=key, now=now))
        except (CardRefused, RefundAbsent) as refusal:
            no, code, words = repair.refund_no, refusal.code, refusal.detail
            return RefundTold(state="refused", refund_no=no, provider=self.name, code=code, words=words)
        return replace(self._read_refund(told), is_accepted=is_accepted)

    def _accepted(self, refund: RefundToMake, *, now: datetime) -> dict[str, object]:
        return refund_of(open_refund(refund, now=now), find_trade(refund.out_trade_no), now=now)

    def _read_refund(self, told: dict[str, object]) -> RefundTold:
        text = json.dumps(told, ensure_ascii=False)
        return read_refund(told, provider=self.name, notice_id="", told_by=QUERY, body=text)

    def _read(self, told: dict[str, object], *, body: bytes) -> TradeAnswer:
        if told.get("trade_state") == "SUCCESS":
            heard = f"{QUERY}:{told.get('transaction_id')}"
            text = body.decode("utf-8")
            paid = transactions.read_transaction(told, provider=self.name, notice_id=heard, told_by=QUERY, body=text)
            return TradeAnswer(state="paid", paid=paid)
        return TradeAnswer(state="unpaid" if told.get("trade_state") == NOTPAY else "closed")

    def trade_bill(self, day: date, *, now: datetime) -> BillTold:
        """Return what the sandbox's book says of a day; like `prepay` it is asked in this house."""
        return _told(read_with_retries(lambda: sandbox_bills.trade_bill(day)))

    def fund_flow_bill(self, day: date, *, now: datetime) -> BillTold:
        """Return how the account that the sandbox keeps for us moved on a day."""
        return _told(read_with_retries(lambda: sandbox_bills.fund_flow_bill(day)))

    def _ring(self) -> KeyRing:
        key = sandbox_key(self.settings.data_dir)
        return KeyRing(prefix=PREFIX, keys={serial_of(key): key.public_key()})


def _told(content: bytes | None) -> BillTold:
    return BillTold(state="none") if content is None else BillTold(state="ready", content=content)


def refuse_in_production(settings: Settings) -> None:
    """Refuse to play with payments where real money may move."""
    if settings.is_production or settings.payment_provider != NAME:
        raise BadSetting("沙箱支付只用于演示和开发，APP_ENV=production 时不能使用。")


def signed_by_sandbox(settings: Settings, body: bytes, *, now: datetime) -> dict[str, str]:
    """Return the headers by which the sandbox proves that `body` is its word, signed at `now`."""
    key = sandbox_key(settings.data_dir)
    return sign(body, prefix=PREFIX, serial=serial_of(key), key=key, timestamp=int(now.timestamp()), nonce=new_code(32))


@dataclass(frozen=True)
class NoticeSender:
    """Sends the sandbox's notices to the endpoint that a real provider would call; a message's sender."""

    settings: Settings
    wire: Wire = field(default_factory=HttpWire)

    def __call__(self, message: Message, *, now: datetime) -> Outcome:
        """Send one notice, signed anew at each attempt; only a 2xx answer means that it arrived."""
        body = message.body.encode("utf-8")
        headers = {"Content-Type": "application/json", **signed_by_sandbox(self.settings, body, now=now)}
        try:
            answer = self.wire.post(f"{self.settings.own_url}{NOTICE_PATH}", headers=headers, body=body)
        except WireBroken as fault:
            return Outcome("again", str(fault))
        return DELIVERED if 200 <= answer.status < 300 else Outcome("again", f"HTTP_{answer.status}")


def error_body(code: str, message: str) -> bytes:
    """Return the sandbox's error document."""
    return json.dumps({"code": code, "message": message}, ensure_ascii=False).encode("utf-8")

"""WeChat Pay as a provider of this house: it collects, gives back and writes statements, over its API v3.

Every word of WeChat's is believed only under WeChat's signature; whatever else comes back is "unknown", and is asked
about again under the same number. Nothing here opens a transaction or holds one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import quote, urlencode

import structlog

from backend.core.clock import local_iso
from backend.core.config import BadSetting, Settings
from backend.core.config_wechat import WechatPaySettings, WechatSettings
from backend.core.wire import Wire
from backend.payments.providers import (
    MINI,
    BillTold,
    NumberKnown,
    OrderToPrepay,
    PaymentUnavailable,
    PayWay,
    PrepayRefused,
    RefundTold,
    RefundToMake,
    RefundToRepair,
    SealedCard,
    Told,
    TradeAnswer,
)
from backend.payments.shapes import NUMBER, ShapeWrong
from backend.payments.wechat import notices, reading
from backend.payments.wechat.bills import Bills, bill_wire
from backend.payments.wechat.caller import Caller, NoAnswer, pay_wire
from backend.payments.wechat.keys import Keys, load_keys
from backend.payments.wechat.reading import NAME
from backend.payments.wechat.refunds import Refunds, cut
from backend.payments.wechat.signing import phone_params

NOTICE_PATH = "/api/v1/payments/notices/wechat"
TRADES = "/v3/pay/transactions"
# Lengths are in bytes of UTF-8: that is what WeChat counts.
DESCRIPTION_BYTES_MAX, ATTACH_BYTES_MAX = 127, 128
_NUMBER_KNOWN = ("OUT_TRADE_NO_USED", "ORDERPAID", "ORDER_PAID", "ORDER_CLOSED", "ORDERCLOSED")
_PREPAY_REFUSED = (
    "PARAM_ERROR", "INVALID_REQUEST", "OPENID_MISMATCH", "APPID_MCHID_NOT_MATCH", "MCH_NOT_EXISTS", "NO_AUTH",
    "RULELIMIT", "RULE_LIMIT", "TRADE_ERROR",
)  # fmt: skip
_ORDER_UNKNOWN = ("ORDER_NOT_EXIST", "ORDERNOTEXIST", "ORDER_NOT_EXISTS")
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class WechatPay:
    """WeChat Pay seen from our side: `Provider`, `PaysOnPhone`, `Refunding`, `Repairing` and `Billing` in one."""

    wechat: WechatSettings
    pay: WechatPaySettings
    keys: Keys = field(repr=False)
    caller: Caller = field(repr=False)
    bills: Bills = field(repr=False)
    notify_url: str
    name: str = NAME

    @property
    def merchant(self) -> str:
        """Our merchant number."""
        return self.pay.mchid

    def app_id_for(self, channel: str) -> str:
        """Return the app by which payers of a channel are known. Refuses `PaymentUnavailable` where none is set up."""
        app = self.wechat.mini if channel == MINI else self.wechat.official
        if app is None:
            raise PaymentUnavailable()
        return app.app_id

    def prepay(self, order: OrderToPrepay, *, now: datetime) -> PayWay:
        """Announce an order and return the number by which the payer's phone opens its cashier.

        The same order again, in the same words, opens no second one. Raises `NumberKnown`, `PrepayRefused`, and
        `PaymentUnavailable` for every outcome that is not known.
        """
        if order.payer_ref is None:
            raise PrepayRefused(provider_code="OPENID_MISSING")
        try:
            reply = self.caller.post(f"{TRADES}/jsapi", self._announcement(order), now=now, action="prepay")
            if reply.status == 200:
                return PayWay(prepay_id=reading.read_prepay_id(reply.told))
        except (NoAnswer, ShapeWrong):
            raise PaymentUnavailable() from None
        if reply.code in _NUMBER_KNOWN:
            raise NumberKnown()
        if reply.code in _PREPAY_REFUSED:
            raise PrepayRefused(provider_code=reply.code)
        raise PaymentUnavailable()

    def _announcement(self, order: OrderToPrepay) -> dict[str, Any]:
        return {
            "appid": order.app_id,
            "mchid": self.pay.mchid,
            "description": cut(order.description, DESCRIPTION_BYTES_MAX),
            "out_trade_no": order.out_trade_no,
            "time_expire": local_iso(order.expires_at),
            "attach": cut(order.attach, ATTACH_BYTES_MAX),
            "notify_url": order.notify_url or self.notify_url,
            "amount": {"total": order.amount_fen, "currency": "CNY"},
            "payer": {"openid": order.payer_ref},
        }

    def pay_params(self, prepay_id: str, *, app_id: str, now: datetime) -> dict[str, str]:
        """Return what the phone hands to its cashier: timeStamp, nonceStr, package, signType, paySign. Calls nobody."""
        return phone_params(prepay_id=prepay_id, app_id=app_id, key=self.keys.merchant, now=now)

    def read_notice(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Told:
        """Verify a notice over its raw bytes, then open and read it. Calls nobody.

        Refuses `NoticeRefused`, and `ResourceUnreadable` when it is WeChat's but our APIv3 key does not open it.
        """
        self.keys.ring.verify(headers, body, now=now)
        return notices.read_notice(body, apiv3_key=self.pay.apiv3_key)

    def close(self, out_trade_no: str, *, now: datetime) -> None:
        """Ask WeChat to take no more money for an order. Promises nothing: only `query` tells what came of it."""
        try:
            path = f"{_trade_path(out_trade_no)}/close"
            self.caller.post(path, {"mchid": self.pay.mchid}, now=now, action="close")
        except NoAnswer as error:
            log.warning("wechat_close_unknown", order=out_trade_no, why=error.reason)

    def query(self, out_trade_no: str, *, now: datetime) -> TradeAnswer:
        """Ask what became of an order. An order that WeChat never heard of is unpaid."""
        try:
            path = f"{_trade_path(out_trade_no)}?{urlencode({'mchid': self.pay.mchid})}"
            reply = self.caller.get(path, now=now, action="query")
        except NoAnswer:
            return TradeAnswer(state="unknown")
        if reply.status == 404 and reply.code in _ORDER_UNKNOWN:
            return TradeAnswer(state="unpaid")
        if reply.status != 200:
            return TradeAnswer(state="unknown")
        return reading.read_trade_answer(reply.told, out_trade_no=out_trade_no)

    def refund(self, refund: RefundToMake, *, now: datetime) -> RefundTold:
        """Ask for a refund; the same number again is the same refund. `processing` says accepted, not done."""
        return self._refunds.ask(refund, now=now)

    def query_refund(self, refund_no: str, *, now: datetime) -> RefundTold:
        """Ask what became of a refund."""
        return self._refunds.query(refund_no, now=now)

    def seal_card(self, *, bank_account: str, real_name: str, now: datetime) -> SealedCard:
        """Seal a giver's own card by WeChat's key. Calls nobody."""
        return self._refunds.seal(bank_account=bank_account, real_name=real_name, now=now)

    def repair_refund(self, repair: RefundToRepair, *, now: datetime) -> RefundTold:
        """Send a refund that WeChat calls ABNORMAL to another card of the giver's."""
        return self._refunds.repair(repair, now=now)

    def trade_bill(self, day: date, *, now: datetime) -> BillTold:
        """Fetch the statement of payments and refunds of a local day."""
        asked = {"bill_date": day.isoformat(), "bill_type": "ALL", "tar_type": "GZIP"}
        return self.bills.fetch(f"/v3/bill/tradebill?{urlencode(asked)}", now=now, action="trade_bill")

    def fund_flow_bill(self, day: date, *, now: datetime) -> BillTold:
        """Fetch the statement of the merchant's basic account of a local day."""
        asked = {"bill_date": day.isoformat(), "account_type": "BASIC", "tar_type": "GZIP"}
        return self.bills.fetch(f"/v3/bill/fundflowbill?{urlencode(asked)}", now=now, action="fund_flow_bill")

    @property
    def _refunds(self) -> Refunds:
        return Refunds(caller=self.caller, merchant=self.pay.mchid, notify_url=self.notify_url)


def wechat_pay(settings: Settings, *, wire: Wire | None = None) -> WechatPay:
    """Return WeChat Pay as the settings describe it. Refuses `BadSetting` when a key file is not what it should be."""
    pay = settings.wechat.pay
    if pay is None:
        raise BadSetting("PAYMENT_PROVIDER=wechat 时必须设置 WECHAT_PAY_MCHID 等商户参数。")
    keys = load_keys(pay)
    caller = Caller(pay=pay, keys=keys, wire=wire or pay_wire())
    return WechatPay(
        wechat=settings.wechat,
        pay=pay,
        keys=keys,
        caller=caller,
        bills=Bills(caller=caller, wire=wire or bill_wire()),
        notify_url=f"{settings.public_url}{NOTICE_PATH}",
    )


def _trade_path(out_trade_no: str) -> str:
    """Return the path of an order; a number that could lead elsewhere is asked about nowhere."""
    if not NUMBER.fullmatch(out_trade_no):
        raise NoAnswer("number")
    return f"{TRADES}/out-trade-no/{quote(out_trade_no, safe='')}"

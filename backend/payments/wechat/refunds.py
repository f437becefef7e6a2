"""Giving money back over WeChat Pay: always under our own number, so that asking again moves nothing twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

from backend.payments.providers import QUERY, RefundTold, RefundToMake
from backend.payments.shapes import NUMBER, ShapeWrong
from backend.payments.wechat.caller import Caller, NoAnswer, Reply
from backend.payments.wechat.reading import NAME, read_refund
from backend.payments.wechat.sealed import sealed_for

REFUNDS = "/v3/refund/domestic/refunds"
REASON_BYTES_MAX = 80
# A plain no to this refund. Everything else (no money in our account, too many calls, a wrong key) may be yes later.
_REFUSED = (
    "PARAM_ERROR", "INVALID_REQUEST", "USER_ACCOUNT_ABNORMAL", "RESOURCE_NOT_EXISTS", "RESOURCE_NOT_EXIST",
    "ORDER_NOT_EXIST", "ORDERNOTEXIST", "TRADE_OVERDUE", "RULELIMIT", "RULE_LIMIT", "TRADE_ERROR",
)  # fmt: skip
_ABSENT = ("RESOURCE_NOT_EXISTS", "RESOURCE_NOT_EXIST", "REFUND_NOT_EXISTS", "REFUND_NOT_EXIST", "REFUNDNOTEXIST")


@dataclass(frozen=True, kw_only=True)
class AbnormalRefund:
    """A refund that found the giver's card closed, and where it shall go now.

    To `user`: a card of the giver's own, with bank, number and name; to `merchant`: back to the merchant's bank, which
    then pays the giver by hand. Card and name leave this process sealed, and are kept nowhere.
    """

    refund_no: str
    provider_refund_no: str
    to: Literal["user", "merchant"]
    bank_type: str = ""
    bank_account: str = field(default="", repr=False)
    real_name: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Refunds:
    """Who asks WeChat for refunds. Never raises: what is not known is the state `unknown`."""

    caller: Caller
    merchant: str
    notify_url: str

    def ask(self, refund: RefundToMake, *, now: datetime) -> RefundTold:
        """Ask for a refund. A no is believed only when WeChat also knows of no refund under the number.

        For the same no is said when a number is used again in other words, and then money has moved under it.
        """
        told: dict[str, Any] = {
            "out_trade_no": refund.out_trade_no,
            "out_refund_no": refund.refund_no,
            "notify_url": self.notify_url,
            "amount": {"refund": refund.refund_fen, "total": refund.total_fen, "currency": "CNY"},
        }
        if refund.reason:
            told["reason"] = cut(refund.reason, REASON_BYTES_MAX)
        try:
            reply = self.caller.post(REFUNDS, told, now=now, action="refund")
        except NoAnswer:
            return _unknown(refund.refund_no)
        if reply.status >= 400 and reply.code in _REFUSED:
            found = self.query(refund.refund_no, now=now)
            if found.state != "absent":
                return found
            return RefundTold(state="refused", refund_no=refund.refund_no, provider=NAME, code=reply.code)
        return self._read(reply, refund_no=refund.refund_no)

    def query(self, refund_no: str, *, now: datetime) -> RefundTold:
        """Ask what became of a refund; `absent` when WeChat never heard of the number."""
        if not NUMBER.fullmatch(refund_no):
            return _unknown(refund_no)
        try:
            reply = self.caller.get(f"{REFUNDS}/{quote(refund_no, safe='')}", now=now, action="query_refund")
        except NoAnswer:
            return _unknown(refund_no)
        if reply.status == 404 and reply.code in _ABSENT:
            return RefundTold(state="absent", refund_no=refund_no, provider=NAME, code=reply.code)
        return self._read(reply, refund_no=refund_no)

    def repair(self, abnormal: AbnormalRefund, *, now: datetime) -> RefundTold:
        """Ask WeChat to send an abnormal refund to another card. The answer tells how the refund stands now.

        `refused` when it stays abnormal: `code` says why.
        """
        if not NUMBER.fullmatch(abnormal.provider_refund_no):
            return _unknown(abnormal.refund_no)
        told = {"out_refund_no": abnormal.refund_no, "type": f"{abnormal.to.upper()}_BANK_CARD"}
        if abnormal.to == "user":
            key = self.caller.keys.answering(now=now)[1]
            told["bank_type"] = abnormal.bank_type
            told["bank_account"] = sealed_for(abnormal.bank_account, key=key)
            told["real_name"] = sealed_for(abnormal.real_name, key=key)
        path = f"{REFUNDS}/{quote(abnormal.provider_refund_no, safe='')}/apply-abnormal-refund"
        try:
            reply = self.caller.post(path, told, now=now, action="repair_refund")
        except NoAnswer:
            return _unknown(abnormal.refund_no)
        if reply.status >= 400 and reply.code in _REFUSED:
            found = self.query(abnormal.refund_no, now=now)
            if found.state != "abnormal":
                return found
            return RefundTold(state="refused", refund_no=abnormal.refund_no, provider=NAME, code=reply.code)
        return self._read(reply, refund_no=abnormal.refund_no)

    def _read(self, reply: Reply, *, refund_no: str) -> RefundTold:
        if reply.status != 200 or reply.told.get("out_refund_no") != refund_no:
            return _unknown(refund_no, code=reply.code)
        try:
            return read_refund(reply.told, told_by=QUERY, notice_id="", merchant=self.merchant)
        except ShapeWrong:
            return _unknown(refund_no)


def cut(text: str, bytes_max: int) -> str:
    """Return as many whole letters of `text` as fit into so many bytes of UTF-8."""
    return text.encode("utf-8", "ignore")[:bytes_max].decode("utf-8", "ignore")


def _unknown(refund_no: str, *, code: str = "") -> RefundTold:
    return RefundTold(state="unknown", refund_no=refund_no, provider=NAME, code=code)

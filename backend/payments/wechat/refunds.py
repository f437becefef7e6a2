"""Giving money back over WeChat Pay: always under our own number, so that asking again moves nothing twice."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from backend.payments.providers import QUERY, RefundTold, RefundToMake, RefundToRepair, SealedCard
from backend.payments.shapes import NUMBER, ShapeWrong
from backend.payments.signature import plain_serial
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
KEY_REPLACED = "KEY_REPLACED"
"""Not WeChat's word but ours: the card was sealed by a key that WeChat does not use with us any more."""
WORDS_MAX = 200
_MANY_DIGITS = re.compile(r"[0-9*]{7,}")
_ABSENT = ("RESOURCE_NOT_EXISTS", "RESOURCE_NOT_EXIST", "REFUND_NOT_EXISTS", "REFUND_NOT_EXIST", "REFUNDNOTEXIST")


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
            "notify_url": refund.notify_url or self.notify_url,
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

    def seal(self, *, bank_account: str, real_name: str, now: datetime) -> SealedCard:
        """Seal a card by the key under which WeChat answers us now."""
        serial, key = self.caller.keys.answering(now=now)
        account, name = (sealed_for(text, key=key) for text in (bank_account, real_name))
        return SealedCard(key_serial=serial, bank_account=account, real_name=name)

    def repair(self, repair: RefundToRepair, *, now: datetime) -> RefundTold:
        """Ask WeChat to send an abnormal refund to another card of the giver's; `is_accepted` when it does so.

        `refused` when it stays abnormal: `code` and `words` say why. Else how it stands, which says nothing of this
        card: WeChat refuses any card for a refund that moved on already. The other way that WeChat offers, back to the
        merchant's own bank, is not taken: WeChat would call that money returned while it lies with us (ADR 0028).
        """
        if not NUMBER.fullmatch(repair.provider_refund_no):
            return _unknown(repair.refund_no)
        if plain_serial(repair.card.key_serial) not in self.caller.keys.ring.keys:
            return self._unless_it_moved(repair.refund_no, code=KEY_REPLACED, now=now)
        asked = {
            "out_refund_no": repair.refund_no,
            "type": "USER_BANK_CARD",
            "bank_type": repair.bank_type,
            "bank_account": repair.card.bank_account,
            "real_name": repair.card.real_name,
        }
        path = f"{REFUNDS}/{quote(repair.provider_refund_no, safe='')}/apply-abnormal-refund"
        serial = repair.card.key_serial
        try:
            reply = self.caller.post(path, asked, now=now, action="repair_refund", serial=serial)
        except NoAnswer:
            return _unknown(repair.refund_no)
        if reply.status >= 400 and reply.code in _REFUSED:
            return self._unless_it_moved(repair.refund_no, code=reply.code, now=now, words=_words(reply))
        told = self._read(reply, refund_no=repair.refund_no)
        return replace(told, is_accepted=told.state != "unknown")

    def _unless_it_moved(self, refund_no: str, *, code: str, now: datetime, words: str = "") -> RefundTold:
        """Return the refusal, where the refund is abnormal still; else how it stands, by whatever moved it."""
        found = self.query(refund_no, now=now)
        if found.state != "abnormal":
            return found
        return RefundTold(state="refused", refund_no=refund_no, provider=NAME, code=code, words=words)

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


def _words(reply: Reply) -> str:
    """Return how WeChat tells people its refusal, with nothing in it that could be a card's number."""
    told = reply.told.get("message")
    if not isinstance(told, str):
        return ""
    shown = "".join(letter for letter in told if letter.isprintable() and not 0xD800 <= ord(letter) <= 0xDFFF)
    return _MANY_DIGITS.sub("***", shown)[:WORDS_MAX]


def _unknown(refund_no: str, *, code: str = "") -> RefundTold:
    return RefundTold(state="unknown", refund_no=refund_no, provider=NAME, code=code)

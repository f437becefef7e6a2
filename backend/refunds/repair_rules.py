"""The rules of sending an abnormal refund to another card: which banks, what a card number is. Pure, no database."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

BANKS = {
    "ICBC_DEBIT": "工商银行",
    "ABC_DEBIT": "农业银行",
    "BOC_DEBIT": "中国银行",
    "CCB_DEBIT": "建设银行",
    "PSBC_DEBIT": "邮政储蓄银行",
    "COMM_DEBIT": "交通银行",
    "CMB_DEBIT": "招商银行",
    "CITIC_DEBIT": "中信银行",
    "CEB_DEBIT": "光大银行",
    "CMBC_DEBIT": "民生银行",
    "PAB_DEBIT": "平安银行",
    "CIB_DEBIT": "兴业银行",
    "SPDB_DEBIT": "浦发银行",
    "GDB_DEBIT": "广发银行",
    "NBCB_DEBIT": "宁波银行",
}
"""The fifteen banks whose debit cards WeChat Pay takes for it, by WeChat's names (apply-abnormal-refund, bank_type)."""
NAME_LENGTH_MAX = 50
SETTLES = timedelta(minutes=10)
"""So long after a card was taken its refund may still be told as abnormal, by an answer from before."""
GOES_AFTER = timedelta(hours=24)
"""So long after its confirmation a card is sent: its giver reads of it, and who never named one can still say so."""
_CARD = re.compile(r"[0-9]{12,19}", re.ASCII)
_TAIL = re.compile(r"(?<![0-9])([0-9]{4})[^0-9]*$", re.ASCII)
_BETWEEN = re.compile(r"[ \-\u3000\u00a0]+")


def card_number(told: str) -> str | None:
    """Return the digits of a card number as people write it, in groups; None when it is none."""
    digits = _BETWEEN.sub("", told)
    return digits if _CARD.fullmatch(digits) else None


def tail_of(number: str) -> str:
    """Return what of a card number may be kept and shown: its last four digits."""
    return number[-4:]


def goes_at(confirmed_at: datetime) -> datetime:
    """Return when a confirmed card is sent; until then it can be taken back."""
    return confirmed_at + GOES_AFTER


def went_to(received_by: str, *, tail: str) -> bool | None:
    """Say whether the account that a provider names as credited is the card of these last digits.

    None where it names nothing to tell them apart by. "零钱" is the giver's wallet, no card.
    """
    named = _TAIL.search(received_by)
    if named:
        return named[1] == tail
    return False if "零钱" in received_by else None


def is_of_new_card(*, asked_at: datetime, taken_at: datetime) -> bool:
    """Say whether "abnormal", the answer to a question, tells of the new card, and not of the old account still."""
    return asked_at >= taken_at + SETTLES

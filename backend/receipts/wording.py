"""Numbers, names and amounts as a receipt prints them. Pure rules, no database."""

from __future__ import annotations

from backend.donations.wording import ANONYMOUS, KIND_PERSON

ANONYMOUS_ON_RECEIPT = "匿名捐赠人"
ERASED_ON_RECEIPT = "捐赠人已删除个人信息"
"""What stands there when the giver had himself forgotten; the number, the amount and the date stay."""
_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_UNITS = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "兆")


def printed_number(prefix: str, *, year: int, number: int) -> str:
    """Return a paper's number as it is printed: whose it is, the year, then the running number of that year."""
    return f"{prefix}-{year}-{number:08d}"


def receipt_name(*, display: str, name: str | None) -> str:
    """Return 捐赠人 as the receipt states it; a waived name is stated as waived (慈善法 38)."""
    return ANONYMOUS_ON_RECEIPT if display == ANONYMOUS else name or KIND_PERSON


def masked_name(*, display: str, name: str | None) -> str:
    """Return 捐赠人 as anybody may see it who holds the number and the code of a receipt: 张＊."""
    told = receipt_name(display=display, name=name)
    return told if told in (ANONYMOUS_ON_RECEIPT, KIND_PERSON) else f"{told[0]}＊"


def capitals(amount_fen: int) -> str:
    """Return an amount in the capitals of Chinese receipts: 壹仟零伍拾元叁角整; below zero with 负 before it.

    The amount without its sign is below 10^18 fen.
    """
    if amount_fen < 0:
        return "负" + capitals(-amount_fen)
    whole, jiao, fen = amount_fen // 100, amount_fen // 10 % 10, amount_fen % 10
    text = f"{_whole(whole)}元" if whole else ""
    if jiao:
        text += f"{_DIGITS[jiao]}角"
    elif fen and whole:
        text += "零"
    if fen:
        return f"{text}{_DIGITS[fen]}分"
    return f"{text or '零元'}整"


def _whole(number: int) -> str:
    """Write a whole number in groups of four digits; a gap of zeros is read as one 零."""
    text, is_gap, index = "", False, len(str(number)) - 1
    group_is_empty = True
    for char in str(number):
        digit = int(char)
        if digit:
            text += ("零" if is_gap else "") + _DIGITS[digit] + _UNITS[index % 4]
            is_gap, group_is_empty = False, False
        else:
            is_gap = bool(text)
        if index % 4 == 0:
            text += "" if group_is_empty else _GROUPS[index // 4]
            group_is_empty = True
        index -= 1
    return text

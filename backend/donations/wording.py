"""Names, numbers and amounts as givers and auditors read them. Pure rules, no database."""

from __future__ import annotations

from datetime import datetime

from backend.core.clock import local_day

REAL_NAME, NICKNAME, ANONYMOUS = "real_name", "nickname", "anonymous"
DISPLAYS = (REAL_NAME, NICKNAME, ANONYMOUS)
KIND_PERSON = "爱心人士"
ANONYMOUS_ON_RECEIPT = "匿名捐赠人"
_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_UNITS = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "兆")


def public_name(*, display: str, name: str | None) -> str:
    """Return the name under which the public sees a giver; an anonymous one is nobody in particular."""
    return KIND_PERSON if display == ANONYMOUS or not name else name


def receipt_name(*, display: str, name: str | None) -> str:
    """Return 捐赠人 as the receipt states it; a waived name is stated as waived (慈善法 38)."""
    return ANONYMOUS_ON_RECEIPT if display == ANONYMOUS else name or KIND_PERSON


def receipt_number(number: int, *, issued_at: datetime) -> str:
    """Return a receipt's number as it is printed: the year it was issued in, then the running number."""
    return f"XFJY-{local_day(issued_at).year}-{number:08d}"


def yuan(amount_fen: int) -> str:
    """Return an amount in yuan with two decimals and separated thousands."""
    return f"{amount_fen // 100:,}.{amount_fen % 100:02d}"


def capitals(amount_fen: int) -> str:
    """Return an amount in the capitals of Chinese receipts: 壹仟零伍拾元叁角整. `amount_fen` is below 10^18."""
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

"""An amount in capitals reads as a bank writes it, and back to the same fen by a reader of its own."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.receipts.wording import capitals

DIGITS = {sign: value for value, sign in enumerate("零壹贰叁肆伍陆柒捌玖")}
WITHIN = {"拾": 10, "佰": 100, "仟": 1000}
GROUPS = (("兆", 10**12), ("亿", 10**8), ("万", 10**4))
LIMIT_FEN = 10**18 - 1


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (0, "零元整"),
        (1, "壹分"),
        (10, "壹角整"),
        (100, "壹元整"),
        (101, "壹元零壹分"),
        (110, "壹元壹角整"),
        (10_00, "壹拾元整"),
        (1050_30, "壹仟零伍拾元叁角整"),
        (10_000_00, "壹万元整"),
        (10_050_00, "壹万零伍拾元整"),
        (100_000_001_00, "壹亿零壹元整"),
        (123_456_78, "壹拾贰万叁仟肆佰伍拾陆元柒角捌分"),
        (2_000_500_00, "贰佰万零伍佰元整"),
        (5_000_000_00, "伍佰万元整"),
        (1_0000_0000_0000_00, "壹兆元整"),
        (-50_05, "负伍拾元零伍分"),
        # The examples of the People's Bank's rules for filling in notes (支付结算办法，附一).
        (1680_32, "壹仟陆佰捌拾元叁角贰分"),
        (16409_02, "壹万陆仟肆佰零玖元零贰分"),
        (325_04, "叁佰贰拾伍元零肆分"),
        (6007_14, "陆仟零柒元壹角肆分"),
    ],
)
def test_an_amount_in_capitals_reads_as_a_bank_writes_it(fen: int, words: str) -> None:
    assert capitals(fen) == words


def read_group(text: str) -> int:
    """Read up to four digits: 壹仟零伍拾 is 1050."""
    total = digit = 0
    for sign in text:
        if sign in WITHIN:
            total, digit = total + digit * WITHIN[sign], 0
        else:
            digit = DIGITS[sign]
    return total + digit


def read(text: str) -> int:
    """Read an amount in capitals as fen, by splitting where the writer counts: the other way round."""
    sign, text = (-1, text[1:]) if text.startswith("负") else (1, text)
    whole, _, small = text.rpartition("元")
    total = 0
    for name, value in GROUPS:
        before, found, after = whole.partition(name)
        if found:
            total, whole = total + read_group(before) * value, after
    total += read_group(whole)
    jiao, fen = re.search(r"(.)角", small), re.search(r"(.)分", small)
    return sign * (total * 100 + sum(DIGITS[hit[1]] * value for hit, value in ((jiao, 10), (fen, 1)) if hit))


@given(st.integers(-LIMIT_FEN, LIMIT_FEN))
def test_what_is_written_is_read_back_to_the_same_fen(fen: int) -> None:
    assert read(capitals(fen)) == fen


@given(st.integers(1, LIMIT_FEN))
def test_capitals_keep_the_rules_of_the_bank(fen: int) -> None:
    words = capitals(fen)
    assert words.endswith("整") is (fen % 10 == 0), "整 stands at the end unless there are fen"
    assert "零零" not in words
    assert not re.search(r"零[拾佰仟万亿兆]|零元.|零角", words), "no unit is counted that is not there"
    assert not re.search(r"(^|[万亿兆])[拾佰仟]", words), "ten is written 壹拾"

"""What people type is kept as they meant it, and nothing hidden comes with it (bad input 5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.text import TextInvalid, clean_line, clean_text

KEPT = [
    ("  王家 大嫂\t", "王家 大嫂", "white space is single and trimmed"),
    ("cafe\u0301", "caf\u00e9", "one letter, one way to write it"),
    ("\u202e好人\u202c", "好人", "nothing reverses the line"),
    ("好\u200b人", "好人", "nothing hides between two characters"),
    ("👨‍👩‍👧", "👨‍👩‍👧", "a family stays together"),
    ("👩🏽‍🌾", "👩🏽‍🌾", "a farmer keeps her tool"),
    ("a\u200db", "ab", "a joiner joins only symbols"),
    ("好\x07人", "好 人", "a control character is a space"),
    ("\u200d好", "好", "a joiner at the edge joins nothing"),
]


@pytest.mark.parametrize(("typed", "kept", "reason"), KEPT, ids=[row[2] for row in KEPT])
def test_a_name_is_kept_as_it_was_meant(typed: str, kept: str, reason: str) -> None:
    assert clean_line(typed, limit=20, field="name") == kept, reason


REFUSED = [
    ("", "nothing"),
    (" \u200b ", "nothing that can be seen"),
    ("a\x00b", "a character that ends a text"),
    ("\ud83d", "half a character"),
    ("长" * 21, "too long"),
]


@pytest.mark.parametrize(("typed", "reason"), REFUSED, ids=[row[1] for row in REFUSED])
def test_what_cannot_be_kept_is_refused_with_its_field(typed: str, reason: str) -> None:
    with pytest.raises(TextInvalid) as refused:
        clean_line(typed, limit=20, field="name")
    assert refused.value.facts["field"] == "name", reason


def test_a_message_keeps_its_lines() -> None:
    assert clean_text(" 乡亲们好 \r\n\n 加油 ", limit=100, field="message") == "乡亲们好\n\n加油"


@given(st.text(max_size=200))
def test_any_text_is_either_kept_safely_or_refused(typed: str) -> None:
    try:
        kept = clean_line(typed, limit=100, field="name")
    except TextInvalid:
        return
    assert kept == clean_line(kept, limit=100, field="name")
    kept.encode("utf-8")
    assert "\x00" not in kept
    assert "\u202e" not in kept

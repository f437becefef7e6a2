"""The rotating code is right for the half minute in which it is shown and for the next one, and never again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.volunteers import codes

KEY = codes.activity_key(secret="a secret of the tests", activity="Xk3")
SHOWN_AT = datetime(2026, 6, 1, 1, 0, 0, tzinfo=UTC)


def code_at(instant: datetime, key: bytes = KEY) -> str:
    return codes.code_of(key=key, window=codes.window_of(instant))


@pytest.mark.parametrize(
    ("seconds_later", "is_accepted", "reason"),
    [
        (0, True, "the instant in which it appears"),
        (29, True, "the last second of its own half minute"),
        (30, True, "an old phone needs a moment to type it"),
        (59, True, "the last second of the half minute after"),
        (60, False, "a minute later it may have been sent around"),
        (3600, False, "a photograph of it"),
        (-1, False, "nobody knows tomorrow's code"),
    ],
)
def test_a_code_holds_for_its_half_minute_and_the_next(seconds_later: int, is_accepted: bool, reason: str) -> None:
    now = SHOWN_AT + timedelta(seconds=seconds_later)
    found = codes.window_shown_by(code_at(SHOWN_AT), key=KEY, now=now)
    assert (found == codes.window_of(SHOWN_AT)) is is_accepted, reason
    assert (found is not None) is is_accepted, reason


@given(st.integers(min_value=0, max_value=10**8))
def test_every_code_has_six_digits_and_ends_with_its_half_minute(window: int) -> None:
    code = codes.code_of(key=KEY, window=window)
    assert len(code) == 6
    assert code.isascii()
    assert code.isdigit()
    assert codes.window_of(codes.window_end(window)) == window + 1


def test_no_activity_knows_the_code_of_another() -> None:
    other = codes.activity_key(secret="a secret of the tests", activity="Xk4")
    elsewhere = codes.activity_key(secret="another secret of the tests", activity="Xk3")
    shown = {code_at(SHOWN_AT + timedelta(minutes=step), key) for step in range(50) for key in (KEY, other, elsewhere)}
    assert len(shown) > 140


@pytest.mark.parametrize("told", ["", "12345", "1234567", "１２３４５６", "abcdef", "\ud800", "-12345", "123456 "])
def test_what_is_not_six_digits_is_no_code(told: str) -> None:
    assert codes.window_shown_by(told, key=KEY, now=SHOWN_AT) is None


def test_codes_do_not_repeat_the_one_before() -> None:
    shown = [code_at(SHOWN_AT + timedelta(seconds=30 * step)) for step in range(1000)]
    assert len(set(shown)) > 990

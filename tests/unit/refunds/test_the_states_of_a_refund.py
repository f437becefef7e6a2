"""The one table of a refund's states, read row by row: what each act and each word of the provider makes of it."""

from __future__ import annotations

import pytest

from backend.refunds import workflow as w

EXPECTED = [
    (w.ASKED, w.CHECK, w.CHECKED, "the first of two looked at it"),
    (w.ASKED, w.APPROVE, None, "one person alone never lets money go"),
    (w.ASKED, w.REFUSE, w.REFUSED, "it can be refused at once"),
    (w.ASKED, w.WITHDRAW, w.WITHDRAWN, "its giver thinks again"),
    (w.CHECKED, w.CHECK, None, "it is checked once"),
    (w.CHECKED, w.APPROVE, w.APPROVED, "the second of two lets it go"),
    (w.CHECKED, w.REFUSE, w.REFUSED, "the second of two may refuse"),
    (w.CHECKED, w.WITHDRAW, w.WITHDRAWN, "nothing is promised yet"),
    (w.APPROVED, w.WITHDRAW, None, "the bank has been asked"),
    (w.APPROVED, w.REFUSE, None, "a promise is not taken back"),
    (w.APPROVED, w.TOLD_PROCESSING, w.PROCESSING, "accepted, not done"),
    (w.APPROVED, w.TOLD_SUCCESS, w.SUCCESS, "the notice was quicker than the answer"),
    (w.APPROVED, w.TOLD_REFUSED, w.CLOSED, "a plain no: nothing was moved"),
    (w.PROCESSING, w.TOLD_PROCESSING, w.OLD_NEWS, "it still is"),
    (w.PROCESSING, w.TOLD_SUCCESS, w.SUCCESS, "done"),
    (w.PROCESSING, w.TOLD_CLOSED, w.CLOSED, "the provider gave up"),
    (w.PROCESSING, w.TOLD_ABNORMAL, w.ABNORMAL, "the giver's account takes nothing"),
    (w.ABNORMAL, w.TOLD_PROCESSING, w.OLD_NEWS, "an answer from before"),
    (w.ABNORMAL, w.TOLD_ABNORMAL, w.OLD_NEWS, "a repeat"),
    (w.ABNORMAL, w.TOLD_SUCCESS, w.SUCCESS, "it was put right"),
    (w.ABNORMAL, w.TOLD_CLOSED, w.CLOSED, "it was given up"),
    (w.SUCCESS, w.TOLD_ABNORMAL, w.OLD_NEWS, "the notices came in another order"),
    (w.SUCCESS, w.TOLD_PROCESSING, w.OLD_NEWS, "an answer from before"),
    (w.SUCCESS, w.TOLD_SUCCESS, w.OLD_NEWS, "a repeat"),
    (w.SUCCESS, w.TOLD_CLOSED, w.CONTRADICTS, "money is back, or it is not"),
    (w.PROCESSING, w.TOLD_REFUSED, w.CONTRADICTS, "what was accepted is not refused any more"),
    (w.ABNORMAL, w.TOLD_REFUSED, w.CONTRADICTS, "it stands somewhere, and is not free"),
    (w.SUCCESS, w.TOLD_REFUSED, w.CONTRADICTS, "money is back, or it is not"),
    (w.CLOSED, w.TOLD_SUCCESS, w.CONTRADICTS, "money is back, or it is not"),
    (w.CLOSED, w.TOLD_CLOSED, w.OLD_NEWS, "a repeat"),
    (w.CLOSED, w.TOLD_ABNORMAL, w.OLD_NEWS, "the notices came in another order"),
    (w.REFUSED, w.TOLD_SUCCESS, w.CONTRADICTS, "nobody ordered it"),
    (w.WITHDRAWN, w.CHECK, None, "an end stands"),
]


@pytest.mark.parametrize(("state", "event", "becomes", "why"), EXPECTED)
def test_the_table_says_what_becomes_of_a_refund(state: str, event: str, becomes: str | None, why: str) -> None:
    assert w.after(state, event) == becomes, why


def test_every_state_knows_every_word_of_the_provider() -> None:
    assert set(w.TABLE) == set(w.STATES)
    for state in w.STATES:
        assert set(w.WORDS) <= set(w.TABLE[state]), state


def test_an_end_is_never_left() -> None:
    for state in (w.SUCCESS, w.CLOSED, w.REFUSED, w.WITHDRAWN):
        assert set(w.TABLE[state].values()) <= {w.OLD_NEWS, w.CONTRADICTS}

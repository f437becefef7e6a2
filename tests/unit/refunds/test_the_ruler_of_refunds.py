"""Where the fen of a gift are follows from three sums: it equals walking through the purse fen by fen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.refunds.rules import DAY, Where, next_ask, take_from_last, together, where_is
from tests.world.figures import figure, throws
from tests.world.ruler import BACK, FUND, VILLAGE, Purse


@dataclass
class Books:
    """The same purse as the ledger keeps it: credits in order, what refunds took of each, and two sums."""

    credits: list[tuple[str, int]] = field(default_factory=list)
    taken: dict[int, int] = field(default_factory=dict)
    paid_out: int = 0
    leftover: int = 0

    def where(self, number: int) -> Where:
        net = [fen - self.taken.get(place, 0) for place, (_, fen) in enumerate(self.credits, 1)]
        told = {"paid_out_fen": self.paid_out, "leftover_fen": self.leftover}
        return where_is(before_fen=sum(net[: number - 1]), net_fen=net[number - 1], **told)

    def of(self, giver: str) -> list[int]:
        return [number for number, (name, _) in enumerate(self.credits, 1) if name == giver]


STEPS = st.lists(
    st.tuples(st.sampled_from(["give", "give", "pay out", "refund", "refund", "refund fails"]), st.integers(0, 2**16)),
    max_size=25,
)


@given(steps=STEPS, is_closed=st.booleans())
def test_three_sums_tell_where_every_fen_is(steps: list[tuple[str, int]], is_closed: bool) -> None:
    purse, books = Purse(), Books()
    promised: list[tuple[str, int]] = []
    for act, number in steps:
        giver = "abc"[number % 3]
        free = sum(one[2] is None for one in purse.fen)
        own = len(purse.free(giver))
        if act == "give":
            credit_of(purse, books, giver, 1 + number % 40)
        elif act == "pay out" and free:
            fen = 1 + number % free
            purse.leaves(fen, VILLAGE)
            books.paid_out += fen
        elif act == "refund" and own:
            fen = 1 + number % own
            takes(purse, books, giver, fen)
            promised.append((giver, fen))
        elif act == "refund fails" and promised:
            credit_of(purse, books, *promised.pop(number % len(promised)))
        agree(purse, books)
    if is_closed:
        left = sum(one[2] is None for one in purse.fen)
        purse.leaves(left, FUND)
        books.leftover += left
        agree(purse, books)


def credit_of(purse: Purse, books: Books, giver: str, fen: int) -> None:
    purse.comes(giver, fen)
    books.credits.append((giver, fen))


def takes(purse: Purse, books: Books, giver: str, fen: int) -> None:
    free = [(number, books.where(number).free_fen) for number in books.of(giver)]
    for number, part in take_from_last(free, fen):
        books.taken[number] = books.taken.get(number, 0) + part
    purse.gives_back(giver, fen)


def agree(purse: Purse, books: Books) -> None:
    for number in range(1, len(books.credits) + 1):
        found = books.where(number)
        assert found.free_fen == purse.count(number, None)
        assert found.to_village_fen == purse.count(number, VILLAGE)
        assert found.to_fund_fen == purse.count(number, FUND)
        assert books.taken.get(number, 0) == purse.count(number, BACK)


@pytest.mark.promise(name="P10")
@pytest.mark.timeout(0)
def test_the_parts_of_a_purse_are_always_its_whole_and_the_same_each_time() -> None:
    """Nothing is divided: each fen has its place, so that no rule about a remainder is needed."""
    cases = throws("parts of a purse", figure("P10", slice=5_000, full=1_000_000), size=5_000)
    for case, chance in enumerate(cases):
        gifts = [chance.choice((1, 100, chance.randrange(1, 10**7))) for _ in range(chance.randrange(1, 6))]
        total = sum(gifts)
        paid = chance.choice((0, total, chance.randrange(total + 1)))
        left = chance.choice((0, total - paid))
        found = [
            where_is(before_fen=sum(gifts[:place]), net_fen=fen, paid_out_fen=paid, leftover_fen=left)
            for place, fen in enumerate(gifts)
        ]
        assert [one.free_fen + one.to_village_fen + one.to_fund_fen for one in found] == gifts, f"case {case}"
        whole = Where(free_fen=total - paid - left, to_village_fen=paid, to_fund_fen=left)
        assert together(found) == whole, f"case {case}"
        free = [(number, one.free_fen) for number, one in enumerate(found)]
        wanted = chance.randrange(whole.free_fen + 1)
        parts = take_from_last(free, wanted)
        assert sum(fen for _, fen in parts) == wanted, f"case {case}"
        assert all(0 < fen <= dict(free)[number] for number, fen in parts), f"case {case}"
        assert take_from_last(free, wanted) == parts


def test_more_than_is_free_is_never_taken() -> None:
    with pytest.raises(ValueError, match="more is taken"):
        take_from_last([(1, 5)], 6)


def test_the_parts_of_a_gift_are_told_together() -> None:
    parts = [Where(free_fen=1, to_village_fen=2), Where(to_village_fen=3, to_fund_fen=4)]
    assert together(parts) == Where(free_fen=1, to_village_fen=5, to_fund_fen=4)


NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)
ASKED_AGAIN = [
    (timedelta(seconds=5), timedelta(minutes=1), "each minute at first"),
    (timedelta(minutes=30), timedelta(minutes=10), "then every ten minutes"),
    (timedelta(hours=20), timedelta(hours=1), "then every hour"),
    (timedelta(days=9), DAY, "and daily for as long as a bank takes"),
]


@pytest.mark.parametrize(("age", "pause", "why"), ASKED_AGAIN, ids=[row[2] for row in ASKED_AGAIN])
def test_a_refund_is_asked_about_until_it_has_ended(age: timedelta, pause: timedelta, why: str) -> None:
    assert next_ask(approved_at=NOON, now=NOON + age) == NOON + age + pause, why

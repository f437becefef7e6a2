"""The rules of giving back: where the fen of a gift are, which of them are free, and how often. Pure, no database.

The fen of a purse are numbered in ledger order (ADR 0020): each credit is an interval of that ruler, shorter
by what was taken out of it for refunds. What left the purse otherwise took the earliest fen, payouts before the
leftovers of a project that closed. So where a credit is follows from three sums, without walking through the purse.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

PARTS_MAX = 50
PAUSE = timedelta(minutes=1)
WITHIN = timedelta(days=365)
"""A provider gives a payment back in at most 50 parts, a minute apart, within 365 days after it was paid."""

FIRST_ASK = timedelta(minutes=1)
_ASKS = (
    (timedelta(minutes=10), timedelta(minutes=1)),
    (timedelta(hours=1), timedelta(minutes=10)),
    (timedelta(days=2), timedelta(hours=1)),
)
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Where:
    """Where the fen of a credit are: free with who holds the purse, sent on to the village, or moved to the fund."""

    free_fen: int = 0
    to_village_fen: int = 0
    to_fund_fen: int = 0


def where_is(*, before_fen: int, net_fen: int, paid_out_fen: int, leftover_fen: int) -> Where:
    """Return where the `net_fen` of a credit are that stand on the ruler behind `before_fen` others, in fen.

    `paid_out_fen` went to the village and `leftover_fen` to the fund, in all: a project pays nothing out any more when
    its leftovers move, so they took the fen behind those that were paid out.
    """
    paid = _overlap(before_fen, net_fen, 0, paid_out_fen)
    moved = _overlap(before_fen, net_fen, paid_out_fen, leftover_fen)
    return Where(free_fen=net_fen - paid - moved, to_village_fen=paid, to_fund_fen=moved)


def together(parts: Iterable[Where]) -> Where:
    """Return where the fen of several credits of one gift are."""
    found = list(parts)
    return Where(**{name: sum(getattr(part, name) for part in found) for name in Where.__dataclass_fields__})


def take_from_last(free: Iterable[tuple[int, int]], amount_fen: int) -> list[tuple[int, int]]:
    """Take `amount_fen` out of credits told as (name, free fen) in ledger order, the last first: those stay longest.

    The free fen of a gift are the last ones of it, so what is left of a credit is again one interval of the ruler.
    """
    taken, left_fen = [], amount_fen
    for name, free_fen in reversed(list(free)):
        part_fen = min(free_fen, left_fen)
        if part_fen:
            taken.append((name, part_fen))
            left_fen -= part_fen
    if left_fen:
        raise ValueError("more is taken than is free")
    return taken


def next_ask(*, approved_at: datetime, now: datetime) -> datetime:
    """Return when to ask again what became of a refund: each minute, ten minutes, hour, and from the third day daily.

    It is asked for as long as it has not ended; a provider's `processing` may take a bank some working days.
    """
    age = now - approved_at
    for until, pause in _ASKS:
        if age < until:
            return now + pause
    return now + DAY


def _overlap(start: int, length: int, other_start: int, other_length: int) -> int:
    return max(0, min(start + length, other_start + other_length) - max(start, other_start))

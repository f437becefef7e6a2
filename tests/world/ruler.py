"""A purse as a row of single fen, walked through one by one: the plain truth that the sums are measured against."""

from __future__ import annotations

from dataclasses import dataclass, field

VILLAGE, FUND, BACK = "village", "fund", "back"


@dataclass
class Purse:
    """A purse as a row of single fen, each with its credit, its giver and where it is; the slow and plain truth."""

    fen: list[list[object]] = field(default_factory=list)
    credits: int = 0

    def comes(self, giver: str, amount: int) -> int:
        """Fen come in as one credit; return its number."""
        self.credits += 1
        self.fen += [[self.credits, giver, None] for _ in range(amount)]
        return self.credits

    def leaves(self, amount: int, to: str) -> None:
        """The earliest free fen leave."""
        for one in [one for one in self.fen if one[2] is None][:amount]:
            one[2] = to

    def free(self, giver: str) -> list[list[object]]:
        """The free fen of a giver."""
        return [one for one in self.fen if one[1] == giver and one[2] is None]

    def gives_back(self, giver: str, amount: int) -> None:
        """The last free fen of a giver go back to him."""
        for one in self.free(giver)[::-1][:amount]:
            one[2] = BACK

    def count(self, credit: int, state: str | None) -> int:
        """How many fen of a credit are somewhere; None is: free."""
        return sum(one[0] == credit and one[2] == state for one in self.fen)

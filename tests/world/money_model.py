"""What should become of money, in plain Python: gifts, second payments, refunds, and what each account then holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from wechat_sim import books

from backend.ledger.accounts import NATIONAL, UNALLOCATED, account, refunds_account
from tests.world.giving import Phone

OPEN = ("created", "prepaying", "payable")
WAITING, LIVE, ENDED = ("asked", "checked"), ("approved", "processing", "abnormal"), ("withdrawn", "refused")
PAUSE = timedelta(minutes=1)


@dataclass
class RefundSeen:
    """A refund: how it stands, and what the provider has ever said of it."""

    code: str
    fen: int
    state: str = "asked"
    no: str = ""
    approved_at: datetime | None = None


@dataclass
class GiftSeen:
    """A gift: ordered, perhaps paid at the provider, perhaps in the ledger, perhaps given back."""

    code: str
    no: str
    project: str
    fen: int
    phone: Phone
    expires_at: datetime
    key: str
    answer: bytes
    state: str = "created"
    posted_to: str = ""
    extra_fen: int = 0
    refunds: list[RefundSeen] = field(default_factory=list)

    def sum_of(self, *states: str) -> int:
        """The fen of its refunds in some states."""
        return sum(one.fen for one in self.refunds if one.state in states)

    @property
    def free_fen(self) -> int:
        """What can still be given back."""
        return self.fen - self.sum_of(*LIVE, "success") if self.posted_to else 0

    def may_ask(self, fen: int, *, now: datetime) -> bool:
        """Whether a request for so much is taken."""
        sent = [one.approved_at for one in self.refunds if one.approved_at is not None]
        waits = any(one.state in WAITING for one in self.refunds)
        rests = bool(sent) and now < max(sent) + PAUSE
        return bool(self.posted_to) and fen <= self.free_fen and not waits and not rests


@dataclass
class Told:
    """One order as the database tells it."""

    state: str
    target: str
    paid_fen: int | None
    extras: dict[str, int] = field(default_factory=dict)
    refunds: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass
class Model:
    """All gifts of one life of the machine, beside the books of the provider, which are the truth about its money."""

    sim: books.World
    gifts: dict[str, GiftSeen] = field(default_factory=dict)

    def trades(self, no: str) -> list[books.Trade]:
        """What the provider collected for an order: once, or twice."""
        rows = self.sim.books.trades.values()
        return [one for one in rows if one.out_trade_no == no and one.state == books.SUCCESS]

    def follows(self, gift: GiftSeen, told: Told) -> None:
        """Take in what the database tells now of a gift; each change must be one that may be."""
        if told.state == "paid" and not gift.posted_to:
            self._is_posted(gift, told)
        assert (told.state == "paid") == bool(gift.posted_to), "a gift stays in the ledger"
        assert not gift.posted_to or told.target == gift.posted_to, "money stays where it was posted"
        gift.state = told.state
        collected = {one.transaction_id: one.total_fen for one in self.trades(gift.no)[1:]}
        assert told.extras.items() <= collected.items(), "only a second payment is posted as one"
        assert sum(told.extras.values()) >= gift.extra_fen, "a second payment stays in the ledger"
        gift.extra_fen = sum(told.extras.values())
        for refund in gift.refunds:
            self._refund_follows(refund, *told.refunds[refund.code])

    def _is_posted(self, gift: GiftSeen, told: Told) -> None:
        paid = self.trades(gift.no)
        assert paid, "nothing is posted that the provider did not collect"
        assert told.paid_fen == gift.fen == paid[0].total_fen
        in_time = paid[0].paid_at is not None and paid[0].paid_at <= gift.expires_at
        own = account(NATIONAL, gift.project)
        wanted = own if gift.state in OPEN and in_time else UNALLOCATED
        assert told.target == wanted, f"a gift that was {gift.state}, in time: {in_time}"
        gift.posted_to = told.target

    def _refund_follows(self, refund: RefundSeen, state: str, no: str) -> None:
        before, refund.state, refund.no = refund.state, state, no
        row = self.sim.books.refunds.get(no)
        if before == state:
            return
        assert before not in ("success", "closed", *ENDED), f"{before} is an end, not followed by {state}"
        if state in ("success", "closed"):
            assert row is not None, "an end that the provider knows"
            assert row.status == state.upper(), "an end that the provider told"
        if state in ("processing", "abnormal"):
            assert row is not None, "the provider has heard of it"

    def balances(self) -> Counter[str]:
        """What each account that these gifts touch should hold."""
        held: Counter[str] = Counter()
        for gift in self.gifts.values():
            held[UNALLOCATED] += gift.extra_fen
            if gift.posted_to:
                held[gift.posted_to] += gift.free_fen
                held[refunds_account(gift.posted_to)] += gift.sum_of(*LIVE)
        return held

    def arrivals(self) -> Counter[str]:
        """Under which references money of these gifts should have arrived, each once."""
        found: Counter[str] = Counter(gift.no for gift in self.gifts.values() if gift.posted_to)
        for gift in self.gifts.values():
            second = [f"again-{one.transaction_id}" for one in self.trades(gift.no)[1:]]
            found.update(second if gift.extra_fen else [])
        return found

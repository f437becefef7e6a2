"""A day of real gifts and refunds in the tables of the house, and the bill of that day with differences put into it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from backend.core.clock import local_day
from backend.core.ids import new_code
from backend.donations.service import order_gift, showing
from backend.payments.providers import H5, Paid
from backend.payments.sandbox import APP_ID, MERCHANT, NAME, SandboxProvider
from backend.payments.settle import SETTLED, settle
from backend.people.service import open_device_session
from backend.refunds import service
from tests.world.billing import Line, Reconciling
from tests.world.refunding import Given, Refunding

AT_ONCE, A_DAY = 50, timedelta(hours=11)
WORDS = (("success",), ("processing",), ("success",), ("closed",), ())
"""What the provider says of one refund after the other: done, done, on its way, turned away, nothing yet."""
Listed = tuple[str, str, str | None, str | None, int | None, int | None]
"""A difference as the desk sees it: state, kind, order and refund number, our fen and the bill's."""


class Books(Refunding, Reconciling):
    """A village that gives back, and the day after."""


@dataclass
class Till:
    """What came and went on one day, as its bill should tell it, and what is put wrong into that bill."""

    village: Books
    chance: random.Random
    begins: datetime
    lines: list[Line] = field(default_factory=list)
    given: list[tuple[Given, int]] = field(default_factory=list)
    done: list[Line] = field(default_factory=list)
    injected: set[Listed] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.phone = self.village.phone()

    @property
    def day(self) -> date:
        """The day of the bill."""
        return local_day(self.begins)

    def receives(self, gifts: int, *, unheard: int) -> None:
        """So many gifts come, the last of them unheard of until the bill tells of them."""
        moments = [self.begins + number * A_DAY // gifts for number in range(gifts)]
        for start in range(0, gifts, AT_ONCE):
            some = moments[start : start + AT_ONCE]
            heard = range(start, gifts - unheard)
            act = self._receiving(some, is_heard=[number in heard for number in range(start, start + len(some))])
            found = self.village.writes(act)
            self.lines += [line for line, _ in found]
            self.given += [(Given(self.phone, code, line.purse, line.order_no), line.fen) for line, code in found]
        unknown = self.lines[gifts - unheard :]
        self.injected |= {("healed", "missing", one.order_no, None, None, one.fen) for one in unknown}
        while self.village.works("order"):
            pass

    def _receiving(self, moments: list[datetime], *, is_heard: list[bool]) -> Callable[[], list[tuple[Line, str]]]:
        drawn = [self.chance.randint(1, 500_00) for _ in moments]
        return lambda: [self._gift(*one) for one in zip(moments, drawn, is_heard, strict=True)]

    def _gift(self, at: datetime, fen: int, is_heard: bool) -> tuple[Line, str]:
        """Order a gift and, when it is heard of, settle it, as the house does; return its line of the bill."""
        purse, provider = self.village.fund, SandboxProvider(self.village.settings)
        shown = showing(display="nickname", name=None, hide_amount=False, message=None)
        told = {"project_code": purse, "amount_fen": fen, "shown": shown, "link_id": None, "channel": H5}
        person = open_device_session(now=at)[1]
        ordered = order_gift(person_id=person.id, provider=provider, now=at, **told)  # type: ignore[arg-type]  # as told above.
        line = Line(at=at, order_no=ordered.out_trade_no, transaction_no=f"SB{new_code(20)}", fen=fen, purse=purse)
        paid = Paid(
            provider=NAME,
            notice_id=new_code(20),
            told_by="notice",
            out_trade_no=line.order_no,
            transaction_no=line.transaction_no,
            merchant=MERCHANT,
            app_id=APP_ID,
            purse=purse,
            amount_fen=fen,
            currency="CNY",
            success_at=at,
            body="{}",
        )
        assert not is_heard or settle(paid, now=at) == SETTLED
        return line, ordered.code

    def gives_back(self, refunds: int, *, of: int) -> None:
        """So many refunds of the first gifts are asked, approved by two people, and told of by the provider."""
        self.village.clock = self.begins + A_DAY
        for number, (gift, paid_fen) in enumerate(self.chance.sample(self.given[:of], refunds)):
            fen, words = self.chance.randint(1, paid_fen), WORDS[number % len(WORDS)]
            refund = self._approved(gift, fen)
            for word in words:
                self.village.hears_of_refund(self.village.word(gift, refund, word))
            names = {"order_no": gift.no, "transaction_no": "T", "refund_no": self.village.no(refund)}
            line = Line(at=self.village.clock, fen=fen, **names)
            self.lines += [line] if words in (("success",), ("processing",)) else []
            self.done += [line] if words == ("success",) else []

    def _approved(self, gift: Given, fen: int) -> str:
        told = {"gift": gift.code, "amount_fen": fen, "reason": "写错了", "now": self.village.clock}
        third = self.village.third
        refund = self.village.writes(lambda: service.ask_for_giver(**told, staff=third))  # type: ignore[arg-type]  # as told above.
        for staff in (self.village.desk, self.village.second):
            self.village.approves(refund, staff)
        return refund

    def bill(self, wrong: int) -> list[Line]:
        """Return the bill with so many differences of each kind, each about a number of its own."""
        told = {self._number(one): [one] for one in self.lines}
        known = {one[2] for one in self.injected}
        paid = [one for one in self.lines if not one.refund_no and one.order_no not in known]
        payments, refunds = self._drawn(paid, 5 * wrong), self._drawn(self.done, 2 * wrong)
        for _ in range(wrong):
            told[self._number(one := next(payments))] = []
            self._puts("extra", one, one.fen, None)
            more = (one := next(payments)).fen + self.chance.choice((1, 100, 12_345))
            told[one.order_no] = [replace(one, fen=more)]
            self._puts("amount", one, one.fen, more)
            fee = (one := next(payments)).fee_fen + self.chance.randint(1, 9)
            told[one.order_no] = [replace(one, fee=fee)]
            self._puts("fee", one, one.fee_fen, fee)
            one = replace(next(payments), order_no=f"S{new_code(20)}", transaction_no=new_code(20))
            told[one.order_no] = [one]
            self._puts("missing", one, None, one.fen)
            one = replace(next(payments), refund_no=f"V{new_code(20)}")
            told[one.refund_no] = [one]
            self._puts("refund", one, None, one.fen)
            told[self._number(one := next(refunds))] = []
            self._puts("refund", one, one.fen, None)
            more = (one := next(refunds)).fen + 1
            told[one.refund_no] = [replace(one, fen=more)]
            self._puts("refund", one, one.fen, more)
        return [line for lines in told.values() for line in lines]

    def _drawn(self, lines: list[Line], count: int) -> Iterator[Line]:
        return iter(self.chance.sample(lines, count))

    def _number(self, line: Line) -> str:
        return line.refund_no or line.order_no

    def _puts(self, kind: str, line: Line, ours_fen: int | None, theirs_fen: int | None) -> None:
        self.injected.add(("open", kind, line.order_no, line.refund_no or None, ours_fen, theirs_fen))

"""One life of the machine of money: what people, provider and worker do in it, and what must agree after each step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import func, select
from wechat_sim import books, callbacks, refunds, trades

from backend.core.clock import local_day
from backend.core.db import db
from backend.core.failpoints import failing
from backend.donations.models import Gift
from backend.ledger.models import Transfer
from backend.ledger.queries import balance_fen
from backend.payments.models import ExtraPayment, PaymentOrder
from backend.payments.wechat.sealed import sealed_for
from backend.people.rights import StaffMember
from backend.refunds import service
from backend.refunds.models import Refund
from backend.refunds.refusals import FourEyes
from tests.world.giving import Phone, new_key
from tests.world.linked import Linked
from tests.world.money_model import LIVE, WAITING, GiftSeen, Model, RefundSeen, Told
from tests.world.refunding import Given

NAMES = count(1)
KINDS = {
    "missing_row": {"extra"},
    "extra_row": {"missing"},
    "amount_diff": {"amount"},
    "fee_diff": {"fee"},
    "flow_extra_row": {"fund"},
}


@dataclass
class Life:
    """From the first order to the bills of its last day."""

    village: Linked
    faults: list[str] = field(default_factory=list)
    is_deaf: bool = False
    is_whole: bool = True

    def __post_init__(self) -> None:
        self.village.later(hours=1)
        self.model = Model(self.village.sim)
        self.first_day = self.today
        self.phones: list[Phone] = [self.village.comes_by_wechat(f"giver{next(NAMES)}") for _ in range(2)]
        self.project = self._opens()

    @property
    def today(self) -> date:
        """The local day."""
        return local_day(self.village.clock)

    @property
    def gifts(self) -> list[GiftSeen]:
        """All gifts, oldest first."""
        return list(self.model.gifts.values())

    def pick(self, which: int) -> GiftSeen:
        """One of the gifts."""
        return self.gifts[which % len(self.gifts)]

    def refunds(self, *states: str) -> list[RefundSeen]:
        """The refunds in some states."""
        return [one for gift in self.gifts for one in gift.refunds if one.state in states]

    def events(self) -> list[books.Event]:
        """What the provider has to tell of this life."""
        return list(self.village.sim.books.events.values())

    @contextmanager
    def step(self, *, moves_money: bool = True) -> Iterator[None]:
        """One thing happens; when it fails, this life is over."""
        self.is_whole, before = False, self.village.transfers()
        yield
        if not moves_money:
            assert self.village.transfers() == before, "no money moves by this"
        self.is_whole = True

    def _opens(self) -> str:
        return self.village.opens_project("屋顶", until=str(self.today + timedelta(days=60)))

    def holds(self, name: str) -> int:
        """What an account holds now."""
        return self.village.asks(lambda: balance_fen(name))

    def starts(self) -> None:
        """So that much can happen soon: three have ordered, of two the provider has the money, of one we know it."""
        for who, fen in ((0, 3000), (1, 100), (0, 7)):
            self.orders(who, fen)
        for gift in self.gifts[:2]:
            self.pays(gift, late=False)
        self.tells(0, "")

    def may_end_project(self) -> bool:
        """Whether somebody has ordered for the project; one that nobody knows of ends unseen."""
        return any(one.project == self.project for one in self.gifts)

    def orders(self, who: int, fen: int, *, dies_at: str = "") -> None:
        """Somebody orders; the server may die at a place, then nobody was answered."""
        phone, key = self.phones[who], new_key()
        with ExitStack() as stack:
            if dies_at:
                stack.enter_context(failing(f"{dies_at}=raise@1"))
            answer = phone.orders(self.project, fen, key=key, again=True, channel="mini")
        assert answer.status_code in (200, 201) or answer.status_code >= 409, answer.text
        if answer.status_code not in (200, 201):
            return
        code = str((answer.json or {})["code"])
        no, expires_at = self.village.asks(lambda: db.session.execute(self._order_of(code)).one())
        told = {"phone": phone, "key": key, "answer": answer.data, "expires_at": expires_at}
        self.model.gifts.setdefault(no, GiftSeen(code=code, no=no, project=self.project, fen=fen, **told))

    def _order_of(self, code: str) -> Any:
        told = select(PaymentOrder.out_trade_no, PaymentOrder.expires_at)
        return told.join(Gift, Gift.order_id == PaymentOrder.id).where(Gift.code == code)

    def sends_again(self, gift: GiftSeen, *, changed: bool) -> None:
        """The phone sends its order once more under its key, perhaps with another amount."""
        fen = gift.fen + changed
        answer = gift.phone.orders(gift.project, fen, key=gift.key, again=True, channel="mini")
        if changed:
            assert answer.status_code in (409, 422)
        else:
            assert answer.data == gift.answer, "the same bytes"

    def pays(self, gift: GiftSeen, *, late: bool) -> None:
        """The payer pays, perhaps after his time, where the provider still lets him."""
        self.village.sim.knobs.set("user.pay_after_expire", int(late))
        self.village.pays(gift.no)

    def pays_twice(self, gift: GiftSeen) -> None:
        """The provider collects a second time for an order that is posted."""
        sim, first = self.village.sim, self.village.sim.books.trades[gift.no]
        name = f"{gift.no}#2"
        if not gift.posted_to or name in sim.books.trades:
            return
        number = sim.serial_no("4200", 28)
        second = replace(first, transaction_id=number, paid_at=self.village.clock)
        sim.books.trades[name] = second
        callbacks.owe_payment(sim, second, trades.tell(sim, second) | {"trade_state": "SUCCESS"})

    def tells(self, which: int, fault: str) -> list[int]:
        """The provider tells something that happened, for the first time or again."""
        return self.village.tells(self.events()[which % len(self.events())], *([fault] if fault else []))

    def later(self, seconds: int) -> None:
        """Time passes for everybody."""
        self.village.later(seconds=seconds)
        refunds.progress(self.village.sim)

    def ends_project(self) -> None:
        """The village ends its project, and opens another."""
        self.village.ends(self.project)
        self.project = self._opens()

    def asks_back(self, gift: GiftSeen, share: int) -> None:
        """The giver asks for a part of what is free, the whole, or more."""
        fen = max(1, gift.free_fen * share // 4) if gift.free_fen else share
        may = gift.may_ask(fen, now=self.village.clock)
        answer = Given(gift.phone, gift.code, gift.project, gift.no).asks_back(fen)
        assert (answer.status_code == 201) == may, answer.text
        if may:
            newest = select(Refund.code).order_by(Refund.id.desc()).limit(1)
            code = self.village.asks(lambda: db.session.scalars(newest).one())
            gift.refunds.append(RefundSeen(code=code, fen=fen))

    def decides(self, which: int, way: str) -> None:
        """Two people decide, or one of them refuses, or the giver withdraws."""
        waiting = self.refunds(*WAITING)
        refund = waiting[which % len(waiting)]
        (gift,) = [one for one in self.gifts if refund in one.refunds]
        village, told = self.village, {"refund": refund.code, "now": self.village.clock}
        if way == "refuse":
            village.writes(lambda: service.refuse_refund(**told, reason="不行", staff=village.third))  # type: ignore[arg-type]
        elif way == "withdraw":
            assert Given(gift.phone, gift.code, gift.project, gift.no).withdraws(refund.code).status_code == 201
        elif way == "same person":
            self._approves(refund, village.desk)
            with pytest.raises(FourEyes):
                village.approves(refund.code, village.desk)
        else:
            self._approves(refund, village.desk)
            village.approves(refund.code, village.second)
            refund.approved_at = village.clock

    def _approves(self, refund: RefundSeen, staff: StaffMember) -> None:
        if refund.state == "asked":
            self.village.approves(refund.code, staff)

    def bank_decides(self, outcome: str) -> None:
        """The bank will end the refunds that are under way so."""
        for row in self._rows(books.PROCESSING):
            row.outcome = outcome

    def puts_right(self, which: int) -> None:
        """The money of an abnormal refund is sent to another card of the giver's, at the merchant platform."""
        rows, key = self._rows(books.ABNORMAL), self.village.sim.keys.platform_key.public_key()
        for row in rows[which % max(len(rows), 1) :][:1]:
            told = {"out_refund_no": row.out_refund_no, "type": "USER_BANK_CARD", "bank_type": "CMB_DEBIT"}
            told |= {
                "bank_account": sealed_for("6225880137654321", key=key),
                "real_name": sealed_for("王小明", key=key),
            }
            refunds.apply_abnormal(self.village.sim, told, row.refund_id, by_public_key=True)

    def _rows(self, status: str) -> list[books.Refund]:
        mine = {one.no for gift in self.gifts for one in gift.refunds}
        rows = self.village.sim.books.refunds.values()
        return [one for one in rows if one.out_refund_no in mine and one.status == status]

    def agrees(self) -> None:
        """The database followed the model, account by account."""
        told, arrived, held = self.village.asks(self._read)
        self.is_whole = False
        for no, gift in self.model.gifts.items():
            self.model.follows(gift, told[no])
            assert gift.sum_of(*LIVE, "success") <= gift.fen, "never more than was paid"
        assert arrived == self.model.arrivals(), "each payment arrives once"
        wanted = self.model.balances()
        assert {name: held[name] for name in wanted} == dict(wanted), "each account holds what it should"
        assert all(self.holds(name) == fen for name, fen in wanted.items()), "and says so"
        self.is_whole = True

    def _read(self) -> tuple[dict[str, Told], Counter[str], Counter[str]]:
        numbers = list(self.model.gifts)
        orders = db.session.scalars(select(PaymentOrder).where(PaymentOrder.out_trade_no.in_(numbers)))
        rows = {one.id: one for one in orders.all()}
        told = {one.out_trade_no: Told(one.state, one.target_account, one.paid_fen) for one in rows.values()}
        for extra in db.session.scalars(select(ExtraPayment).where(ExtraPayment.order_id.in_(rows))):
            told[rows[extra.order_id].out_trade_no].extras[extra.transaction_no] = extra.amount_fen
        given = select(Refund.code, Refund.state, Refund.refund_no, Gift.order_id).join(Gift, Gift.id == Refund.gift_id)
        for code, state, refund_no, order_id in db.session.execute(given.where(Gift.order_id.in_(rows))):
            told[rows[order_id].out_trade_no].refunds[code] = (state, refund_no or "")
        references = [*numbers, *(f"again-{name}" for one in told.values() for name in one.extras)]
        arrivals = select(Transfer.reference).where(Transfer.reference.in_(references))
        return told, Counter(db.session.scalars(arrivals)), self._sums()

    def _sums(self) -> Counter[str]:
        held: Counter[str] = Counter()
        for column, sign in ((Transfer.target_account, 1), (Transfer.source_account, -1)):
            for name, fen in db.session.execute(select(column, func.sum(Transfer.amount_fen)).group_by(column)):
                held[name] += sign * int(fen)
        assert sum(held.values()) == 0, "what one account gave another one took"
        return held

    def ends(self) -> None:
        """Hours pass, the bills come: what was paid is posted, what was given back is booked, nothing else differs."""
        self.village.sim.knobs.values.clear()
        for event in [] if self.is_deaf else self.events():
            self.village.tells(event)
        self.agrees()
        last = self.today
        self.village.heals()
        self.agrees()
        paid = {one.no for one in self.gifts if self.model.trades(one.no)}
        assert {one.no for one in self.gifts if one.posted_to} == paid, "everything paid is posted"
        assert self.refunds("approved", "processing") == [], "everything that was ended is booked"
        self._bills(last)
        for gift in self.gifts:
            assert gift.extra_fen == sum(one.total_fen for one in self.model.trades(gift.no)[1:])
        for event in self.events():
            assert self.village.tells(event) == [204]
        self.agrees()
        assert self.village.verify() == []

    def _bills(self, last: date) -> None:
        unheard = any(gift.extra_fen == 0 and self.model.trades(gift.no)[1:] for gift in self.gifts)
        for day in [self.first_day + timedelta(days=number) for number in range((last - self.first_day).days + 1)]:
            changes = self.village.bill_of(day, *([] if unheard or day != last else self.faults))
            self.agrees()
            found = [one for one in self.village.differences(day) if one.state == "open"]
            told = {one.refund_no or one.order_no: one.kind for one in found}
            wanted = {str(row["out_refund_no"] or row["out_trade_no"]): KINDS[row["kind"]] for row in changes}
            assert set(told) == set(wanted), "the bills differ in what was changed in them"
            assert all(kind in wanted[no] for no, kind in told.items())

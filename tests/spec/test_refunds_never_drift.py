"""Refunds thrown by dice, against a row of single fen: after every step the sums are the same to the fen."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from backend.core.ids import new_code
from backend.disbursements import service as payouts
from backend.donations.service import order_gift, showing
from backend.payments.providers import H5, Paid
from backend.payments.sandbox import APP_ID, MERCHANT, SandboxProvider
from backend.payments.settle import SETTLED, settle
from backend.people.service import open_device_session
from backend.refunds import hearing, service
from backend.refunds.queries import money_of_gift
from backend.refunds.refusals import RefundTooLarge
from tests.world.figures import dice, figure, rounds
from tests.world.refunding import Given, Refunding, village
from tests.world.ruler import BACK, VILLAGE, Purse

__all__ = ["village"]
REFUNDS_A_PURSE, PURSES_A_LOOK = 25, 20
ENDS = {"success": ["success"], "closed": ["closed"], "refused": ["refused"], "abnormal": ["success", "closed"]}


@dataclass
class Model:
    """What should be: the fen one by one, and what is promised of each gift by its refund."""

    purse: Purse = field(default_factory=Purse)
    credits: dict[str, list[int]] = field(default_factory=dict)
    promised: dict[str, tuple[Given, int]] = field(default_factory=dict)
    refunded: int = 0

    def free_in_all(self) -> int:
        """How many fen of the purse are free."""
        return sum(one[2] is None for one in self.purse.fen)

    def free(self, gift: Given) -> int:
        """How many fen of a gift are free."""
        return len(self.purse.free(gift.code))


@pytest.mark.promise(name="P9")
@pytest.mark.timeout(36_000)
def test_what_is_given_back_is_exact_after_every_step(village: Refunding) -> None:
    purses = rounds("refunds of a purse", figure("P9", slice=25, full=20_000), size=REFUNDS_A_PURSE)
    for number, (seed, refunds) in enumerate(purses):
        live(village, dice("refunds of a purse", seed=seed), refunds=refunds)
        # It reads the whole database, which grows with every purse.
        assert number % PURSES_A_LOOK or out_of_joint(village) == []
    assert out_of_joint(village) == []


def out_of_joint(village: Refunding) -> list[str]:
    """Ask `verify`; the words came from here, so that the sandbox knows nothing of them."""
    return [one for one in village.verify() if "沙箱" not in one]


def live(village: Refunding, throws: random.Random, *, refunds: int) -> None:
    """A project lives: gifts come, payouts go, so many refunds are asked, decided and told of."""
    project = village.opens_project("屋顶", until=str((village.clock + timedelta(days=30)).date()))
    looks = random.Random(refunds)
    model, gifts = Model(), [gives(village, project, throws) for _ in range(3)]
    for gift, fen in gifts:
        comes(model, gift, fen)
    known = [gift for gift, _ in gifts]
    done = 0
    while done < refunds:
        village.later(seconds=61)
        act = throws.choice(["give", "pay", "refund", "refund", "refund", "word", "word"])
        if act == "give" and len(known) < 12:
            gift, fen = gives(village, project, throws)
            known.append(gift)
            comes(model, gift, fen)
        elif act == "pay" and model.free_in_all() >= 10:
            pays(village, project, model, throws)
        elif act == "refund":
            done += refunds_one(village, model, throws.choice(known), throws)
        elif act == "word" and model.promised:  # pragma: no cover - chance may leave it out.
            hears_one(village, model, throws.choice(list(model.promised)), throws)
        agree(village, project, model, looks.sample(known, 2))
    for refund in list(model.promised):  # pragma: no cover - chance may leave nothing to end.
        ends(village, model, refund, ["success"])
    agree(village, project, model, known)


def gives(village: Refunding, project: str, throws: random.Random) -> tuple[Given, int]:
    """Somebody gives a few fen, and the provider says so."""
    fen, provider = throws.randint(1, 60), SandboxProvider(village.settings)

    def act() -> tuple[str, str]:
        person = open_device_session(now=village.clock)[1]
        shown = showing(display="nickname", name=None, hide_amount=False, message=None)
        told = {"project_code": project, "amount_fen": fen, "shown": shown, "link_id": None, "channel": H5}
        ordered = order_gift(person_id=person.id, provider=provider, now=village.clock, **told)  # type: ignore[arg-type]  # as told above.
        paid = Paid(
            provider="sandbox",
            notice_id=new_code(20),
            told_by="notice",
            out_trade_no=ordered.out_trade_no,
            transaction_no=f"SB{new_code(20)}",
            merchant=MERCHANT,
            app_id=APP_ID,
            purse=project,
            amount_fen=fen,
            currency="CNY",
            success_at=village.clock,
            body="{}",
        )
        assert settle(paid, now=village.clock) == SETTLED
        return ordered.code, ordered.out_trade_no

    code, no = village.writes(act)
    village.works("order")
    return Given(village.phone(), code, project, no), fen


def comes(model: Model, gift: Given, fen: int) -> None:
    model.credits.setdefault(gift.code, []).append(model.purse.comes(gift.code, fen))


def pays(village: Refunding, project: str, model: Model, throws: random.Random) -> None:
    free = model.free_in_all()
    fen = throws.randint(1, free // 5 + 1)
    told = {"project": project, "amount_fen": fen, "staff": village.desk, "now": village.clock}
    code = village.writes(lambda: payouts.propose_payout(**told))  # type: ignore[arg-type]  # as told above.
    village.writes(lambda: payouts.approve_payout(payout=code, staff=village.second, now=village.clock))
    model.purse.leaves(fen, VILLAGE)


def refunds_one(village: Refunding, model: Model, gift: Given, throws: random.Random) -> int:
    """Ask for some fen of a gift, sometimes too many; decide in one of the four ways."""
    free = model.free(gift)
    fen = throws.randint(1, max(1, free) + throws.choice([0, 0, 0, 5]))
    person = village.asks(lambda: service._gift(gift.code)[0].person_id)
    told = {"gift": gift.code, "person_id": person, "amount_fen": fen, "reason": "写错了", "now": village.clock}
    if fen > free:
        with pytest.raises(RefundTooLarge) as refusal:
            village.writes(lambda: service.ask_refund(**told))  # type: ignore[arg-type]  # as told above.
        assert refusal.value.facts["free_fen"] == free
        return 0
    refund = village.writes(lambda: service.ask_refund(**told))  # type: ignore[arg-type]  # as told above.
    way = throws.choice(["approve", "approve", "approve", "withdraw", "refuse"])
    village.approves(refund, village.desk)
    if way == "approve":
        village.approves(refund, village.second)
        model.purse.gives_back(gift.code, fen)
        model.promised[refund] = (gift, fen)
    elif way == "withdraw":
        village.writes(lambda: service.withdraw_refund(refund=refund, person_id=person, now=village.clock))
    else:
        village.writes(
            lambda: service.refuse_refund(refund=refund, reason="不行", staff=village.third, now=village.clock)
        )
    return 1


def hears_one(village: Refunding, model: Model, refund: str, throws: random.Random) -> None:
    """A few words in some order, the last of which is an end; each told once or thrice."""
    first = throws.choice(sorted(ENDS))
    words = [*throws.sample(["processing", "abnormal"], throws.randint(0, 2))]
    if first == "refused" and words:
        words += ["refused", "closed"]  # What was accepted once is not refused any more: that no frees nothing.
    else:
        words += [first, throws.choice(ENDS[first])] if first == "abnormal" else [first]
    ends(village, model, refund, [word for word in words for _ in range(throws.choice([1, 1, 3]))])


def ends(village: Refunding, model: Model, refund: str, words: list[str]) -> None:
    gift, fen = model.promised.pop(refund)
    with village.app.app_context():
        for word in words:
            hearing.hear(village.word(gift, refund, word), now=village.clock)
    if words[-1] == "success":
        model.refunded += fen
    else:
        comes(model, gift, fen)
    village.works("order")


def agree(village: Refunding, project: str, model: Model, gifts: list[Given]) -> None:
    """The ledger and the row of fen tell the same, of the purse and of these gifts."""
    promised = sum(fen for _, fen in model.promised.values())
    assert village.holds(project) == sum(one[2] is None for one in model.purse.fen)
    gone = sum(one[2] == BACK for one in model.purse.fen)
    returned = sum(len(numbers) - 1 for numbers in model.credits.values())
    assert gone >= model.refunded + promised
    assert returned or gone == model.refunded + promised
    for gift in gifts:
        money = village.asks(lambda gift=gift: money_of_gift(gift.code))  # type: ignore[misc]  # called at once.
        purse, numbers = model.purse, model.credits[gift.code]
        assert money.where.free_fen == model.free(gift)
        assert money.where.to_village_fen == sum(purse.count(number, VILLAGE) for number in numbers)
        assert money.refunding_fen == sum(fen for one, fen in model.promised.values() if one is gift)
        total = money.where.free_fen + money.where.to_village_fen + money.refunding_fen + money.refunded_fen
        assert total == money.paid_fen

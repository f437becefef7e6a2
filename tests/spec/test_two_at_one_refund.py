"""At one moment two people reach for the same fen: exactly one has it, and nothing is given back that had moved on."""

from __future__ import annotations

import pytest
from flask import Flask

from backend.core.db import write_with_retries
from backend.core.errors import Refusal
from backend.disbursements import service as payouts
from backend.ledger.posting import BalanceTooSmall
from backend.refunds import hearing, service
from backend.refunds.refusals import FourEyes, RefundDecided, RefundTooLarge, RefundWaits
from tests.world.money import at_once
from tests.world.refunding import Refunding, gift, village

__all__ = ["gift", "village"]
ROUNDS = 6


def test_a_payout_and_a_refund_of_the_same_fen_are_one_of_the_two(app: Flask, village: Refunding) -> None:
    roof = village.opens_project("屋顶")
    for _ in range(ROUNDS):
        gift = village.gives(roof, 50_00)
        refund = village.asked(gift, 50_00)
        village.approves(refund, village.desk)
        payout = village.writes(
            lambda: payouts.propose_payout(project=roof, amount_fen=50_00, staff=village.desk, now=village.clock)
        )

        def pays(payout: str = payout) -> None:
            told = {"payout": payout, "staff": village.second, "now": village.clock}
            write_with_retries(lambda: payouts.approve_payout(**told))  # type: ignore[arg-type]  # as told above.

        def gives_back(refund: str = refund) -> None:
            told = {"refund": refund, "staff": village.second, "now": village.clock}
            write_with_retries(lambda: service.approve_refund(**told))  # type: ignore[arg-type]  # as told above.

        wrong = at_once(app, [pays, gives_back])
        assert [type(one) for one in wrong] in ([BalanceTooSmall], [RefundTooLarge])
        assert village.holds(roof) == 0
        village.works()
        village.later(minutes=2)
        village.works()
    assert village.verify() == []


def test_two_who_approve_at_one_moment_reserve_once(app: Flask, village: Refunding) -> None:
    gift = village.gives(village.opens_project("屋顶"), 50_00)
    refund = village.asked(gift, 20_00)
    village.approves(refund, village.desk)
    hands = (village.second, village.third)

    def approves(number: int) -> None:
        told = {"refund": refund, "staff": hands[number], "now": village.clock}
        write_with_retries(lambda: service.approve_refund(**told))  # type: ignore[arg-type]  # as told above.

    wrong = at_once(app, [lambda: approves(0), lambda: approves(1)])
    assert [type(one) for one in wrong] == [RefundDecided]
    assert village.figures(gift.project)["refunding_fen"] == 20_00
    assert village.verify() == []


def test_one_who_presses_twice_at_one_moment_is_one(app: Flask, village: Refunding) -> None:
    gift = village.gives(village.opens_project("屋顶"), 50_00)
    refund = village.asked(gift, 20_00)

    def approves() -> None:
        told = {"refund": refund, "staff": village.desk, "now": village.clock}
        write_with_retries(lambda: service.approve_refund(**told))  # type: ignore[arg-type]  # as told above.

    wrong = at_once(app, [approves, approves])
    assert [type(one) for one in wrong] == [FourEyes]
    assert village.row(refund).state == "checked"


def test_two_requests_at_one_moment_are_one(app: Flask, village: Refunding) -> None:
    gift = village.gives(village.opens_project("屋顶"), 50_00)
    person = village.asks(lambda: service._gift(gift.code)[0].person_id)

    def asks() -> None:
        told = {"gift": gift.code, "person_id": person, "amount_fen": 30_00, "reason": "写错了"}
        write_with_retries(lambda: service.ask_refund(**told, now=village.clock))  # type: ignore[arg-type]  # as told above.

    wrong = at_once(app, [asks] * 6)
    assert [type(one) for one in wrong] == [RefundWaits] * 5
    assert len(gift.sees()["items"]) == 1


@pytest.mark.parametrize("state", ["success", "closed"])
def test_twenty_words_at_one_moment_end_a_refund_once(app: Flask, village: Refunding, state: str) -> None:
    gift = village.gives(village.opens_project("屋顶"), 50_00)
    refund = village.approved(gift, 20_00)
    words = [village.word(gift, refund, state) for _ in range(10)]

    def hears(number: int) -> None:
        hearing.hear(words[number % 10], now=village.clock)

    wrong = at_once(app, [lambda number=number: hears(number) for number in range(20)])  # type: ignore[misc]  # called at once.
    assert [one for one in wrong if not isinstance(one, Refusal)] == []
    assert village.row(refund).state == state
    assert village.holds(gift.project) == (30_00 if state == "success" else 50_00)
    assert [one for one in village.verify() if "沙箱" not in one] == []

"""Stories that together pass every place where money moves; each can be taken up by the process after a killed one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from unittest import mock

from sqlalchemy import delete, insert, select

from backend.core.db import db
from backend.core.ids import new_code
from backend.disbursements import service as payouts
from backend.disbursements import spending
from backend.ledger.posting import ReferenceReused
from backend.payments import sandbox_book
from backend.payments.models import SandboxTrade
from backend.payments.sandbox import APP_ID, MERCHANT
from backend.payments.worker import provider_of
from backend.reconciliation import decisions, fees
from backend.reconciliation.models import COVER, OPEN, PROPOSED, TAKE_IN, BillDifference
from backend.reconciliation.service import close_day
from backend.refunds import repairs
from backend.refunds.repair_records import newest_cards
from tests.world.striving import Striving


def a_gift(village: Striving) -> None:
    """Ordered, paid, told by a notice, numbered, with a receipt."""
    village.pays(village.orders(village.project("屋顶"), 50_00))
    village.heals(rounds=3)


def a_gift_nobody_told_of(village: Striving) -> None:
    """Paid, and no notice ever comes: it is asked for."""
    gift = village.orders(village.project("屋顶"), 50_00)
    village.once("paid unseen", lambda: village.pays_unseen(gift))
    village.later(seconds=11)
    village.works("ask_provider")
    village.heals(rounds=3)


def a_gift_that_cannot_be_posted_yet(village: Striving) -> None:
    """The ledger refuses for a moment; the word waits in the inbox."""
    village.pays(village.orders(village.project("屋顶"), 50_00))
    with a_ledger_that_refuses():
        village.once("refused", lambda: village.works("outbox:sandbox_notice"))
    village.heals(rounds=3)


@contextmanager
def a_ledger_that_refuses() -> Iterator[None]:
    refusal = ReferenceReused(reference="somebody wrote there by hand")
    with mock.patch("backend.payments.settle_care.post", side_effect=refusal):
        yield


def a_second_payment_and_a_late_one(village: Striving) -> None:
    """Both wait without a project; the late one is given another."""
    roof, well = village.project("屋顶"), village.project("水井")
    gift = village.orders(roof, 50_00)
    village.pays(gift)
    village.heals(rounds=2)
    again = village.once("second payment", lambda: village.notice(gift))
    village.once("second heard", lambda: village.hears(again).status_code)
    late = village.orders(well, 9_00, name="late")
    village.once("ended", lambda: village.ends(well))
    village.once("paid late", lambda: village.pays_unseen(late))
    village.heals()
    number, now = village.trade_no(late), village.clock
    told = {"reference": number, "project": roof, "staff": village.desk, "now": now}
    village.once("reallocated", lambda: village.writes(lambda: payouts.reallocate(**told)).amount_fen)


def a_gift_given_back(village: Striving) -> None:
    """A part by the whole way; another part that the bank sends back."""
    gift = village.orders(village.project("屋顶"), 50_00)
    village.pays(gift)
    village.heals(rounds=2)
    _gives_back(village, gift["code"], 20_00)
    _gives_back(village, gift["code"], 1_45)


def _gives_back(village: Striving, gift: str, fen: int) -> str:
    path, name = f"/api/v1/gifts/{gift}/refunds", f"refund {fen}"
    asking = {"amount_fen": fen, "reason": "写错了一个零"}
    headers = {"X-Requested-With": "happy-home", "Idempotency-Key": f"one-refund-of-{fen}"}

    def asks() -> str:
        answer = village.giver().browser.post(path, json=asking, headers=headers)
        assert answer.status_code == 201, answer.text
        return str((answer.json or {})["items"][0]["code"])

    refund = village.once(name, asks)
    village.once(f"{name} checked", lambda: village.approves(refund, village.desk))
    village.once(f"{name} approved", lambda: village.approves(refund, village.second))
    village.works("outbox:refund")
    village.later(seconds=61)
    village.works("ask_refunds")
    village.heals()
    return refund


def a_gift_given_back_to_another_card(village: Striving) -> None:
    """The giver's account is closed: one person enters a card of his own, another confirms it."""
    gift = village.orders(village.project("屋顶"), 50_00)
    village.pays(gift)
    village.heals(rounds=2)
    refund = _gives_back(village, gift["code"], 1_44)
    told = {"bank_type": "CMB_DEBIT", "bank_account": "6225880137654321", "real_name": "王小明"}
    told |= {"seal": provider_of(village.settings).seal_card, "refund": refund, "staff": village.desk}
    village.once("card", lambda: village.writes(lambda: repairs.enter_card(**told, now=village.clock)))
    card = village.once("card code", lambda: village.asks(lambda: newest_cards([refund])[refund].code))
    confirming = {"refund": refund, "card": card, "staff": village.second, "now": village.clock}
    village.once("card confirmed", lambda: village.writes(lambda: repairs.confirm_card(**confirming)))
    village.later(hours=24)
    village.works("outbox:refund_repair")
    village.heals()


def a_project_to_its_end(village: Striving) -> None:
    """Paid out by two people, spent with a voucher, corrected, closed; what is left goes to the fund."""
    roof = village.project("屋顶")
    village.pays(village.orders(roof, 50_00))
    village.heals(rounds=2)
    told = {"project": roof, "amount_fen": 40_00, "staff": village.desk, "now": village.clock}
    payout = village.once("proposed", lambda: village.writes(lambda: payouts.propose_payout(**told)))
    approving = {"payout": payout, "staff": village.second, "now": village.clock}
    village.once("approved", lambda: village.writes(lambda: payouts.approve_payout(**approving)))
    voucher = village.once("voucher", lambda: village.voucher(village.cadre))
    bought = {
        "title": "水泥",
        "amount_fen": 30_00,
        "spent_on": date(2026, 6, 1),
        "voucher_media": voucher,
    }
    line = village.once("spent", lambda: village._acts(spending.record_spending, project=roof, **bought))
    village.once("corrected", lambda: village.corrects(line, 1_00))
    village.once("ended", lambda: village.ends(roof))
    village.once("closed", lambda: village.closes(roof))
    village.heals(rounds=1)


def two_days_with_bills(village: Striving) -> None:
    """A gift that only the bill knows, money that nobody ordered, a line that lacks, fees, and fees that come back."""
    roof = village.project("屋顶")
    money = {"amount_fen": 100_00, "received_on": date(2026, 6, 1), "reason": "机构管理费账户转入"}
    money |= {"voucher_media": village.once("voucher", lambda: village.voucher(village.desk))}
    told = money | {"staff": village.desk, "now": village.clock}
    code = village.once("own money", lambda: village.writes(lambda: fees.propose_own_money(**told)))
    approving = {"code": code, "staff": village.second, "now": village.clock}
    village.once("set aside", lambda: village.writes(lambda: fees.approve_own_money(**approving)))
    lacking, kept = (village.orders(roof, fen, name=f"order {fen}") for fen in (20_00, 80_00))
    for gift in (lacking, kept):
        village.pays(gift, name=f"paid {gift['amount_fen']}")
    village.heals(rounds=2)
    unheard = village.orders(roof, 30_00, name="order unheard")
    village.once("paid unseen", lambda: village.pays_unseen(unheard))
    village.once("the provider errs", lambda: village.writes(lambda: _errs(village, village.trade_no(lacking))))
    village.not_before("2026-06-02 10:00")
    village.looks_at_bills()
    village.writes(lambda: _works_off(village, propose=True))
    village.writes(lambda: _works_off(village, propose=False))
    day = {
        "channel": village.channel,
        "day": date(2026, 6, 1),
        "staff": village.desk,
        "now": village.clock,
    }
    village.once("day closed", lambda: village.writes(lambda: close_day(**day)))
    village.looks_at_bills()
    _gives_back(village, kept["code"], 50_00)
    village.not_before("2026-06-03 10:00")
    village.looks_at_bills()


def _errs(village: Striving, lacking: str) -> None:
    """The provider's book loses a trade, and has one that nobody ordered."""
    row = {
        "out_trade_no": "D-odd",
        "merchant": MERCHANT,
        "app_id": APP_ID,
        "description": "",
        "attach": "",
    }
    row |= {"amount_fen": 5_00, "return_url": "/", "state": sandbox_book.SUCCESS, "transaction_no": new_code(26)}
    row |= {"expires_at": village.clock, "success_at": village.clock}
    db.session.execute(insert(SandboxTrade).values(row))
    db.session.execute(delete(SandboxTrade).where(SandboxTrade.out_trade_no == lacking))


def _works_off(village: Striving, *, propose: bool) -> None:
    """Two people work the differences off, each once more when nobody answered: the state says what is left to do."""
    waits = select(BillDifference).where(BillDifference.state == (OPEN if propose else PROPOSED))
    for row in db.session.scalars(waits.order_by(BillDifference.id)).all():
        told = {"code": row.code, "now": village.clock}
        if propose:
            action = TAKE_IN if row.delta_fen > 0 else COVER
            decisions.propose(**told, action=action, reason="已核对", staff=village.desk)
        else:
            decisions.approve(**told, staff=village.second)


def a_month_is_told(village: Striving) -> None:
    """The first of July: the month's notice of every fund and project."""
    village.pays(village.orders(village.project("屋顶"), 50_00))
    village.heals(rounds=2)
    village.not_before("2026-07-01 06:00")
    for worker in range(3):
        village.publishes(worker=f"worker {worker} at {village.clock}")
        village.later(minutes=5)


STORIES = {
    story.__name__: story
    for story in (
        a_gift,
        a_gift_nobody_told_of,
        a_gift_that_cannot_be_posted_yet,
        a_second_payment_and_a_late_one,
        a_gift_given_back,
        a_gift_given_back_to_another_card,
        a_project_to_its_end,
        two_days_with_bills,
        a_month_is_told,
    )
}

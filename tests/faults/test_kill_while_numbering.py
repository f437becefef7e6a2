"""Receipts stay without a gap: two jobs at one moment, a job killed with -9 in the middle, years that are mixed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import func, insert, select

from backend.core.config import HOUSE, Settings
from backend.core.db import db, write_with_retries
from backend.core.ids import new_code
from backend.donations.models import Gift
from backend.ledger.accounts import NATIONAL, WORLD, account
from backend.ledger.ordering import append_order
from backend.ledger.posting import post
from backend.payments.models import PAID, PaymentOrder
from backend.people.models import Person
from backend.receipts.checks import check_receipts
from backend.receipts.models import Receipt
from backend.receipts.numbering import issue_receipts
from backend.receipts.service import cancel_receipt
from tests.faults.test_two_schedulers import environment
from tests.world.money import at_once
from tests.world.receipts import Receipting, village

__all__ = ["village"]
GIFTS = 120
JOB = """
from backend.core import clock
from backend.core.db import write_with_retries
from backend.receipts.numbering import issue_receipts
from wsgi import app
with app.app_context():
    print("begins", flush=True)
    while write_with_retries(lambda: issue_receipts(limit=1, now=clock.now())):
        pass
"""


def given(village: Receipting, projects: list[str], *, count: int, seed: int) -> None:
    """Gifts of two organisations and two years lie in the ledger, some given back; no receipt is issued yet."""
    dice = random.Random(seed)

    def act() -> None:
        person = db.session.scalar(select(func.min(Person.id)))
        for _ in range(count):
            day = date(2025, 12, 31) + timedelta(days=dice.randrange(2))
            gift_id = _gift(village, dice.choice(projects), fen=dice.randrange(2, 900), day=day, person=person)
            if dice.random() < 0.2:
                _back(village, gift_id, dice, day=day)
        while append_order():
            pass

    village.phone()
    village.writes(act)


def _gift(village: Receipting, project: str, *, fen: int, day: date, person: int | None) -> int:
    order: dict[str, Any] = {"out_trade_no": new_code(), "provider": "sandbox", "merchant": "-", "app_id": "-"}
    order |= {"payer_id": person, "purse": project, "target_account": account(NATIONAL, project), "state": PAID}
    order |= {"amount_fen": fen, "paid_fen": fen, "paid_at": village.clock, "transaction_no": new_code()}
    order |= {"created_at": village.clock, "expires_at": village.clock}
    order_id = db.session.execute(insert(PaymentOrder).values(order).returning(PaymentOrder.id)).scalar_one()
    row = {"code": new_code(), "person_id": person, "order_id": order_id, "display": "nickname", "hide_amount": False}
    gift_id = db.session.execute(insert(Gift).values(**row, ordered_at=village.clock).returning(Gift.id)).scalar_one()
    move(village, WORLD, order["target_account"], fen=fen, reason="gift", reference=order["out_trade_no"], day=day)
    return gift_id


def _back(village: Receipting, gift_id: int, dice: random.Random, *, day: date) -> None:
    gift = db.session.get_one(Gift, gift_id)
    order = db.session.get_one(PaymentOrder, gift.order_id)
    fen = dice.choice((order.amount_fen, 1))
    told = {"fen": fen, "reason": "refund", "reference": f"refund:{gift.code}", "day": day}
    transfer = move(village, order.target_account, WORLD, **told)
    cancel_receipt(transfer_id=transfer, gift_id=gift_id, reason="退款", now=village.clock)


def move(village: Receipting, source: str, target: str, *, fen: int, reason: str, reference: str, day: date) -> int:
    told = {"amount_fen": fen, "reason": reason, "reference": reference, "now": village.clock}
    return post(source=source, target=target, channel="sandbox", provider_date=day, **told).id


def two_organisations(village: Receipting) -> list[str]:
    return [village.opens_project("屋顶"), village.opens_for("水井", name="别省总会", uscc="53110000500099999X")]


def papers(village: Receipting) -> int:
    return village.asks(lambda: db.session.scalar(select(func.count()).select_from(Receipt)) or 0)


def receipts_out_of_joint(village: Receipting) -> list[str]:
    return village.asks(check_receipts)


def test_jobs_at_one_moment_number_each_gift_once(village: Receipting, app: Flask) -> None:
    given(village, two_organisations(village), count=GIFTS, seed=8)

    def job() -> None:
        while write_with_retries(lambda: issue_receipts(limit=7, now=village.clock)):
            pass

    assert at_once(app, [job] * 4) == []
    assert papers(village) > GIFTS
    assert receipts_out_of_joint(village) == []


def test_a_job_killed_in_the_middle_leaves_no_gap_and_the_next_goes_on(village: Receipting, settings: Settings) -> None:
    given(village, two_organisations(village), count=GIFTS, seed=9)
    for _ in range(3):
        before = papers(village)
        command = [sys.executable, "-c", JOB]
        with subprocess.Popen(command, cwd=HOUSE, env=environment(settings), stdout=subprocess.PIPE) as job:
            assert job.stdout is not None
            assert job.stdout.readline() == b"begins\n"
            end = time.monotonic() + 60
            while papers(village) < before + 5 and time.monotonic() < end:
                time.sleep(0.005)
            job.send_signal(signal.SIGKILL)
        assert before < papers(village)
        assert receipts_out_of_joint(village) == []
    while village.works("receipts"):
        pass
    assert papers(village) > GIFTS
    assert receipts_out_of_joint(village) == []

"""Nobody reaches what is another village's: every operation of the desk that names an object, tried by everybody (P20).

The list of operations comes from the contract: one that is added and not tried here makes this test fail.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from backend.content.models import WordCheck
from backend.core.audit import AuditEntry
from backend.core.db import db
from backend.donations.models import Gift
from backend.ledger.models import Transfer
from backend.outbox import delivery, service
from backend.outbox.models import OutboxItem
from backend.outbox.sending import Message, Outcome, Sender
from backend.payments.alerts import raise_alert
from backend.payments.models import PaymentAlert
from backend.people.models import Staff
from backend.reconciliation.models import BillDifference, OwnMoney, ReconciledDay
from backend.refunds.models import Refund
from tests.world.desk import NEIGHBOUR, SAME_SITE, Desk, Hand
from tests.world.regions import ZHONGXIN

REASON = {"reason": "写错了地方"}
# What the form of an operation must hold so that the question of whose it is comes up at all.
FORMS: dict[str, Any] = {
    "POST /desk/activities/{code}/cancellation": REASON,
    "POST /desk/activities/{code}/confirmations": {"person_code": "AAAAAAAAAA", "minutes": 60} | REASON,
    "POST /desk/links/{code}/revocation": REASON,
    "POST /desk/payouts/{code}/refusal": REASON,
    "POST /desk/projects/{code}/posters": {"place": "村口"},
    "POST /desk/projects/{code}/progress": {"text": "路灯到了"},
    "POST /desk/projects/{code}/spending": {
        "title": "路灯",
        "amount_fen": 100,
        "spent_on": "2026-06-01",
        "voucher_media": "A" * 16,
    },
    "POST /desk/spending/{code}/corrections": {"amount_fen": 1} | REASON,
    "POST /desk/unallocated/{reference}/reallocations": {"project_code": "AAAAAAAAAA"},
    "POST /desk/alerts/{code}/end": REASON,
    "POST /desk/letters/{code}/end": REASON,
    "POST /desk/activities/{code}/volunteers/{person}/openings": REASON,
    "POST /desk/activities/{code}/volunteers/{person}/guardian-name/openings": REASON,
    "POST /desk/activities/{code}/volunteers/{person}/guardian-phone/openings": REASON,
    "POST /desk/refunds/{code}/openings": REASON,
    "POST /desk/refunds/{code}/refusal": REASON,
    "POST /desk/refunds/{code}/cards": {
        "bank_type": "CMB_DEBIT",
        "bank_account": "6225880137654321",
        "real_name": "王小明",
    },
    "POST /desk/refunds/{code}/card-confirmation": {"card_code": "A" * 10},
    "POST /desk/refunds/{code}/card-withdrawal": {"card_code": "A" * 10},
    "POST /desk/reconciliation/{channel}/{day}/reopening": REASON,
    "POST /desk/reconciliation/{channel}/{day}/without-bill": REASON,
    "POST /desk/differences/{code}/proposals": {"action": "explain"} | REASON,
    "POST /desk/differences/{code}/refusal": REASON,
    "POST /desk/fees/{code}/refusal": REASON,
    "POST /desk/words/{code}/approval": {"version": 1},
    "POST /desk/words/{code}/rejection": {"version": 1} | REASON,
}
QUERIES = {"GET /desk/activities/{code}/code.png": "?window=1"}
# One's own things: that another person's answer as absent is shown where they are at home.
OWN = {"DELETE /desk/sessions/{code}"}


@dataclass
class World:
    """The village's own objects of every kind, by the room that they stand in."""

    desk: Desk
    objects: dict[str, str] = field(default_factory=dict)

    def furnish(self) -> None:
        """Somebody of the village and of the nation has made one of each."""
        desk, cadre = self.desk, self.desk.cadre
        desk.opens_fund()
        lamps = desk.publishes()
        desk.is_given(lamps, 1000_00)
        desk.pays_out(lamps, 500_00)
        line = desk.spends(lamps, 100_00)
        poster = cadre.does(f"/desk/projects/{lamps}/posters", {"place": "村部"}).json["link"]
        self.objects = {
            "projects": lamps,
            "spending": line.json["code"],
            "links": poster["code"],
            "payouts": desk.proposes(lamps, 100_00),
            "unallocated": desk.comes_in("00/unallocated", 5_00, reason="gift_unallocated"),
            "activities": self._activity(),
            "letters": self._letter(),
            "alerts": self._alert(),
        }
        gift = self._gift(lamps)
        self.objects |= {"words": self._words(gift), "refunds": self._refund(gift)}
        self.objects |= self._days_and_fees()

    def _days_and_fees(self) -> dict[str, str]:
        """A day of the sandbox's bill with a difference, and money of the federation's own; the nation's business."""
        day, nation = date(2026, 5, 31), select(Staff.id).where(Staff.role == "national")

        def write() -> None:
            row = ReconciledDay(channel="sandbox", day=day, state="waiting")
            db.session.add(row)
            db.session.flush()
            told = {
                "day_id": row.id,
                "kind": "missing",
                "subject": "D1",
                "found_at": self.desk.clock,
                "delta_fen": 1,
                "note": "",
            }
            db.session.add(BillDifference(code="DIFFERENCE", state="open", **told))
            by = db.session.scalars(nation).first()
            told = {"received_on": day, "reason": "利息", "voucher_media": "A" * 16, "proposed_by": by}
            db.session.add(OwnMoney(code="OWNMONEYOW", amount_fen=1, proposed_at=self.desk.clock, **told))

        self.desk.writes(write)
        return {"reconciliation": f"sandbox/{day}", "differences": "DIFFERENCE", "fees": "OWNMONEYOW"}

    def _gift(self, project: str) -> Any:
        phone = self.desk.app.test_client()
        phone.post("/api/v1/session", headers=SAME_SITE)
        headers = {**SAME_SITE, "Idempotency-Key": "a-gift-of-the-matrix"}
        answer = phone.post(f"/api/v1/projects/{project}/gifts", json={"amount_fen": 10_00}, headers=headers)
        row = select(Gift.id, Gift.code, Gift.person_id).where(Gift.code == answer.json["code"])
        return self.desk.asks(lambda: db.session.execute(row).one())

    def _words(self, gift: Any) -> str:
        now = self.desk.clock
        told = {
            "kind": "gift",
            "subject": gift.code,
            "person_id": gift.person_id,
            "region_code": ZHONGXIN,
            "version": 1,
        }
        row = WordCheck(code="WORDSWORDS", fingerprint="", state="held", submitted_at=now, attempts=0, **told)
        self.desk.writes(lambda: db.session.add(row))
        return "WORDSWORDS"

    def _refund(self, gift: Any) -> str:
        row = Refund(code="REFUNDREFU", gift_id=gift.id, amount_fen=1_00, state="asked", asked_at=self.desk.clock)
        self.desk.writes(lambda: db.session.add(row))
        return "REFUNDREFU"

    def _activity(self) -> str:
        form = {"village_code": ZHONGXIN, "title": "扫路", "place": "村口", "seats": 5, "target": "老人"}
        form |= {"content": "清扫", "leader_name": "王", "starts_at": "2026-06-02T09:00:00+08:00"}
        answer = self.desk.cadre.does("/desk/activities", form | {"ends_at": "2026-06-02T11:00:00+08:00"})
        assert answer.status_code == 201, answer.json
        return str(answer.json["code"])

    def _letter(self) -> str:
        def refused(_message: Message, *, now: object) -> Outcome:
            return Outcome(state="refused", code="NO")

        desk = self.desk
        desk.writes(lambda: service.put(kind="letter", subject="S", key="k", body="{}", now=desk.clock))
        with desk.app.app_context():
            delivery.deliver_due(kind="letter", sender=Sender(send=refused), now=desk.clock)
        return str(desk.asks(lambda: db.session.scalars(select(OutboxItem.code)).first()))

    def _alert(self) -> str:
        self.desk.writes(lambda: raise_alert(kind="ORDER_UNKNOWN", subject="D1", now=self.desk.clock))
        return str(self.desk.asks(lambda: db.session.scalars(select(PaymentAlert.code)).first()))


def operations(app: Flask) -> list[str]:
    """Every operation of the desk whose address names an object, as the contract has them."""
    paths = app.test_client().get("/api/v1/openapi.json").json["paths"]
    found = [
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, methods in paths.items()
        for method in methods
        if path.startswith("/api/v1/desk/") and "{" in path and method in ("get", "post", "patch", "put", "delete")
    ]
    return sorted(set(found) - OWN)


def tried(hand: Hand, operation: str, name: str) -> tuple[int, str | None]:
    """Try an operation on the object of this name; return how it was answered."""
    method, path = operation.split(" ")
    address = re.sub(r"\{\w+\}(/\{\w+\})?", name, path)
    if method == "GET":
        answer = hand.sees(address + QUERIES.get(operation, ""))
    else:
        answer = hand.does(address, FORMS.get(operation))
    return answer.status_code, (answer.json or {}).get("code") if answer.is_json else None


def standing(desk: Desk) -> tuple[int, int]:
    """How many transfers and acts stand in the books; refused tries are acts of their own and not counted."""
    acts = select(func.count()).select_from(AuditEntry).where(AuditEntry.action != "desk.refused")
    moves = select(func.count()).select_from(Transfer)
    return desk.asks(lambda: (db.session.scalar(moves) or 0, db.session.scalar(acts) or 0))


@pytest.fixture
def world(desk: Desk) -> World:
    """A village with one of each."""
    made = World(desk)
    made.furnish()
    return made


STRANGERS: dict[str, Callable[[Desk], Hand]] = {
    "a neighbour's cadre": lambda desk: desk.hires("village", NEIGHBOUR),
    "another county's desk": lambda desk: desk.hires("county", "110101"),
    "another province's auditor": lambda desk: desk.hires("auditor", "11"),
}


@pytest.mark.parametrize("who", STRANGERS)
def test_another_village_s_object_is_answered_as_an_absent_one(world: World, who: str) -> None:
    stranger = STRANGERS[who](world.desk)
    before = standing(world.desk)
    for operation in operations(world.desk.app):
        room = operation.split("/")[2]
        assert room in world.objects, f"{operation}: make one, so that it can be tried"
        nowhere = "nowhere/2020-01-01" if "{day}" in operation else "ZZZZZZZZZZ"
        real, absent = (tried(stranger, operation, name) for name in (world.objects[room], nowhere))
        assert real == absent, operation
        assert real[0] in (403, 404), operation
    assert standing(world.desk) == before


def test_without_a_login_no_operation_of_the_desk_answers(world: World) -> None:
    nobody = Hand(world.desk.app.test_client())
    for operation in operations(world.desk.app):
        answer = tried(nobody, operation, world.objects[operation.split("/")[2]])
        assert answer == (401, "SESSION_NEEDED"), operation


def test_every_refused_try_at_a_real_object_is_written_down(world: World) -> None:
    stranger = world.desk.hires("village", NEIGHBOUR)
    assert tried(stranger, "POST /desk/projects/{code}/end", world.objects["projects"])[0] == 404
    assert world.desk.audit("desk.refused")[-1][1] == world.objects["projects"]

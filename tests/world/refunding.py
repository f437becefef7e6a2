"""A short vocabulary for giving back in tests: givers ask, two people decide, the provider tells."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from miniapp_api.commands import CHECKS
from sqlalchemy import select
from werkzeug.test import TestResponse

from backend.core import clock
from backend.core.db import db
from backend.core.ids import new_code
from backend.messages.models import InboxMessage
from backend.payments.models import SandboxRefund
from backend.payments.providers import RefundTold
from backend.payments.sandbox_book import find_trade
from backend.payments.sandbox_refunds import find_refund, notice_of
from backend.people.rights import StaffMember
from backend.people.staff import create_staff
from backend.refunds import hearing, service
from backend.refunds.models import Refund
from tests.world.bookkeeping import local
from tests.world.desk import Hand, password_hash
from tests.world.giving import OURS, ClientWire, Giving, Phone, new_key


@dataclass
class Given:
    """A paid gift, with the phone that gave it."""

    phone: Phone
    code: str
    project: str
    no: str

    def asks_back(self, fen: Any, reason: str = "写错了一个零", *, key: str | None = None) -> TestResponse:
        """Ask for a part of it back; return the answer as it came."""
        headers = {**OURS, "Idempotency-Key": key or new_key()}
        told = {"amount_fen": fen, "reason": reason}
        return self.phone.browser.post(f"/api/v1/gifts/{self.code}/refunds", json=told, headers=headers)

    def withdraws(self, refund: str) -> TestResponse:
        """Take a request back."""
        headers = {**OURS, "Idempotency-Key": new_key()}
        return self.phone.browser.post(f"/api/v1/gifts/{self.code}/refunds/{refund}/withdrawal", headers=headers)

    def sees(self) -> dict[str, Any]:
        """Look at what can be asked back."""
        return self.phone.browser.get(f"/api/v1/gifts/{self.code}/refunds").json or {}

    def state(self) -> str:
        """How the newest refund of it stands."""
        return str(self.sees()["items"][0]["state"])


class Refunding(Giving):
    """A village that gives back. Two people of the nation decide, a third one is there."""

    def __post_init__(self) -> None:
        """The third one is hired."""
        super().__post_init__()
        self.third = self.writes(lambda: self._staff("third", "national", "00"))

    def gives(self, project: str, fen: int, **told: Any) -> Given:
        """Somebody gives, and it is settled and numbered."""
        phone = self.phone()
        gift = phone.order(project, fen, **told)
        phone.presses(gift)
        self.works()
        self.works()
        return Given(phone, gift["code"], project, self.trade_no(gift))

    def asked(self, gift: Given, fen: int) -> str:
        """The giver asks for a part back; return the refund's code."""
        answer = gift.asks_back(fen)
        assert answer.status_code == 201, answer.text
        return str((answer.json or {})["items"][0]["code"])

    def approves(self, refund: str, by: StaffMember | None = None) -> None:
        """One person approves."""
        staff = by or self.desk
        self.writes(lambda: service.approve_refund(refund=refund, staff=staff, now=self.clock))

    def approved(self, gift: Given, fen: int) -> str:
        """The giver asks, two people approve; return the refund's code."""
        refund = self.asked(gift, fen)
        self.approves(refund, self.desk)
        self.approves(refund, self.second)
        return refund

    def refunded(self, gift: Given, fen: int) -> str:
        """The whole way: asked, approved twice, sent, and told by the provider; return the refund's code."""
        refund = self.approved(gift, fen)
        self.works()
        self.later(seconds=70)
        self.works()
        self.works()
        return refund

    def row(self, refund: str) -> SimpleNamespace:
        """Read a refund's row."""
        table = Refund.__table__
        read = select(table).where(table.c.code == refund)
        return self.asks(lambda: SimpleNamespace(**db.session.execute(read).one()._mapping))

    def no(self, refund: str) -> str:
        """The number under which the provider knows a refund."""
        return str(self.row(refund).refund_no)

    def word(self, gift: Given, refund: str, state: str, **changed: Any) -> RefundTold:
        """A provider's word about a refund, as it should be, with what the test changes."""
        row = self.row(refund)
        told: dict[str, Any] = {
            "state": state,
            "refund_no": row.refund_no,
            "provider": "sandbox",
            "told_by": "notice",
            "notice_id": f"SN-{new_code(24)}",
            "out_trade_no": gift.no,
            "refund_fen": row.amount_fen,
            "provider_refund_no": "SBR1",
            "success_at": self.clock if state == "success" else None,
            "body": "{}",
        }
        return RefundTold(**(told | changed))

    def hears_of_refund(self, told: RefundTold) -> str:
        """The word is heard; return what became of it."""
        with self.app.app_context():
            return hearing.hear(told, now=self.clock)

    def notice_of_refund(self, refund: str) -> str:
        """The body of the notice that the sandbox owes about a refund."""

        def body() -> str:
            row = find_refund(self.no(refund))
            return notice_of(row, find_trade(row.out_trade_no), now=row.ends_at)

        return self.asks(body)

    def plays(self, refund: str, ends_as: str) -> None:
        """The bank decides how a refund ends."""

        def decide() -> None:
            db.session.get_one(SandboxRefund, self.no(refund)).ends_as = ends_as

        self.writes(decide)

    def told(self, gift: Given) -> list[str]:
        """What the giver was told about refunds, oldest first, by kind."""
        kinds = select(InboxMessage.kind).where(InboxMessage.kind.startswith("refund.")).order_by(InboxMessage.id)
        link = InboxMessage.link == f"/gift?code={gift.code}"
        return self.asks(lambda: list(db.session.scalars(kinds.where(link))))

    def figures(self, project: str) -> dict[str, Any]:
        """The public figures of a project."""
        found: dict[str, Any] = self.phone().asks(f"/projects/{project}")["figures"]
        return found

    def hires(self, login: str, *, role: str = "national", region: str = "00") -> Hand:
        """Somebody gets an account, of the nation unless told otherwise, and logs in at the desk."""
        told = {"login": login, "name": "赵六", "role": role, "region_code": region, "now": self.clock}
        self.writes(lambda: create_staff(**told, password_hash=password_hash()))
        hand = Hand(self.app.test_client())
        form = {"login": login, "password": "a password of the tests"}
        assert hand.client.post("/api/v1/desk/session", json=form, headers=OURS).status_code == 200
        return hand

    def verify(self) -> list[str]:
        """Ask everything that `verify` asks."""
        return self.asks(lambda: [finding for check in CHECKS for finding in check()])


@pytest.fixture
def village(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Refunding:
    """The village on the first of June, ten o'clock."""
    village = Refunding(app, clock=local("2026-06-01 10:00"))
    village.wire = ClientWire(app)
    monkeypatch.setattr(clock, "now", lambda: village.clock)
    return village


@pytest.fixture
def gift(village: Refunding) -> Given:
    """A gift of fifty yuan for a roof."""
    return village.gives(village.opens_project("屋顶"), 50_00)

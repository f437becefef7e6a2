"""A short vocabulary for receipts in tests: gifts that go back, a second organisation, the papers of a gift."""

from __future__ import annotations

from datetime import date
from itertools import count
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from backend.core import clock
from backend.core.clock import local_day
from backend.core.db import db
from backend.donations.models import Gift
from backend.ledger.accounts import NATIONAL, WORLD, account
from backend.ledger.posting import post
from backend.orgs.service import create_organisation
from backend.receipts.models import Receipt
from backend.receipts.queries import PaperRecord, papers_of_gift
from backend.receipts.service import cancel_receipt
from tests.world.bookkeeping import local
from tests.world.giving import ClientWire, Giving

refunds = count(1)


class Receipting(Giving):
    """A village whose gifts sometimes go back, and that knows more than one organisation."""

    def opens_for(self, title: str, *, name: str, uscc: str) -> str:
        """Publish a project of another organisation; return its code."""
        ours = self.organisation
        self.organisation = self.writes(
            lambda: create_organisation(
                name=name, uscc=uscc, fundraising_certificate="募证字002", region_code="00", now=self.clock
            )
        )
        code = self.opens_project(title)
        self.organisation = ours
        return code

    def gives_back(self, gift: dict[str, Any], fen: int, *, reason: str = "捐赠人申请", on: date | None = None) -> int:
        """Money of a gift goes back to its giver; return the transfer."""

        def act() -> int:
            posted = post(
                source=account(NATIONAL, gift["project"]["code"]),
                target=WORLD,
                amount_fen=fen,
                reason="refund",
                reference=f"refund:{next(refunds)}",
                now=self.clock,
                channel="sandbox",
                provider_date=on or local_day(self.clock),
            )
            self._cancels(posted.id, gift, reason)
            return posted.id

        return self.writes(act)

    def cancels(self, transfer_id: int, gift: dict[str, Any], reason: str = "捐赠人申请") -> None:
        """The desk notes that money of a gift went back by a transfer."""
        self.writes(lambda: self._cancels(transfer_id, gift, reason))

    def _cancels(self, transfer_id: int, gift: dict[str, Any], reason: str) -> None:
        gift_id = db.session.scalars(select(Gift.id).where(Gift.code == gift["code"])).one()
        cancel_receipt(transfer_id=transfer_id, gift_id=gift_id, reason=reason, now=self.clock)

    def papers(self, gift: dict[str, Any]) -> list[PaperRecord]:
        """Ask for the papers of a gift, the oldest first."""
        return self.asks(lambda: papers_of_gift(gift["code"]))[::-1]

    def book(self) -> list[tuple[str, str, int]]:
        """Ask for all papers in their order: number, kind, fen."""
        rows = select(Receipt.printed, Receipt.kind, Receipt.amount_fen).order_by(Receipt.id)
        return self.asks(lambda: [(row[0], row[1], row[2]) for row in db.session.execute(rows)])

    def reads(self, gift: dict[str, Any], ending: str = "") -> str:
        """Open the receipt of a gift; return its page."""
        answer = self.phone().browser.get(gift["receipt"]["url"] + ending)
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture
def village(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Receipting:
    """The village on the first of June, ten o'clock."""
    village = Receipting(app, clock=local("2026-06-01 10:00"))
    village.wire = ClientWire(app)
    monkeypatch.setattr(clock, "now", lambda: village.clock)
    return village


__all__ = ["Receipting", "village"]

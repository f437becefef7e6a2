"""A short vocabulary for refunds that find their giver's account closed, and go to another card of his own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from backend.core.db import db
from backend.messages.models import InboxMessage
from backend.payments.worker import provider_of
from tests.world.desk import Hand
from tests.world.refunding import Given, Refunding

NUMBER, NAME = "6225880137654321", "王小明"
CARD = {"bank_type": "CMB_DEBIT", "bank_account": "6225 8801 3765 4321", "real_name": NAME}


@dataclass
class Case:
    """A refund that found its giver's account closed, and the two people who see to it."""

    village: Refunding
    gift: Given
    refund: str
    first: Hand
    second: Hand

    def enters(self, hand: Hand | None = None, *, key: str | None = None, **changed: Any) -> TestResponse:
        """Somebody writes a card down."""
        return (hand or self.first).does(f"/desk/refunds/{self.refund}/cards", CARD | changed, key=key)

    def entered(self, **changed: Any) -> str:
        """A card is written down; return its code."""
        answer = self.enters(**changed)
        assert answer.status_code == 201, answer.text
        return str(answer.json["card"]["code"])

    def confirms(self, card: str, hand: Hand | None = None) -> TestResponse:
        """Somebody confirms a card."""
        return (hand or self.second).does(f"/desk/refunds/{self.refund}/card-confirmation", {"card_code": card})

    def withdraws(self, card: str) -> TestResponse:
        """Somebody takes a card back."""
        return self.first.does(f"/desk/refunds/{self.refund}/card-withdrawal", {"card_code": card})

    def sent(self, **changed: Any) -> str:
        """A card is written down, confirmed, and taken to the provider; return its code."""
        card = self.entered(**changed)
        assert self.confirms(card).status_code == 201
        self.wakes(hours=24)
        self.village.works("outbox:refund_repair")
        return card

    def seen(self) -> dict[str, Any]:
        """The refund as the desk sees it."""
        (row,) = self.first.sees("/desk/refunds?wanted=all").json["items"]
        return dict(row)

    def wakes(self, *, hours: int) -> None:
        """Hours pass; both people log in at the desk anew, for nobody stays logged in so long."""
        self.village.later(hours=hours)
        for hand, login in ((self.first, "first"), (self.second, "other")):
            form = {"login": login, "password": "a password of the tests"}
            assert hand.does("/desk/session", form).status_code == 200

    def asks(self, **pause: int) -> None:
        """After a while the provider is asked."""
        self.village.later(**pause)
        self.village.works("ask_refunds")

    def messages(self) -> list[str]:
        """What the giver was told, oldest first."""
        texts = select(InboxMessage.text).where(InboxMessage.kind.startswith("refund.")).order_by(InboxMessage.id)
        return self.village.asks(lambda: list(db.session.scalars(texts)))

    def changes(self, statement: Any) -> None:
        """A hand in the database."""
        self.village.writes(lambda: db.session.execute(statement))


@pytest.fixture
def case(village: Refunding, gift: Given) -> Case:
    """A refund of 20.44 yuan that the bank could not take."""
    refund = village.refunded(gift, 20_44)
    assert gift.state() == "abnormal"
    village.app.extensions["payment_provider"] = provider_of(village.settings, wire=village.wire)
    return Case(village, gift, refund, village.hires("first"), village.hires("other"))

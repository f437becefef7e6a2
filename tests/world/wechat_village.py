"""A village whose federation has a merchant account at WeChat Pay; WeChat's side is the test's own hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from miniapp_api.app import create_app
from sqlalchemy import select
from werkzeug.test import TestResponse

from backend.core import clock
from backend.core.config import Settings
from backend.core.db import db
from backend.donations.service import order_gift, showing
from backend.payments.providers import MINI
from backend.payments.wechat.pay import wechat_pay
from backend.payments.worker import provider_of
from backend.people.models import Person
from tests.world.databases import dispose
from tests.world.giving import ClientWire, Giving
from tests.world.wechat_account import NOW, ScriptedWire, account_settings, signed_by_wechat, transaction

NOTICES = "/api/v1/payments/notices/wechat"


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """A gift that waits to be paid, as WeChat knows it."""

    number: str
    purse: str
    fen: int


class Village(Giving):
    """A village whose federation has a merchant account at WeChat Pay."""

    pay_wire: ScriptedWire

    def orders(self, fen: int = 50_00) -> Ordered:
        """Somebody orders a gift to a new project; return its order."""
        project = self.opens_project("屋顶")
        self.phone()
        provider = provider_of(self.settings, wire=self.pay_wire)
        person = self.asks(lambda: db.session.scalars(select(Person.id).order_by(Person.id.desc())).first())
        assert person is not None
        ordered = self.writes(
            lambda: order_gift(
                person_id=person,
                project_code=project,
                amount_fen=fen,
                shown=showing(display="nickname", name=None, hide_amount=False, message=None),
                link_id=None,
                provider=provider,
                channel=MINI,
                now=self.clock,
            )
        )
        return Ordered(number=ordered.out_trade_no, purse=project, fen=fen)

    def is_told(self, body: bytes, headers: dict[str, str] | None = None) -> TestResponse:
        """WeChat calls; return our answer."""
        signed = signed_by_wechat(body, now=self.clock) if headers is None else headers
        return self.app.test_client().post(NOTICES, data=body, headers={"Content-Type": "application/json", **signed})


def word_of(order: Ordered, **changed: Any) -> dict[str, Any]:
    """What WeChat tells of an order that was paid."""
    told = transaction(out_trade_no=order.number, attach=order.purse)
    return told | {"amount": {"total": order.fen, "currency": "CNY"}} | changed


def with_account(settings: Settings, folder: Path, wire: ScriptedWire, **changed: str) -> Flask:
    """The application with a merchant account; what it calls out is answered by the script."""
    app = create_app(account_settings(folder, house=settings, **changed))
    app.extensions["payment_provider"] = wechat_pay(app.config["SETTINGS"], wire=wire)
    return app


@pytest.fixture
def village(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Village]:
    """The village on the first of June, ten o'clock."""
    wire = ScriptedWire()
    app = with_account(settings, tmp_path, wire)
    village = Village(app, clock=NOW)
    village.wire, village.pay_wire = ClientWire(app), wire
    monkeypatch.setattr(clock, "now", lambda: village.clock)
    yield village
    assert wire.answers == []
    dispose(app)

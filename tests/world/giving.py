"""A short vocabulary for giving in tests: phones order and pay, the provider tells, the worker works."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from backend.core import clock
from backend.core.config import Settings
from backend.core.db import db, write_with_retries
from backend.core.ids import new_code
from backend.core.wire import Answer, WireBroken
from backend.jobs.senders import senders_of
from backend.jobs.steps import STEPS, Step
from backend.ledger.accounts import NATIONAL, UNALLOCATED, account
from backend.ledger.checks import check_ledger
from backend.ledger.models import Transfer
from backend.ledger.queries import balance_fen
from backend.outbox.models import OutboxItem
from backend.outbox.worker import outbox_steps
from backend.payments import sandbox_book
from backend.payments.checks import check_payments
from backend.payments.models import HeardPayment, PaymentAlert, PaymentOrder
from backend.payments.sandbox import APP_ID, MERCHANT, signed_by_sandbox
from backend.payments.worker import money_steps
from backend.receipts.checks import check_receipts
from tests.world.bookkeeping import Bookkeeping, local

OURS = {"X-Requested-With": "happy-home"}
NOTICES = "/api/v1/payments/notices/sandbox"
keys = count(1)


def new_key() -> str:
    """A key that no request has used."""
    return f"key-{next(keys):08d}"


@dataclass
class ClientWire:
    """HTTP without a network: the calls of the worker reach the application directly. It can be cut."""

    app: Flask
    is_cut: bool = False
    calls: list[str] = field(default_factory=list)

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send."""
        return self._call("POST", url, headers=dict(headers), data=body)

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask."""
        return self._call("GET", url, headers=dict(headers or {}))

    def _call(self, method: str, url: str, **told: Any) -> Answer:
        self.calls.append(f"{method} {url}")
        if self.is_cut:
            raise WireBroken("the wire is cut")
        answer = self.app.test_client().open(urlsplit(url).path, method=method, **told)
        return Answer(status=answer.status_code, headers=dict(answer.headers), body=answer.data)


@dataclass
class Phone:
    """Somebody's phone, with a browser that keeps its session."""

    browser: FlaskClient

    def orders(self, project: str, fen: Any = 10_00, *, key: str | None = None, **told: Any) -> TestResponse:
        """Order a gift; return the answer as it came."""
        headers = {**OURS, "Idempotency-Key": key or new_key()}
        return self.browser.post(f"/api/v1/projects/{project}/gifts", json={"amount_fen": fen, **told}, headers=headers)

    def order(self, project: str, fen: int = 10_00, **told: Any) -> dict[str, Any]:
        """Order a gift; return it."""
        answer = self.orders(project, fen, **told)
        assert answer.status_code == 201, answer.text
        return answer.json or {}

    def seal(self, gift: dict[str, Any]) -> str:
        """Open the payment page; return what its form would send along, nothing when there is no form."""
        found = re.findall(r'name="seal" value="([0-9a-f]+)"', self.browser.get(gift["pay_url"]).text)
        return found[0] if found else ""

    def presses(self, gift: dict[str, Any], button: str = "pay") -> TestResponse:
        """Open the payment page and press a button of its form."""
        return self.browser.post(f"{gift['pay_url']}/{button}", data={"seal": self.seal(gift)})

    def sees(self, gift: dict[str, Any]) -> dict[str, Any]:
        """Look at the gift."""
        return self.browser.get(f"/api/v1/gifts/{gift['code']}").json or {}

    def asks(self, path: str) -> Any:
        """Ask the interface."""
        return self.browser.get(f"/api/v1{path}").json

    def shares(self, kind: str, target: str, **told: Any) -> dict[str, Any]:
        """Share a project or village; return the link."""
        told |= {"target_kind": kind, "target": target}
        answer = self.browser.post("/api/v1/shares", json=told, headers=OURS)
        assert answer.status_code in (200, 201), answer.text
        link: dict[str, Any] = (answer.json or {})["link"]
        return link


class Giving(Bookkeeping):
    """A village that receives gifts, on the clock that the test sets; the edge asks the same clock."""

    wire: ClientWire

    def __post_init__(self) -> None:
        """The village settles and opens its fund."""
        super().__post_init__()
        self.fund = self.opens_fund()

    @property
    def settings(self) -> Settings:
        """The installation's settings."""
        found: Settings = self.app.config["SETTINGS"]
        return found

    def phone(self) -> Phone:
        """Somebody new with a phone."""
        phone = Phone(self.app.test_client())
        assert phone.browser.post("/api/v1/session", headers=OURS).status_code == 201
        return phone

    def works(self, *names: str) -> int:
        """The worker's second comes: all its steps, or the named ones; return how much was done."""
        sending = outbox_steps(senders_of(self.settings, wire=self.wire), chance=lambda: 0.5)
        steps = (*STEPS, *sending, *money_steps(self.settings, wire=self.wire))
        return self._runs(*(step for step in steps if not names or step.name in names))

    def _runs(self, *steps: Step) -> int:
        """Let each step in its turn do what it has to do then; those that have nothing are asked in one transaction."""
        done, left = 0, [*steps]
        while left := left[self.asks(lambda: self._idle(left)) :]:
            done += self._acts_on(left.pop(0))
        return done

    def _idle(self, steps: list[Step]) -> int:
        """Return how many of the first steps have nothing to do."""
        busy = (number for number, step in enumerate(steps) if step.has_work is None or step.has_work(self.clock))
        return next(busy, len(steps))

    def _acts_on(self, step: Step) -> int:
        with self.app.app_context():
            return step.act(self.clock) if step.calls_out else write_with_retries(lambda: step.act(self.clock))

    def paid_gift(self, project: str, fen: int = 10_00, **told: Any) -> dict[str, Any]:
        """Somebody orders and pays, and the worker does its part; return the gift as its giver sees it."""
        phone = self.phone()
        gift = phone.order(project, fen, **told)
        phone.presses(gift)
        self.works()
        self.works()
        return phone.sees(gift)

    def notice(self, gift: dict[str, Any], **changed: Any) -> str:  # type: ignore[override]  # another kind of notice
        """The body of a notice that the gift was paid, with what the test changes in its transaction."""
        told = {
            "mchid": MERCHANT,
            "appid": APP_ID,
            "out_trade_no": self.trade_no(gift),
            "trade_state": "SUCCESS",
            "transaction_id": f"SB{new_code(26)}",
            "attach": gift["project"]["code"],
            "amount": {"total": gift["amount_fen"], "currency": "CNY"},
            "success_time": clock.local_iso(self.clock),
        }
        resource = {"original_type": "transaction", "transaction": told | changed}
        return json.dumps({"id": f"SN-{new_code(24)}", "event_type": "TRANSACTION.SUCCESS", "resource": resource})

    def hears(self, body: str | bytes, *, signed_at: datetime | None = None, **headers: str) -> TestResponse:
        """The provider tells; return our answer."""
        told = body.encode() if isinstance(body, str) else body
        signed = signed_by_sandbox(self.settings, told, now=signed_at or self.clock)
        sent = {"Content-Type": "application/json", **signed, **headers}
        return self.app.test_client().post(NOTICES, data=told, headers=sent)

    def trade_no(self, gift: dict[str, Any]) -> str:
        """The number under which the provider knows a gift."""
        return str(gift["pay_url"]).rsplit("/", 1)[-1]

    def collected(self, gift: dict[str, Any]) -> str:
        """The provider's own number of the payment that it collected for a gift."""
        return self.writes(lambda: str(sandbox_book.find_trade(self.trade_no(gift)).transaction_no))

    def pays_unseen(self, gift: dict[str, Any]) -> None:
        """The payer pays at the provider, and nobody tells us yet."""
        self.writes(lambda: sandbox_book.pay_trade(self.trade_no(gift), now=self.clock, owes_notice=False))

    def holds(self, purse: str) -> int:
        """Ask what the nation holds for a purse."""
        return self.asks(lambda: balance_fen(account(NATIONAL, purse)))

    def unallocated(self) -> int:
        """Ask what waits without a project."""
        return self.asks(lambda: balance_fen(UNALLOCATED))

    def transfers(self) -> int:
        """Ask how many transfers the ledger holds."""
        return self.asks(lambda: db.session.scalar(select(func.count()).select_from(Transfer)) or 0)

    def alerts(self) -> list[str]:
        """Ask what a person has to look at."""
        kinds = select(PaymentAlert.kind).order_by(PaymentAlert.id)
        return self.asks(lambda: list(db.session.scalars(kinds)))

    def heard(self) -> list[str]:
        """Ask what became of everything that the provider told."""
        outcomes = select(HeardPayment.outcome).order_by(HeardPayment.id)
        return self.asks(lambda: list(db.session.scalars(outcomes)))

    def order_states(self) -> list[str]:
        """Ask how the orders stand."""
        return self.asks(lambda: list(db.session.scalars(select(PaymentOrder.state).order_by(PaymentOrder.id))))

    def owed(self) -> list[int]:
        """Ask how often each message that is still owed to the outside was sent in vain."""
        due = select(OutboxItem.attempts).where(OutboxItem.next_at.is_not(None))
        return self.asks(lambda: list(db.session.scalars(due)))

    def out_of_joint(self) -> list[str]:
        """Ask `verify`."""
        return self.asks(lambda: [*check_ledger(), *check_payments(), *check_receipts()])

    def waits(self, **delta: int) -> None:
        """Time passes second by second for the worker, without it having to be asked."""
        end = self.clock + timedelta(**delta)
        for step in (10, 20, 30, 120, 420, 1200, 3600):
            self.clock = min(end, self.clock + timedelta(seconds=step))
            self.works()
        self.clock = end
        self.works()


def ordered(village: Giving, fen: int = 50_00) -> tuple[Phone, dict[str, Any]]:
    """Somebody has ordered a gift; the payment page lies before him."""
    phone = village.phone()
    return phone, phone.order(village.opens_project("屋顶"), fen)


def project_of(gift: dict[str, Any]) -> str:
    return str(gift["project"]["code"])


@pytest.fixture
def village(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Giving:
    """The village on the first of June, ten o'clock."""
    village = Giving(app, clock=local("2026-06-01 10:00"))
    village.wire = ClientWire(app)
    monkeypatch.setattr(clock, "now", lambda: village.clock)
    return village


__all__ = ["ClientWire", "Giving", "Phone", "ordered", "project_of", "village"]

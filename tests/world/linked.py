"""A house and the simulator of WeChat in one process: one clock, one thread, no sockets; a test hands notices over.

What goes between them is what goes over a real wire: signed by real keys of both, sealed, verified over its bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from miniapp_api.app import create_app
from sqlalchemy import func, select
from wechat_sim import payer
from wechat_sim.app import create_app as create_simulator
from wechat_sim.books import Event, Person, World
from wechat_sim.clock import Clock
from wechat_sim.environment import write_environment
from wechat_sim.keys import Keys, make_keys, write_keys
from wechat_sim.spoiling import deliveries
from werkzeug.http import http_date

from backend.core.config import Settings
from backend.core.config_wechat import load_wechat
from backend.core.db import db, refuse_calling_out
from backend.core.failpoints import FailpointReached, failing
from backend.core.wire import Answer, WireBroken
from backend.jobs.senders import senders_of
from backend.jobs.steps import STEPS, Step
from backend.outbox.worker import outbox_steps
from backend.payments.wechat.pay import wechat_pay
from backend.payments.worker import money_steps
from backend.people.accounts import WECHAT_MINI, Identity, add_account
from backend.people.models import Person as PersonRow
from tests.world.billing import Reconciling
from tests.world.bookkeeping import local
from tests.world.giving import Phone
from tests.world.refunding import Refunding

NOTICES = "/api/v1/payments/notices/wechat"
BASE = "http://wechat.test"
BEGINS = local("2026-06-01 09:00")


@dataclass
class SimWire:
    """The way to the simulator without a network. A line that it cuts is cut for us."""

    world: World
    calls: int = 0

    def __post_init__(self) -> None:
        self.app = create_simulator(self.world)

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send."""
        return self._call("POST", url, headers=dict(headers), data=body)

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask."""
        return self._call("GET", url, headers=dict(headers or {}))

    def _call(self, method: str, url: str, **told: Any) -> Answer:
        refuse_calling_out()
        self.calls += 1
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        try:
            answer = self.app.test_client().open(path, method=method, **told)
            dated = dict(answer.headers) | {"date": http_date(self.world.now())}  # As its server dates each answer.
            return Answer(status=answer.status_code, headers=dated, body=answer.get_data())
        except ConnectionError:
            raise WireBroken("cut") from None


class Linked(Refunding, Reconciling):
    """A village whose federation has its account at the simulator."""

    sim: World
    wire: SimWire  # type: ignore[assignment]  # the way to another side than the sandbox's.
    channel = "wechat"
    _steps: tuple[Step, ...] = ()

    def works(self, *names: str) -> int:
        """The worker's second comes: all its steps, or the named ones; return how much was done."""
        return self._runs(*(step for step in self.steps if not names or step.name in names))

    @property
    def steps(self) -> tuple[Step, ...]:
        """The worker's steps, made once: each time they are made, keys are read."""
        if not self._steps:
            sending = outbox_steps(senders_of(self.settings, wire=self.wire), chance=lambda: 0.5)
            self._steps = (*STEPS, *sending, *money_steps(self.settings, wire=self.wire))
        return self._steps

    def dies_at(self, place: str, *, name: str) -> bool:
        """One step of the worker is done by a process that dies at a place; say whether it came there."""
        with ExitStack() as stack:
            stack.enter_context(failing(f"{place}=raise@1"))
            try:
                self.works(name)
            except FailpointReached:
                return True
        return False

    def comes_by_wechat(self, name: str) -> Phone:
        """Somebody new whom WeChat knows by a name opens the mini-program."""
        phone, app_id = self.phone(), self.sim.keys.mini.app_id
        self.sim.books.people[name] = Person(id=name, nickname=name, phone="13800000009")
        person = Identity(kind=WECHAT_MINI, app_id=app_id, subject=self.sim.openid(name, app_id))
        newest = self.asks(lambda: db.session.scalar(select(func.max(PersonRow.id)))) or 0
        key = self.settings.secret_key
        self.writes(lambda: add_account(person, person_id=newest, secret_key=key, now=self.clock))
        return phone

    def pays(self, out_trade_no: str) -> bool:
        """The payer of an order pays at WeChat's; say whether WeChat took the money."""
        try:
            return payer.act(self.sim, self.sim.books.trades[out_trade_no]) == payer.OK
        except payer.PayRefused:
            return False

    def tells(self, event: Event, *faults: str) -> list[int]:
        """WeChat makes one attempt at a notice, with these faults of its knobs; return our answers."""
        for name in faults:
            self.sim.knobs.set(f"callback.{name}", "x1")
        sent = [one for one in deliveries(self.sim, event) if one.fault != "drop"]
        event.tries += 1
        client = self.app.test_client()
        return [client.post(NOTICES, data=one.body, headers=one.headers).status_code for one in sent]

    def heals(self, hours: int = 3) -> None:
        """Hours pass in which the worker works: it asks, sends and waits as its own clock says."""
        end = self.clock + timedelta(hours=hours)
        pause = timedelta(seconds=20)
        while self.clock < end:
            self.clock = min(end, self.clock + pause)
            pause = min(pause * 2, timedelta(minutes=30))
            while self.works():
                pass

    def bill_of(self, day: date, *faults: str) -> list[dict[str, Any]]:
        """The day after comes, and its bills with these faults; return what was changed in them."""
        for name in faults:
            self.sim.knobs.set(f"bill.{name}", "x1")
        self.clock = local(f"{(day + timedelta(days=1)).isoformat()} 15:00")
        while self.reconciles(worker="machine"):
            self.works()
        for name in faults:
            self.sim.knobs.set(f"bill.{name}", "0")
        told = self.sim.books.differences
        return [row for kind in ("trade", "flow") for row in told.get(f"{day} {kind}", [])]


@dataclass
class Keyring:
    """The keys of one merchant, in a folder as the settings want them; made once a session."""

    folder: Path
    keys: Keys = field(default_factory=lambda: make_keys(now=BEGINS - timedelta(days=30)))

    def __post_init__(self) -> None:
        write_keys(self.folder, self.keys)
        write_environment(self.folder, self.keys, base_url=BASE)

    def settings(self, house: Settings) -> Settings:
        """The settings of a house with this account; its database and all else stay."""
        lines = (self.folder / "env").read_text().splitlines()
        told = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
        told = {name: value.strip("'") for name, value in told.items() if not name.startswith("WECHAT_TEMPLATE")}
        wechat = load_wechat(told, payment_provider="wechat", app_env="test")
        return replace(house, payment_provider="wechat", wechat=wechat, public_url="https://home.test")


def link(house: Settings, keyring: Keyring, *, seed: int) -> tuple[Flask, World]:
    """A house on a fresh database and a simulator with empty books."""
    app = create_app(keyring.settings(house))
    sim = World(keys=keyring.keys, base_url=BASE, stall=lambda _seconds: None)
    sim.knobs.seed = seed
    return app, sim


def settle_in(app: Flask, sim: World) -> Linked:
    """A village in that house, on a clock that both share."""
    village = Linked(app, clock=BEGINS)
    sim.clock = Clock(lambda: village.clock)
    village.sim, village.wire = sim, SimWire(sim)
    provider = wechat_pay(village.settings, wire=village.wire)
    app.extensions["payment_provider"] = village.bills = provider  # type: ignore[assignment]  # it writes bills too.
    village.sets_aside(1_000_000_00)
    return village

"""A village that gives by WeChat Pay on one thread under one clock: the simulator plays WeChat, seeded dice chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values
from flask import Flask
from miniapp_api.commands import CHECKS
from sqlalchemy import func, select, text
from wechat_sim import app as simulator
from wechat_sim import callbacks, refunds
from wechat_sim.books import SUCCESS, Person, Trade, World
from wechat_sim.callbacks import Messenger
from wechat_sim.clock import Clock
from wechat_sim.environment import write_environment
from wechat_sim.keys import keep_keys
from wechat_sim.knobs import Knobs
from wechat_sim.payer import PayRefused, act

from backend.core.config_wechat import load_wechat
from backend.core.db import db, refuse_calling_out
from backend.core.wire import Answer, WireBroken
from backend.jobs.senders import senders_of
from backend.jobs.steps import STEPS, Step
from backend.outbox.worker import outbox_steps
from backend.payments.worker import money_steps, provider_of
from backend.people.accounts import WECHAT_MINI, Identity, add_account
from backend.people.models import Person as OurPerson
from backend.reconciliation.worker import reconcile_steps
from tests.world.billing import Reconciling
from tests.world.giving import OURS, Phone, new_key
from tests.world.refunding import Refunding

WECHAT, HOUSE = "http://wechat.test", "https://house.test"


@dataclass
class SimulatedWire:
    """The way to the simulator, without a network. What hangs or is cut there is no answer here."""

    app: Flask

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send."""
        return self._call("POST", url, headers=dict(headers), data=body)

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask."""
        return self._call("GET", url, headers=dict(headers or {}))

    def _call(self, method: str, url: str, **told: Any) -> Answer:
        refuse_calling_out()
        try:
            answer = self.app.test_client().open(url.removeprefix(WECHAT), method=method, **told)
            return Answer(status=answer.status_code, headers=dict(answer.headers), body=answer.data)
        except ConnectionError as fault:
            raise WireBroken(str(fault)) from fault


@dataclass
class Giver:
    """Somebody with WeChat, and the one gift that he is about."""

    phone: Phone
    person: str
    wish: tuple[int, str] = (0, "")
    gift: dict[str, Any] = field(default_factory=dict)
    gifts: list[dict[str, Any]] = field(default_factory=list)


class Shaken(Refunding, Reconciling):
    """A village whose provider is the simulator. Nothing here happens by itself."""

    world: World
    messenger: Messenger
    steps: tuple[Step, ...]

    def meets_wechat(self, keys_folder: Path, *, seed: int) -> None:
        """Open a merchant account at the simulator."""
        keys = keep_keys(keys_folder)
        told = dotenv_values(write_environment(keys_folder, keys, base_url=WECHAT))
        wechat = load_wechat(
            {name: value or "" for name, value in told.items()}, payment_provider="wechat", app_env="test"
        )
        self.app.config["SETTINGS"] = replace(self.settings, payment_provider="wechat", wechat=wechat, public_url=HOUSE)
        self.world = World(keys=keys, base_url=WECHAT, product_url=HOUSE, knobs=Knobs(seed=seed))
        self.world.clock, self.world.stall = Clock(source=lambda: self.clock), lambda _seconds: None
        wire = SimulatedWire(simulator.create_app(self.world))
        self.app.extensions["payment_provider"] = provider_of(self.settings, wire=wire)
        self.messenger = Messenger(self.world, post=self._hears_notice)
        sending = outbox_steps(senders_of(self.settings, wire=wire), chance=lambda: 0.5)
        self.steps = (*STEPS, *sending, *money_steps(self.settings, wire=wire))
        self.steps += reconcile_steps(self.settings, wire=wire)

    def _hears_notice(self, url: str, headers: dict[str, str], body: bytes) -> int:
        answer = self.app.test_client().post(urlsplit(url).path, data=body, headers=headers)
        return answer.status_code

    def turns(self, **knobs: str | float) -> None:
        """Turn knobs; `__` in a name stands for the dot."""
        for name, value in knobs.items():
            self.world.knobs.set(name.replace("__", "."), value)

    def calms_down(self) -> None:
        """Every knob stands where it stood at first."""
        self.world.knobs.values.clear()

    def works(self, *names: str) -> int:
        """The worker's second comes: all its steps, or the named ones."""
        return self._runs(*(step for step in self.steps if not names or step.name in names))

    def comes(self, person: str) -> Giver:
        """Somebody comes whom the mini-program knows by his openid."""
        self.world.books.people[person] = Person(id=person, nickname=person, phone="13800000000")
        phone, mini = self.phone(), self.world.keys.mini.app_id
        one = Identity(kind=WECHAT_MINI, app_id=mini, subject=self.world.openid(person, mini))

        def is_known() -> None:
            newest = db.session.scalar(select(func.max(OurPerson.id)))
            assert newest is not None
            add_account(one, person_id=newest, secret_key=self.settings.secret_key, now=self.clock)

        self.writes(is_known)
        return Giver(phone, person)

    def wants(self, giver: Giver, purse: str, fen: int) -> bool:
        """He orders, or orders once more what was not answered; say whether he can pay now."""
        if not giver.wish[0]:
            giver.wish = (fen, new_key())
        told = {"amount_fen": giver.wish[0], "channel": "mini", "again": True}
        headers = {**OURS, "Idempotency-Key": giver.wish[1]}
        answer = giver.phone.browser.post(f"/api/v1/projects/{purse}/gifts", json=told, headers=headers)
        if answer.status_code == 201:
            giver.gift, giver.wish = answer.json or {}, (0, "")
            giver.gifts.append(giver.gift)
            return True
        assert answer.status_code in (409, 429, 503), answer.text
        return False

    def trade(self, gift: dict[str, Any]) -> Trade | None:
        """The provider's own row of a gift; he may never have heard of it."""
        return self.world.books.trades.get(self.trade_no(gift))

    def trade_no(self, gift: dict[str, Any]) -> str:
        """The number under which the provider knows a gift."""
        statement = "SELECT o.out_trade_no FROM payment_orders o JOIN gifts g ON g.order_id = o.id WHERE g.code = :code"
        return str(self.asks(lambda: db.session.scalar(text(statement), {"code": gift["code"]})))

    def pays(self, gift: dict[str, Any], *, wants: str = "pay") -> bool:
        """The giver pays in WeChat's cashier, or cancels; say whether WeChat has his money."""
        trade = self.trade(gift)
        if trade is None:
            return False
        try:
            with self.world.lock:
                act(self.world, trade, wants=wants)
        except PayRefused:
            return False
        return trade.state == SUCCESS

    def wechat_tells(self, dice: Random | None = None) -> None:
        """WeChat's notices that are due come, one after the other, in an order that the dice choose."""
        with self.world.lock:
            refunds.progress(self.world)
            events = callbacks.due(self.world)
        if dice is not None:
            dice.shuffle(events)
        for event in events:
            self.messenger.send(event)

    def passes(self, *, every: int, **delta: int) -> None:
        """Time passes; the worker works and WeChat tells every so many seconds."""
        end = self.clock + timedelta(**delta)
        while self.clock < end:
            self.clock = min(end, self.clock + timedelta(seconds=every))
            self.wechat_tells()
            self.works()

    def verify(self) -> list[str]:
        """Ask everything that `verify` asks."""
        return self.asks(lambda: [finding for check in CHECKS for finding in check()])

    def in_the_ledger(self) -> dict[str, int]:
        """What the ledger says came from the provider, by the number of its order."""
        statement = "SELECT reference, amount_fen FROM transfers WHERE reason IN ('gift', 'gift_unallocated')"
        return {row[0]: row[1] for row in self.asks(lambda: db.session.execute(text(statement)).all())}

    def at_wechat(self) -> dict[str, int]:
        """What WeChat has collected, by the number of its order."""
        return {no: row.total_fen for no, row in self.world.books.trades.items() if row.paid_at is not None}

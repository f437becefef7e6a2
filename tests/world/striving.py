"""A village in a process that may be killed at any moment, and that the next process takes up where it stood."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from flask import Flask
from miniapp_api.commands import CHECKS
from sqlalchemy import text

from backend.core import clock
from backend.core.db import db
from backend.people.staff import find_staff
from backend.reconciliation.worker import reconcile_steps
from tests.world.billing import Reconciling
from tests.world.bookkeeping import local
from tests.world.giving import ClientWire, Phone
from tests.world.refunding import Refunding

T = TypeVar("T")
BEGINS = local("2026-06-01 10:00")
KEY = "one-key-for-every-try"
TOLD = {
    "transfers": "SELECT reason, source_account, target_account, amount_fen FROM transfers",
    "orders": "SELECT purse, amount_fen, state FROM payment_orders",
    "extras": "SELECT amount_fen FROM payment_extras",
    "gifts": "SELECT display FROM gifts",
    "receipts": "SELECT kind, amount_fen, number FROM receipts",
    "refunds": "SELECT amount_fen, state FROM refunds",
    "cards": "SELECT card_tail, state, sealed_account IS NULL FROM refund_repairs",
    "payouts": "SELECT amount_fen, approved_at IS NOT NULL FROM payouts",
    "spending": "SELECT amount_fen FROM spending_lines",
    "corrections": "SELECT amount_fen FROM spending_corrections",
    "own money": "SELECT amount_fen, approved_at IS NOT NULL FROM own_money",
    "messages": "SELECT kind FROM messages",
    "outbox": "SELECT kind, state FROM outbox",
    "notices": "SELECT kind, scope_code, period_key, version FROM notices",
    "days": "SELECT day, state, version FROM reconciled_days",
    "differences": "SELECT kind, state, delta_fen FROM bill_differences WHERE state <> 'healed'",
    "seals": "SELECT day, version FROM day_seals",
}
"""Everything that must be there once, whoever died. What the bill healed may have been asked for before."""


class Striving(Refunding, Reconciling):
    """People who try again what nobody answered, and never what was answered: the journal outlives the process."""

    journal: Path
    done: dict[str, Any]
    names: dict[str, str]

    def __post_init__(self) -> None:
        """The village stands already: the people are found again."""
        found = self.asks(lambda: [find_staff(login) for login in ("cadre", "desk", "second", "third")])
        self.cadre, self.desk, self.second, self.third = (one for one in found if one is not None)
        self.fund = self._finds("SELECT code FROM projects WHERE kind = 'fund'")
        self.organisation = self._finds("SELECT code FROM organisations")
        self.names = {self.fund: "fund"}

    def _finds(self, statement: str) -> str:
        return str(self.asks(lambda: db.session.scalar(text(statement))))

    @classmethod
    def takes_up(cls, app: Flask, journal: Path) -> Striving:
        """Go on with what the journal tells was acknowledged, a little later than it."""
        rows = [json.loads(line) for line in journal.read_text("utf-8").splitlines()] if journal.exists() else []
        village = cls(app, clock=datetime.fromisoformat(rows[-1]["at"]) if rows else BEGINS)
        village.journal, village.done = journal, {row["name"]: row["what"] for row in rows}
        village.wire = ClientWire(app)
        if rows:  # pragma: no cover - in the life after a death, where nothing is measured.
            village.later(seconds=11)
        clock.now = lambda: village.clock  # The edge of this process asks the same clock.
        return village

    def once(self, name: str, act: Callable[[], T]) -> T:
        """Somebody acts, and again until it was acknowledged; then never again."""
        if name not in self.done:
            self.done[name] = act()
            row = {"name": name, "what": self.done[name], "at": self.clock.isoformat()}
            with self.journal.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        found: T = self.done[name]
        return found

    def project(self, title: str) -> str:
        """A project of the story."""
        code = self.once(f"project {title}", lambda: self.opens_project(title))
        self.names[code] = title
        return code

    def giver(self) -> Phone:
        """The one giver of the story; his phone keeps its session."""
        token = self.once("session", self._new_session)
        browser = self.app.test_client()
        browser.set_cookie("session", token)
        return Phone(browser)

    def _new_session(self) -> str:
        cookie = self.phone().browser.get_cookie("session")
        return "" if cookie is None else cookie.value

    def orders(self, purse: str, fen: int, *, name: str = "order") -> dict[str, Any]:
        """The giver orders, under one key however often he must try."""
        return self.once(name, lambda: self.giver().order(purse, fen, key=f"{KEY}-{name}".replace(" ", "-")))

    def pays(self, gift: dict[str, Any], *, name: str = "paid") -> None:
        """The giver presses the button; what the provider then owes us is for the worker."""
        self.once(name, lambda: self.giver().presses(gift).status_code)

    def not_before(self, told: str) -> None:
        """It becomes that late, unless it is later already."""
        self.clock = max(self.clock, local(told))

    def heals(self, *, rounds: int = 5) -> None:
        """Nobody does anything; the worker works, while time passes."""
        for _ in range(rounds):
            self.works()
            self.later(seconds=65)
        self.works()

    def looks_at_bills(self) -> None:
        """The scheduler's step comes by as often as there is a day to work on."""
        (step,) = reconcile_steps(self.settings, wire=self.wire)
        for _ in range(6):
            self._runs(step)
            self.later(minutes=6)

    def told(self) -> dict[str, list[str]]:
        """What the books tell, in words that do not change from one process to another."""

        def rows(statement: str) -> list[str]:
            found = Counter(self._in_words(tuple(row)) for row in db.session.execute(text(statement)))
            return sorted(f"{count} × {words}" for words, count in found.items())

        return self.asks(lambda: {name: rows(statement) for name, statement in TOLD.items()})

    def _in_words(self, row: tuple[object, ...]) -> str:
        words = " ".join(str(one) for one in row)
        for code, name in self.names.items():
            words = words.replace(code, name)
        return words

    def half(self) -> list[str]:
        """Ask `verify`; what the sandbox's own book has otherwise is a gift on its way, or the sandbox's mistake."""
        found = self.asks(lambda: [finding for check in CHECKS for finding in check()])
        return [finding for finding in found if "沙箱" not in finding]

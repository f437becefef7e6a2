"""Settling a paid gift over HTTP against exactly its statements without HTTP (aim: 0.35); one hot project, many."""

from __future__ import annotations

import os
import random
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from flask import Flask
from miniapp_api.app import create_app
from sqlalchemy import event, func, insert, select
from sqlalchemy.engine import make_url

from backend.core.config import Settings, load_settings
from backend.core.db import db, is_sqlite, read_with_retries, write_with_retries, writing
from backend.ledger.models import Transfer
from backend.payments import sandbox_book, settle, transactions
from backend.payments.models import PaymentOrder, SandboxTrade
from backend.payments.providers import Paid
from backend.payments.sandbox import APP_ID, MERCHANT, NAME, signed_by_sandbox
from backend.people.service import open_device_session
from tests.bench.load import say, server, wrk
from tests.world.databases import dispose, migrate
from tests.world.postgres import SETTINGS, postgresql_server

ROUNDS = 5
SECONDS = 2
EACH = 2500
"""Orders of one round, for each of the two sides: more than the machine settles in that time, or nearly."""
ORDERS = 2 * EACH * ROUNDS
CLIENTS = 8
SCRIPT = """
local told, at = {}, 0
for line in io.lines(os.getenv("NOTICES")) do
  local serial, stamp, nonce, seal, body = line:match("^(%S+) (%S+) (%S+) (%S+) (.*)$")
  local headers = {["Content-Type"] = "application/json", ["Sandbox-Serial"] = serial}
  headers["Sandbox-Timestamp"], headers["Sandbox-Nonce"], headers["Sandbox-Signature"] = stamp, nonce, seal
  told[#told + 1] = {headers, body}
end
request = function()
  at = at % #told + 1
  return wrk.format("POST", "/api/v1/payments/notices/sandbox", told[at][1], told[at][2])
end
"""
Statements = list[tuple[str, Any]]


@dataclass
class Place:
    """One database with its orders; a server of its own while it is measured."""

    name: str
    app: Flask
    notices: list[tuple[str, Paid]]
    folder: Path
    address: str = ""
    bare: list[int] = field(default_factory=list)
    over_http: list[int] = field(default_factory=list)
    p99: str = "?"

    def plays_bare(self) -> None:
        """One round without HTTP."""
        with self.app.app_context():
            self.bare.append(_bare(self.app, [told for _, told in self._slice(EACH)]))

    def plays_over_http(self) -> None:
        """One round over HTTP; what counts is what the ledger then holds."""
        notices, script = self.folder / "notices", self.folder / "notices.lua"
        notices.write_text("".join(f"{line}\n" for line, _ in self._slice(EACH)), encoding="utf-8")
        script.write_text(SCRIPT, encoding="ascii")
        os.environ["NOTICES"] = str(notices)
        with self.app.app_context():
            before, start = _posted(), time.monotonic()
            measured = wrk(self.address, seconds=SECONDS, script=script)
            self.over_http.append(round((_posted() - before) / (time.monotonic() - start)))
        self.p99 = measured.p99_text
        if measured.errors:
            say(f"  {measured.errors} errors")

    def _slice(self, count: int) -> list[tuple[str, Paid]]:
        taken, self.notices = self.notices[:count], self.notices[count:]
        return taken

    @property
    def ratio(self) -> Decimal:
        """The median of the rounds' ratios: both sides of a round met the same mood of the machine."""
        return median(Decimal(mine) / Decimal(limit) for mine, limit in zip(self.over_http, self.bare, strict=True))


def run() -> None:
    """Measure SQLite (FULL) and PostgreSQL (fsync on), each with one hot project and with a thousand."""
    with tempfile.TemporaryDirectory(prefix="happy-home-settle-") as folder:
        _measure("SQLite FULL", Path(folder), lambda name: None)
    before = dict(SETTINGS)
    SETTINGS.update({"fsync": "on", "full_page_writes": "on"})  # A commit that is not on the disk is no limit.
    try:
        with tempfile.TemporaryDirectory(prefix="happy-home-settle-") as folder, postgresql_server() as url:
            _measure("PostgreSQL", Path(folder), lambda name: _database(url, name))
    finally:
        SETTINGS.update(before)


def _measure(store: str, folder: Path, database: Callable[[str], str | None]) -> None:
    """Take the sides in turn, hot and spread, bare and over HTTP, so that the machine's moods meet all of them."""
    with ExitStack() as stack:
        places = []
        for name, purses in (("hot", 1), ("spread", 1000)):
            place, given = _place(name, folder / name, database(name), purses)
            workers = 1 if "DATABASE_URL" not in given else 2
            place.address = stack.enter_context(server("wsgi:app", environment=given, workers=workers))
            places.append(place)
        for _ in range(ROUNDS):
            for place in places:
                place.plays_bare()
                place.plays_over_http()
    hot, spread = places
    for place, told in ((hot, "一个热门项目 one project"), (spread, "一千个项目 a thousand")):
        say(f"{store} {told}: HTTP {place.over_http}/s p99 {place.p99}, bare {place.bare}/s")
        say(f"  ratio {place.ratio:.2f} (aim 0.35)")
    beside = median(Decimal(one) / Decimal(two) for one, two in zip(hot.over_http, spread.over_http, strict=True))
    say(f"{store} hot / spread over HTTP: {beside:.2f} (aim 0.9)")
    for place in places:
        dispose(place.app)


def _place(name: str, folder: Path, url: str | None, purses: int) -> tuple[Place, dict[str, str]]:
    given = {"DATA_DIR": str(folder), "APP_ENV": "test", "SECRET_KEY": "s" * 40, "RATE_LIMITS": "off"}
    given |= {"DATABASE_URL": url} if url else {}
    folder.mkdir()
    settings = load_settings(given, house=folder)
    migrate(settings)
    app = create_app(settings)
    with app.app_context():
        return Place(name=name, app=app, notices=_orders(settings, purses), folder=folder), given


def _posted() -> int:
    return read_with_retries(lambda: db.session.scalar(select(func.count()).select_from(Transfer)) or 0)


def _orders(settings: Settings, purses: int) -> list[tuple[str, Paid]]:
    """Order gifts and pay them in the sandbox; return each notice as a line for wrk and as it is read."""
    now = datetime.now(UTC)
    person = write_with_retries(lambda: open_device_session(now=now)[1])
    orders, trades = [], []
    for number in range(1, ORDERS + 1):
        purse = f"purse{random.randrange(purses):05d}"
        common = {"out_trade_no": f"D{number:021d}", "merchant": MERCHANT, "app_id": APP_ID, "amount_fen": number}
        common["expires_at"] = now + timedelta(minutes=30)
        target = {"purse": purse, "target_account": f"00/{purse}"} | {"state": "payable", "created_at": now}
        orders.append(common | target | {"provider": NAME, "payer_id": person.id})
        paid = {"state": "SUCCESS", "transaction_no": f"SB{number:026d}", "success_at": now}
        trades.append(common | paid | {"description": "x", "attach": purse, "return_url": "/"})
    with writing():
        db.session.execute(insert(PaymentOrder), orders)
        db.session.execute(insert(SandboxTrade), trades)
    return [_notice(settings, SandboxTrade(**trade), now) for trade in trades]


def _notice(settings: Settings, trade: SandboxTrade, now: datetime) -> tuple[str, Paid]:
    body = sandbox_book.notice_of(trade, now=now)
    told = transactions.read_notice(body.encode(), provider=NAME)
    assert isinstance(told, Paid)
    return " ".join([*signed_by_sandbox(settings, body.encode(), now=now).values(), body]), told


def _bare(app: Flask, paid: list[Paid]) -> int:
    """Record the statements of each settling, undo them, and play them again as fast as the driver can."""
    recorded = [_statements(one) for one in paid]
    play = _play_sqlite if is_sqlite() else _play_postgresql
    return play(app.config["SETTINGS"].database_url, recorded)


def _statements(paid: Paid) -> Statements:
    found: Statements = []

    def record(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        found.append((statement, parameters))

    with _listening(record):
        try:
            with writing():
                assert settle.settle(paid, now=datetime.now(UTC)) == settle.SETTLED
                raise InterruptedError
        except InterruptedError:
            return found


@contextmanager
def _listening(record: Callable[..., None]) -> Iterator[None]:
    event.listen(db.engine, "before_cursor_execute", record)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", record)


def _play_sqlite(url: str, recorded: list[Statements]) -> int:
    """One writer, for SQLite has one at a time."""
    connection = sqlite3.connect(make_url(url).database or "", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
        connection.execute(f"PRAGMA {pragma}")
    done, start = 0, time.monotonic()
    for transaction in recorded:
        statements = [one for one in transaction if not one[0].startswith(("BEGIN", "PRAGMA"))]
        connection.execute("BEGIN IMMEDIATE")
        _play(connection.execute, statements)
        connection.execute("COMMIT")
        done += 1
        if time.monotonic() - start > SECONDS:
            break
    rate = done / (time.monotonic() - start)
    connection.close()
    return round(rate)


def _play_postgresql(url: str, recorded: list[Statements]) -> int:
    """Eight clients at once, their statements prepared."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    waiting, done = iter(recorded), []
    lock, end = threading.Lock(), time.monotonic() + SECONDS

    def client() -> None:
        with psycopg.connect(plain, prepare_threshold=1) as connection:
            while time.monotonic() < end:
                with lock:
                    transaction = next(waiting, None)
                if transaction is None:
                    return
                _play(connection.execute, transaction)
                connection.commit()
                done.append(1)

    start = time.monotonic()
    clients = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    return round(len(done) / (time.monotonic() - start))


def _play(execute: Callable[..., Any], statements: Statements) -> None:
    """Play one settling; the queue is told the id that the transfer has got this time."""
    transfer_id = None
    for statement, parameters in statements:
        told = parameters
        if "INTO ledger_queue" in statement:
            told = dict.fromkeys(told, transfer_id) if isinstance(told, dict) else (transfer_id,)
        cursor = execute(statement, told)
        if "RETURNING" in statement:
            row = cursor.fetchone()
            transfer_id = row[0] if "INTO transfers" in statement else transfer_id


def _database(server_url: str, name: str) -> str:
    with psycopg.connect(server_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


if __name__ == "__main__":
    run()

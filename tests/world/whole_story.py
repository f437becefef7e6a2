"""A village to which everything happened that moves money, for questions about what does not belong there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

import pytest
from flask import Flask
from miniapp_api.app import create_app
from miniapp_api.commands import CHECKS
from sqlalchemy import insert, select, text

from backend.core import clock
from backend.core.db import db, insert_once, writing
from backend.disbursements.service import reallocate
from backend.ledger.models import QueuedTransfer, Transfer
from backend.ledger.ordering import append_order
from backend.regions.models import Region
from tests.world.bookkeeping import VILLAGE, local
from tests.world.databases import PostgresqlMaker, SqliteMaker, dispose
from tests.world.giving import ClientWire
from tests.world.refunding import Refunding

NEIGHBOUR = "320904104210"


@dataclass
class Story:
    """A village in July: every kind of transfer has happened once, a month was told, all of it as it should be."""

    app: Flask
    names: dict[str, str]

    @property
    def database(self) -> str:
        """The name of the database under the application."""
        with self.app.app_context():
            return db.engine.dialect.name

    def findings(self, *, after: Callable[[], None] = lambda: None) -> str:
        """What `verify` names after something was done; what was done is undone again."""
        found: list[str] = []
        with self.app.app_context(), suppress(Undone), writing():
            after()
            found = [finding for check in CHECKS for finding in check()]
            raise Undone
        return "\n".join(found)

    def after(self, statement: str) -> str:
        """What `verify` names after a statement in SQL."""
        return self.findings(after=lambda: self._runs(statement))

    def _runs(self, statement: str) -> None:
        db.session.execute(text(statement.format(**self.names)))

    def after_transfer(self, *, rows: Sequence[str] = (), is_ordered: bool = True, **told: object) -> str:
        """What `verify` names after plain INSERTs of a transfer and its place in the queue, and the order job."""

        def slips_in() -> None:
            for statement in rows:
                self._runs(statement)
            row = {"amount_fen": 1, "reference": "slipped-in", "posted_at": local("2026-07-02 10:00"), **told}
            row = {name: value.format(**self.names) if isinstance(value, str) else value for name, value in row.items()}
            if "world" in (row["source_account"], row["target_account"]):
                row = {"channel": "sandbox", "provider_date": date(2026, 7, 2), **row}
            made = insert(Transfer).values(**row).returning(Transfer.id)
            db.session.execute(insert(QueuedTransfer).values(transfer_id=db.session.scalar(made)))
            if is_ordered:
                append_order()

        return self.findings(after=slips_in)


class Undone(Exception):
    """Thrown to roll back what a test slipped in."""


@pytest.fixture(scope="module")
def story(database: SqliteMaker | PostgresqlMaker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The story, lived once for all questions."""
    with database.fresh(tmp_path_factory.mktemp("story")) as settings, pytest.MonkeyPatch.context() as patch:
        app = create_app(settings)
        village = Refunding(app, clock=local("2026-06-01 10:00"))
        village.wire = ClientWire(app)
        patch.setattr(clock, "now", lambda: village.clock)
        yield Story(app, live(village))
        dispose(app)  # pragma: no cover - after the last of it, in the setting-up of its twin.


def live(village: Refunding) -> dict[str, str]:
    roof, well = village.opens_project("屋顶"), village.opens_project("水井")
    village.paid_gift(roof, 100_00)
    village.is_paid(roof, 60_00)
    village.corrects(village.spends(roof, 20_00), 1_00)
    village.paid_gift(well, 50_00)
    phone = village.phone()
    late = phone.order(well, 9_00)
    village.ends(well)
    village.closes(well)
    village.pays_unseen(late)
    village.waits(hours=1)
    arrival, now = village.trade_no(late), village.clock
    village.writes(lambda: reallocate(reference=arrival, project=roof, staff=village.desk, now=now))
    gift = str(village.asks(lambda: db.session.scalar(select(Transfer.reference).order_by(Transfer.id))))
    path = village.opens_project("小路")
    given = village.gives(path, 30_00)
    refund, failed = village.refunded(given, 10_00), village.refunded(given, 1_45)
    waits = village.approved(given, 2_00)
    village.at("2026-07-01 06:00")
    village.publishes()
    village.later(days=1)
    unpaid = village.trade_no(village.phone().order(roof, 3_00))
    names = {"roof": roof, "well": well, "fund": village.fund, "village": VILLAGE, "neighbour": NEIGHBOUR}
    names |= {"gift": gift, "unpaid": unpaid, "path": path, "path_gift": given.no}
    names |= {"refund": refund, "failed": failed, "waits": waits, "refund_no": village.no(refund)}
    return names | neighbours(village)


def neighbours(village: Refunding) -> dict[str, str]:
    """The next village has a fund and a project too."""
    row = {"code": NEIGHBOUR, "name": "邻村村委会", "parent_code": NEIGHBOUR[:9]}
    village.writes(lambda: db.session.execute(insert_once(Region).values(row)))
    village.cadre = village.writes(lambda: village._staff("neighbour", "village", NEIGHBOUR))
    village.village = NEIGHBOUR
    return {"their_fund": village.opens_fund(), "their_road": village.opens_project("邻村的路")}

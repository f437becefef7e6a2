"""The bill is kept as long as the ledger, and tells nobody who paid: not of today, nor of the days before."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import replace
from datetime import date
from typing import Any

import flask_migrate
import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from backend.core.db import db
from backend.reconciliation import service
from backend.reconciliation.models import BillFile
from tests.world.billing import Reconciling, accounts
from tests.world.vault import tables_with

__all__ = ["accounts"]
FIRST = date(2026, 6, 1)
BEFORE = "0028"


def a_day(village: Reconciling) -> None:
    """Two gifts, of which the bill of the next day tells who paid; the day is closed and sealed."""
    purse = village.opens_project("屋顶")
    for fen in (50_00, 1_234_50):
        village.paid_gift(purse, fen)
        village.later(seconds=1)
    lines = [replace(line, payer=f"openid-{number}") for number, line in enumerate(village.lines())]
    village.bills.tells(FIRST, lines)
    village.the_day_after()
    village.reconciles()
    assert village.day(FIRST).state == "sealed"


def kept(village: Reconciling) -> Any:
    """The one trade bill as it stands in its table."""
    return village.asks(lambda: db.session.execute(select(BillFile.__table__).where(BillFile.kind == "trade")).one())


def a_day_of_before(village: Reconciling) -> None:
    """The same day, in a house that keeps bills as it did before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service, "without_payers", lambda content: content)
        a_day(village)


def test_a_kept_bill_tells_nobody_who_paid(accounts: Reconciling) -> None:
    a_day(accounts)
    assert accounts.asks(lambda: tables_with("openid-", "CMB_CREDIT")) == set()
    row, came = kept(accounts), accounts.bills.trade[FIRST].content
    assert (row.sha256, row.size_bytes) == (hashlib.sha256(came).hexdigest(), len(came)), "what came is named"
    assert row.kept_sha256 == hashlib.sha256(gzip.decompress(row.packed)).hexdigest(), "and what is kept"
    assert accounts.looks_again(FIRST, anew=True)
    assert (kept(accounts), accounts.day(FIRST).state, accounts.wrong()) == (row, "sealed", [])


def test_bills_of_before_lose_who_paid_and_every_seal_still_holds(accounts: Reconciling) -> None:
    a_day_of_before(accounts)
    assert accounts.asks(lambda: tables_with("openid-", "CMB_CREDIT")) == {"bill_files"}
    with accounts.app.app_context():
        flask_migrate.downgrade(revision=BEFORE)
        flask_migrate.upgrade()
    assert accounts.asks(lambda: tables_with("openid-", "CMB_CREDIT")) == set()
    row = kept(accounts)
    assert row.sha256 == hashlib.sha256(accounts.bills.trade[FIRST].content).hexdigest()
    assert (accounts.looks_again(FIRST), accounts.day(FIRST).state, accounts.wrong()) == (True, "sealed", [])
    with accounts.app.app_context():
        flask_migrate.downgrade(revision=BEFORE)
        flask_migrate.upgrade()
    assert (kept(accounts), accounts.wrong()) == (row, [])
    with pytest.raises(DBAPIError, match="added, never changed"):
        accounts.writes(lambda: db.session.execute(text("UPDATE bill_files SET sha256 = 'x'")))


def test_a_bill_that_was_broken_before_is_still_named_afterwards(accounts: Reconciling) -> None:
    a_day_of_before(accounts)
    whole = kept(accounts).packed
    broken = (b"zip", whole[:-30], whole[:20] + b"\xff" * 40, gzip.compress(b"\xff"), whole)
    for number, packed in enumerate(broken):
        told = {**kept_as(accounts, number), "packed": packed}
        accounts.writes(lambda told=told: db.session.execute(insert(BillFile).values(**told)))  # type: ignore[misc]  # bound at once
    with accounts.app.app_context():
        flask_migrate.downgrade(revision=BEFORE)
        flask_migrate.upgrade()
    assert accounts.wrong() == ["sandbox 2026-06-02 的账单（trade）与收到时不同"] * 5


def kept_as(village: Reconciling, number: int) -> dict[str, Any]:
    """A row of another day whose bytes are not what its hash says."""
    told = {"channel": "sandbox", "day": date(2026, 6, 2), "kind": "trade", "sha256": f"{number}"}
    return told | {"size_bytes": 1, "fetched_at": village.clock}


def test_verify_names_a_bill_that_still_tells_who_paid(accounts: Reconciling) -> None:
    a_day_of_before(accounts)
    assert accounts.wrong() == ["sandbox 2026-06-01 的账单里还留着付款人的标识"]

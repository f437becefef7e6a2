"""The figures of a notice add up to the fen, for one purse and for many together, or nothing is published."""

from __future__ import annotations

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from backend.core.clock import local_day
from backend.core.db import db
from backend.ledger.accounts import WORLD
from backend.ledger.posting import post
from backend.notices.figures import FiguresOutOfJoint, FlowSum, Purse, add_up, figures_of, received_by_source
from tests.world.bookkeeping import Bookkeeping

VILLAGE = "320904104209"
WAYS = [
    ("world", "00/{}", "gift", "wechat"),
    ("00/unallocated", "00/{}", "reallocation", None),
    ("00/{}", VILLAGE + "/{}", "payout", None),
    ("00/{}", "00/{}>32", "payout", None),
    ("00/{}>32", VILLAGE + "/{}", "leg", None),
    (VILLAGE + "/{}", "world", "spending", "bank"),
    ("world", VILLAGE + "/{}", "spending_correction", "bank"),
    ("00/{}", "00/fund", "surplus_to_fund", None),
    ("00/{}", "00/unallocated", "something_new", None),
]


@st.composite
def stories(draw: st.DrawFn) -> list[FlowSum]:
    """Movements of two purses and a fund in which no account goes below zero; a leg is named after its purse."""
    balances = {"00/unallocated": 10**9}
    flows = []
    for _ in range(draw(st.integers(0, 30))):
        source, target, reason, channel = draw(st.sampled_from(WAYS))
        purse = draw(st.sampled_from(["well", "road"]))
        source, target = source.format(purse).replace(">", "#1>"), target.format(purse).replace(">", "#1>")
        held = 10**6 if source == "world" else balances.get(source, 0)
        if held == 0:
            continue
        fen = draw(st.integers(1, held))
        balances[source] = balances.get(source, 0) - fen
        balances[target] = balances.get(target, 0) + fen
        told = {"source": source, "target": target, "reason": reason, "channel": channel}
        flows.append(FlowSum(**told, is_before=len(flows) < 3, amount_fen=fen, count=1))  # type: ignore[arg-type]  # each of its own type.
    return flows


@given(flows=stories())
def test_together_the_purses_hold_what_each_holds(flows: list[FlowSum]) -> None:
    codes = {"well", "road", "fund"}
    total, parts = add_up(flows, codes), [add_up(flows, {code}) for code in sorted(codes)]
    for name in ("opening_fen", "closing_fen", "spent_fen", "corrected_fen", "in_transit_fen", "with_nation_fen"):
        assert getattr(total, name) == sum(getattr(part, name) for part in parts), name
    assert total.moved_to_fund_fen == 0
    received = received_by_source(flows, codes)
    assert total.received_fen == sum(part["amount_fen"] for part in received)  # type: ignore[misc]  # a column of numbers.


@given(flows=stories())
def test_what_is_there_is_with_the_nation_on_its_way_or_with_the_village(flows: list[FlowSum]) -> None:
    sums = add_up(flows, {"well"})
    assert sums.closing_fen == sums.with_nation_fen + sums.in_transit_fen + sums.with_village_fen
    assert min(sums.with_nation_fen, sums.in_transit_fen, sums.with_village_fen) >= 0


def test_a_purse_that_holds_less_than_nothing_is_never_published() -> None:
    told = {"channel": "bank", "is_before": False, "amount_fen": 5, "count": 1}
    overdrawn = FlowSum(source="00/well", target="world", reason="spending", **told)  # type: ignore[arg-type]  # each of its own type.
    with pytest.raises(FiguresOutOfJoint):
        add_up([overdrawn], {"well"})


def test_spending_without_a_voucher_line_stops_the_notice(app: Flask) -> None:
    village = Bookkeeping(app)
    fund = village.opens_fund()
    village.receives(fund, 1000)
    village.is_paid(fund, 1000)
    village.writes(
        lambda: post(
            source=f"{VILLAGE}/{fund}",
            target=WORLD,
            amount_fen=400,
            reason="spending",
            reference="spending:none",
            now=village.clock,
            channel="bank",
            provider_date=local_day(village.clock),
        )
    )
    village.at("2026-02-01 00:00")
    with pytest.raises(FiguresOutOfJoint, match="lines say"):
        village.publishes()
    assert village.notices() == []


def test_the_check_names_a_notice_that_no_longer_equals_the_ledger(app: Flask) -> None:
    village = Bookkeeping(app)
    fund = village.opens_fund()
    village.receives(fund, 1000)
    village.at("2026-03-01 00:00")
    village.publishes()
    assert village.findings() == []
    code = village.notices()[0].code
    village.writes(lambda: _tampers(code))
    findings = village.findings()
    assert any(code in finding and "与账本不符" in finding for finding in findings)
    assert any("期初与上期期末不符" in finding for finding in findings)


def _tampers(code: str) -> None:
    """Somebody with the keys of the database takes its guards away and rewrites a notice."""
    is_sqlite = db.engine.dialect.name == "sqlite"
    name = "notices_refuses_update" if is_sqlite else "notices_refuses_change"
    db.session.execute(text(f"DROP TRIGGER {name}" + ("" if is_sqlite else " ON notices")))
    told = {"code": code, "old": '"closing_fen":1000', "new": '"closing_fen":1001'}
    db.session.execute(text("UPDATE notices SET figures = replace(figures, :old, :new) WHERE code = :code"), told)


def test_figures_of_a_purse_that_never_moved_are_zero(app: Flask) -> None:
    village = Bookkeeping(app)
    purse = Purse(code="nothing", title="无", kind="other")
    found = village.asks(lambda: figures_of([purse], opening=0, cut_off=0))
    assert found["closing_fen"] == found["opening_fen"] == 0
    assert found["received"] == found["spent"] == []

"""The fund-usage notice appears by itself, each period once, and every figure leads to the ledger (P12, P13)."""

from __future__ import annotations

from functools import partial

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backend.core.db import db
from tests.world.bookkeeping import VILLAGE, Bookkeeping


@pytest.fixture
def village(app: Flask) -> Bookkeeping:
    """A village on the tenth of January."""
    return Bookkeeping(app)


def test_on_the_first_of_the_month_the_notice_of_the_last_one_stands_there(village: Bookkeeping) -> None:
    village.opens_fund()
    well = village.opens_project("修井")
    village.at("2026-01-31 23:59")
    assert village.publishes() == []
    village.at("2026-02-01 00:00")
    assert len(village.publishes()) == 2
    notice = village.notice(scope="project", scope_code=well)
    assert (notice.kind, notice.period, notice.version) == ("monthly", "2026-01", 1)
    assert notice.title == "修井 2026年1月资金使用公示"
    assert village.notice(scope="village", scope_code=VILLAGE).title == "众心村 2026年1月资金使用公示"


def test_a_month_in_which_nothing_moved_is_told_with_zeroes(village: Bookkeeping) -> None:
    village.opens_fund()
    village.at("2026-02-01 00:00")
    village.publishes()
    figures = village.notice(scope="village").figures
    assert {name: figures[name] for name in ("opening_fen", "received_fen", "spent_fen", "closing_fen")} == {
        "opening_fen": 0,
        "received_fen": 0,
        "spent_fen": 0,
        "closing_fen": 0,
    }


def test_the_notice_tells_where_each_fen_came_from_where_it_went_and_where_it_lies(village: Bookkeeping) -> None:
    village.opens_fund()
    well = village.opens_project("修井")
    village.receives(well, 60_000)
    village.receives(well, 40_00, channel="bank")
    village.is_paid(well, 50_000)
    line = village.spends(well, 30_000, on="水泥")
    village.corrects(line, 1_000, reason="退货一袋")
    village.at("2026-02-01 00:00")
    village.publishes()

    figures = village.notice(scope="project").figures

    assert figures["received"] == [
        {
            "source": "gift",
            "amount_fen": 64_000,
            "count": 2,
            "channels": [
                {"channel": "bank", "amount_fen": 4_000, "count": 1},
                {"channel": "sandbox", "amount_fen": 60_000, "count": 1},
            ],
        }
    ]
    (spent,) = figures["spent"]
    assert (spent["number"], spent["title"], spent["amount_fen"]) == (1, "水泥", 30_000)
    assert (spent["reference"], spent["position"]) == (f"spending:{line}", 4)
    (corrected,) = figures["corrections"]
    assert (corrected["amount_fen"], corrected["reason"], corrected["position"]) == (1_000, "退货一袋", 5)
    assert figures["paid_out_fen"] == 50_000
    assert (figures["with_nation_fen"], figures["in_transit_fen"], figures["with_village_fen"]) == (14_000, 0, 21_000)
    assert figures["closing_fen"] == 64_000 - 30_000 + 1_000
    assert village.findings() == []


def test_a_notice_begins_where_the_one_before_ended(village: Bookkeeping) -> None:
    fund = village.opens_fund()
    village.receives(fund, 10_000)
    village.at("2026-02-15 09:00")
    village.receives(fund, 5_000)
    village.at("2026-03-02 09:00")
    village.publishes()
    january, february = village.notices(scope="village")
    assert (january.figures["opening_fen"], january.figures["closing_fen"]) == (0, 10_000)
    assert (february.figures["opening_fen"], february.figures["closing_fen"]) == (10_000, 15_000)
    assert february.opening_position == january.cut_off_position


def test_what_was_due_while_the_machine_was_off_appears_on_start_in_order_with_both_dates(village: Bookkeeping) -> None:
    village.opens_fund()
    village.at("2026-05-04 08:30")
    village.publishes()
    told = [(notice.period, notice.due_on.isoformat()) for notice in village.notices(scope="village")]
    assert told == [
        ("2026-01", "2026-02-01"),
        ("2026-02", "2026-03-01"),
        ("2026-03", "2026-04-01"),
        ("2026-04", "2026-05-01"),
    ]
    assert {notice.published_at for notice in village.notices()} == {village.clock}


def test_a_notice_published_late_tells_nothing_that_came_after_its_month(village: Bookkeeping) -> None:
    fund = village.opens_fund()
    village.receives(fund, 10_000)
    village.at("2026-02-03 08:00")
    village.receives(fund, 77_777)
    village.publishes()
    assert village.notice(scope="village").figures["closing_fen"] == 10_000


def test_asking_again_publishes_nothing_again(village: Bookkeeping) -> None:
    village.opens_fund()
    village.at("2026-04-01 00:00")
    assert len(village.publishes()) == 3
    assert village.publishes() == []
    assert village.publishes(worker="two") == []


def test_the_day_after_a_project_ends_its_whole_story_is_published(village: Bookkeeping) -> None:
    village.opens_fund()
    well = village.opens_project("修井", until="2026-03-10")
    village.receives(well, 30_000)
    village.at("2026-03-05 09:00")
    village.receives(well, 12_000)
    village.at("2026-03-10 23:59")
    village.publishes()
    assert village.notices(kind="project_end") == []
    village.at("2026-03-11 00:00")
    village.publishes()
    notice = village.notice(kind="project_end")
    assert (notice.scope_code, notice.period, notice.due_on.isoformat()) == (well, "2026-03-10", "2026-03-11")
    assert (notice.opening_position, notice.figures["received_fen"]) == (0, 42_000)


def test_a_project_ended_before_its_time_is_told_the_day_after_and_only_once(village: Bookkeeping) -> None:
    village.opens_fund()
    village.opens_project("修路")
    well = village.opens_project("修井")
    village.at("2026-01-20 12:00")
    village.ends(well)
    village.at("2026-01-21 06:00")
    village.publishes()
    assert village.notice(kind="project_end").scope_code == well
    village.at("2027-01-05 06:00")
    village.publishes()
    assert len(village.notices(kind="project_end", scope_code=well)) == 1
    assert len(village.notices(kind="project_end")) == 2


def test_a_closed_project_is_silent_and_its_leftover_is_told_by_the_village(village: Bookkeeping) -> None:
    fund = village.opens_fund()
    well = village.opens_project("修井", until="2026-01-20")
    village.receives(well, 9_000)
    village.at("2026-02-10 09:00")
    village.closes(well)
    village.at("2026-04-01 00:00")
    village.publishes()
    periods = [notice.period for notice in village.notices(scope="project", kind="monthly")]
    assert periods == ["2026-01", "2026-02"]
    last = village.notices(scope="project", kind="monthly")[-1].figures
    assert (last["moved_to_fund_fen"], last["closing_fen"]) == (9_000, 0)
    march = village.notice(scope="village", period_key="2026-03").figures
    assert march["closing_fen"] == 9_000
    assert {purse["code"]: purse["closing_fen"] for purse in march["purses"]} == {fund: 9_000, well: 0}
    assert village.findings() == []


def test_a_line_corrected_after_its_notice_brings_a_new_version_that_names_the_old_and_why(
    village: Bookkeeping,
) -> None:
    village.opens_fund()
    well = village.opens_project("修井")
    village.receives(well, 50_000)
    village.is_paid(well, 50_000)
    line = village.spends(well, 30_000)
    village.at("2026-02-01 00:00")
    village.publishes()
    old = village.notice(scope="project")
    village.at("2026-02-03 10:00")
    village.corrects(line, 2_000, reason="发票少算一袋")
    assert len(village.publishes()) == 2
    new = village.notice(scope="project", version=2)
    assert (new.corrects, new.correction_reason, new.period) == (old.code, "发票少算一袋", "2026-01")
    assert new.title.endswith("（更正说明）")
    assert [part["amount_fen"] for part in new.figures["later_corrections"]] == [2_000]
    assert new.figures["closing_fen"] == old.figures["closing_fen"] == 20_000
    assert village.notice(code=old.code).corrected_by == new.code
    assert village.notice(code=old.code).figures == old.figures
    assert village.publishes() == []
    village.at("2026-03-01 00:00")
    village.publishes()
    february = village.notice(scope="project", period_key="2026-02").figures
    assert (february["opening_fen"], february["corrected_fen"], february["closing_fen"]) == (20_000, 2_000, 22_000)
    assert village.findings() == []


def test_a_correction_within_its_month_needs_no_second_notice(village: Bookkeeping) -> None:
    fund = village.opens_fund()
    village.receives(fund, 50_000)
    village.is_paid(fund, 50_000)
    line = village.spends(fund, 30_000)
    village.corrects(line, 500)
    village.at("2026-02-01 00:00")
    assert len(village.publishes()) == 1
    assert village.publishes() == []


def test_a_second_correction_brings_a_third_version_that_tells_both(village: Bookkeeping) -> None:
    fund = village.opens_fund()
    village.receives(fund, 50_000)
    village.is_paid(fund, 50_000)
    line = village.spends(fund, 30_000)
    village.at("2026-02-01 00:00")
    village.publishes()
    for fen in (100, 200):
        village.later(days=1)
        village.corrects(line, fen)
        village.publishes()
    versions = village.notices(scope="village")
    assert [notice.version for notice in versions] == [1, 2, 3]
    assert [part["amount_fen"] for part in versions[-1].figures["later_corrections"]] == [100, 200]
    assert versions[-1].title.count("更正说明") == 1


def test_a_correction_made_while_the_machine_was_off_follows_the_notice_it_corrects(village: Bookkeeping) -> None:
    fund = village.opens_fund()
    village.receives(fund, 50_000)
    village.is_paid(fund, 50_000)
    line = village.spends(fund, 30_000)
    village.at("2026-02-20 09:00")
    village.corrects(line, 1_000)
    village.publishes()
    assert [notice.version for notice in village.notices(scope="village")] == [1, 2]


def test_no_one_can_change_or_remove_a_notice_not_even_in_sql(village: Bookkeeping) -> None:
    village.opens_fund()
    village.at("2026-02-01 00:00")
    village.publishes()
    for statement in ("UPDATE notices SET title = 'x'", "DELETE FROM notices"):
        with pytest.raises(DBAPIError):
            village.writes(partial(db.session.execute, text(statement)))
    assert len(village.notices()) == 1


def test_a_notice_stays_equal_to_the_ledger_whatever_is_posted_afterwards(village: Bookkeeping) -> None:
    fund = village.opens_fund()
    village.receives(fund, 50_000)
    village.at("2026-02-01 00:00")
    village.publishes()
    before = village.notice(scope="village").figures
    village.receives(fund, 123_00)
    village.is_paid(fund, 60_000)
    village.spends(fund, 777)
    village.at("2026-06-01 00:00")
    village.publishes()
    assert village.notice(scope="village", period_key="2026-01").figures == before
    assert village.findings() == []


def test_a_fund_that_opens_later_tells_nothing_of_the_months_before_it(village: Bookkeeping) -> None:
    village.opens_fund()
    village.at("2026-03-05 09:00")
    road = village.opens_project("修路")
    village.at("2026-05-01 00:00")
    village.publishes()
    assert [notice.period for notice in village.notices(scope_code=road)] == ["2026-03", "2026-04"]

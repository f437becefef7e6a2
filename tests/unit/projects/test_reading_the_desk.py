"""Lists go on where the page before ended, and the domain keeps its rules for whoever does not come over HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from backend.core.clock import local_day
from backend.core.db import db
from backend.disbursements.refusals import ChannelUnknown
from backend.disbursements.spending import record_spending
from backend.people.rights import StaffMember
from backend.people.staff import find_staff
from backend.projects.form import Decision, FormInvalid, PlanItem, ProjectForm, checked
from backend.projects.queries import find_projects, get_project
from tests.world.desk import NEIGHBOUR, NOON, Desk
from tests.world.regions import ZHONGXIN

TODAY = local_day(NOON)
FORM = ProjectForm(
    title="路灯",
    kind="public_works",
    village_code=ZHONGXIN,
    village_profile="全村 1200 人。",
    summary="装灯",
    story="装灯",
    decision=Decision(met_on=TODAY, attendees=3, in_favour=3, note="同意"),
    person_in_charge="王",
    phone="0515-83561234",
    starts_on=TODAY,
    ends_on=TODAY + timedelta(days=1),
    target_fen=3,
    plan=(PlanItem(title="灯", amount_fen=3),),
    organisation_code="org",
    filing_number="备案",
    truth_pledged=True,
)


def test_payouts_spending_and_villages_go_on_where_the_page_before_ended(desk: Desk) -> None:
    fund = desk.opens_fund()
    neighbour = desk.hires("village", NEIGHBOUR)
    assert neighbour.does("/desk/projects", desk.fund_form(village_code=NEIGHBOUR)).status_code == 201
    desk.is_given(fund, 100_00)
    for fen in (10_00, 20_00):
        desk.pays_out(fund, fen)
        desk.spends(fund, fen)

    def all_of(path: str, field: str) -> list[object]:
        first = desk.payer.sees(f"{path}?limit=1").json
        rest = desk.payer.sees(f"{path}?limit=1&cursor={first['next_cursor']}").json
        assert rest["next_cursor"] is None
        return [one[field] for one in (*first["items"], *rest["items"])]

    assert all_of("/desk/payouts", "amount_fen") == [20_00, 10_00]
    assert all_of(f"/projects/{fund}/spending", "number") == [2, 1]
    assert all_of("/villages", "code") == [NEIGHBOUR, ZHONGXIN]


def test_a_form_is_checked_also_when_no_schema_has_looked_at_it() -> None:
    assert checked(FORM, today=TODAY) == FORM
    with pytest.raises(FormInvalid, match="项目类型"):
        checked(replace(FORM, kind="casino"), today=TODAY)


def test_money_leaves_by_bank_or_as_cash_and_in_no_other_way(desk: Desk) -> None:
    desk.hires("village", ZHONGXIN, login="li.ming")
    fund, voucher = desk.opens_fund(), desk.cadre.voucher()

    def spend() -> str:
        staff = find_staff("li.ming")
        assert isinstance(staff, StaffMember)
        told = {"title": "x", "amount_fen": 1, "spent_on": TODAY, "voucher_media": voucher, "channel": "favour"}
        return record_spending(project=fund, staff=staff, now=NOON, **told)

    with pytest.raises(ChannelUnknown):
        desk.writes(spend)


def test_a_project_without_an_organisation_is_shown_and_takes_no_money(desk: Desk) -> None:
    fund = desk.opens_fund()
    desk.writes(lambda: db.session.execute(text("UPDATE projects SET organisation_id = NULL")))
    assert desk.asks(lambda: get_project(fund)).organisation is None
    assert list(desk.asks(lambda: find_projects([fund, "absent"]))) == [fund]
    page = desk.page(f"/projects/{fund}")
    assert (page["organisation"], page["refusal"]["code"]) == (None, "NOT_PUBLISHABLE")

"""A cadre publishes a project from the ready form, tells its progress, and can do nothing in another village."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from backend.core.db import db
from backend.orgs.service import set_certificate
from backend.people.rights import ROLES
from tests.world.desk import NEIGHBOUR, SAME_SITE, Desk, picture
from tests.world.regions import XITUAN, ZHONGXIN

FORM_FAULTS: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"truth_pledged": False}, "PLEDGE_MISSING", "who launches pledges the truth"),
    ({"truth_pledged": 1.5}, "INVALID_INPUT", "a pledge is yes or no"),
    ({"kind": "casino"}, "INVALID_INPUT", "no such kind"),
    ({"kind": "other"}, "FORM_INVALID", "`other` needs a reason"),
    ({"phone": "call me"}, "FORM_INVALID", "a phone number has digits"),
    ({"target_fen": 100_000_01}, "PLAN_SUM", "the plan sums to the target, to the fen"),
    ({"target_fen": "10000000"}, "INVALID_INPUT", "an amount is a number"),
    ({"target_fen": True}, "INVALID_INPUT", "an amount is not a truth value"),
    ({"target_fen": None}, "FORM_INVALID", "a project has a target"),
    ({"plan": []}, "FORM_INVALID", "a project has a budget"),
    ({"plan": [{"title": "灯", "amount_fen": 0}]}, "FORM_INVALID", "a line costs something"),
    ({"ends_on": None}, "FORM_INVALID", "a project ends"),
    ({"ends_on": "2026-05-01"}, "FORM_INVALID", "the end comes after the start"),
    ({"starts_on": "2026-01-01", "ends_on": "2026-05-31"}, "FORM_INVALID", "the period is already over"),
    ({"ends_on": "2029-12-31"}, "FORM_INVALID", "three years at most"),
    ({"starts_on": "1026-01-01"}, "FORM_INVALID", "a year of our time"),
    ({"starts_on": "tomorrow"}, "INVALID_INPUT", "a date is a date"),
    ({"title": "灯" * 41}, "TEXT_INVALID", "a title has 40 characters at most"),
    ({"title": "\u200b"}, "TEXT_INVALID", "an invisible title is none"),
    ({"organisation_code": "nobody"}, "FORM_INVALID", "an organisation receives the money"),
    ({"filing_number": "  "}, "TEXT_INVALID", "without a filing number no money is taken"),
    ({"status": "closed"}, "UNKNOWN_FIELD", "no one sets what the form does not ask"),
    ({"cover_media": "A" * 16}, "MEDIA_UNKNOWN", "no such picture"),
    ({"village_code": XITUAN}, "INVALID_INPUT", "a township is not a village"),
)
DECISION_FAULTS = (
    ({"in_favour": 81}, "more were for it than came"),
    ({"in_favour": 40}, "half is not a majority"),
    ({"met_on": "2026-06-02"}, "the meeting has not been yet"),
    ({"met_on": "1911-01-01"}, "nobody met then"),
)


def test_a_cadre_publishes_a_project_and_everybody_reads_what_the_law_asks(desk: Desk) -> None:
    fund = desk.opens_fund()
    answer = desk.cadre.does("/desk/projects", desk.form(address="西团镇众心村一组"))

    assert answer.status_code == 201
    assert answer.json["warnings"] == []
    page = desk.page(f"/projects/{answer.json['code']}")
    assert page["organisation"]["name"] == "村社慈善总会"
    assert page["organisation"]["fundraising_certificate"] == "公募-0001"
    assert page["filing_number"] == "53100000500020MJ37A25001"
    assert page["contact"] == {"name": "王建国", "phone_masked": "138****5678"}
    assert page["decision"]["in_favour"] == 76
    assert sum(item["amount_fen"] for item in page["plan"]) == page["target_fen"] == 100_000_00
    assert (page["accepts_gifts"], page["refusal"], page["surplus_rule"]) == (True, None, "to_fund")
    assert [one["name"] for one in page["village"]["parents"]] == ["江苏省", "盐城市", "大丰区", "西团镇"]
    assert desk.page(f"/villages/{ZHONGXIN}")["fund"]["code"] == fund
    assert "13812345678" not in json.dumps(page)


@pytest.mark.parametrize(("changes", "code", "reason"), FORM_FAULTS, ids=[row[2] for row in FORM_FAULTS])
def test_a_form_that_is_not_whole_is_refused_by_name(
    desk: Desk, changes: dict[str, Any], code: str, reason: str
) -> None:
    desk.opens_fund()
    form = desk.form()
    form = {name: value for name, value in (form | changes).items() if value is not None}
    answer = desk.cadre.does("/desk/projects", form)
    assert (answer.status_code, answer.json["code"]) == (422, code), reason
    assert desk.page(f"/villages/{ZHONGXIN}")["projects"] == []


@pytest.mark.parametrize(("changes", "reason"), DECISION_FAULTS, ids=[row[1] for row in DECISION_FAULTS])
def test_a_project_is_what_the_villagers_decided(desk: Desk, changes: dict[str, Any], reason: str) -> None:
    form = desk.fund_form()
    form["decision"] = form["decision"] | changes
    answer = desk.cadre.does("/desk/projects", form)
    assert (answer.status_code, answer.json["code"]) == (422, "FORM_INVALID"), reason


def test_a_key_named_twice_is_refused(desk: Desk) -> None:
    body = json.dumps(desk.fund_form())[:-1] + ', "title": "另一个"}'
    headers = {**SAME_SITE, "Idempotency-Key": "twice-the-same", "Content-Type": "application/json"}
    answer = desk.cadre.client.post("/api/v1/desk/projects", data=body, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (400, "DUPLICATE_KEY")


def test_a_village_has_one_fund_and_it_comes_before_its_projects(desk: Desk) -> None:
    before = desk.cadre.does("/desk/projects", desk.form())
    assert (before.status_code, before.json["code"]) == (409, "FUND_NEEDED")
    desk.opens_fund()
    second = desk.cadre.does("/desk/projects", desk.fund_form(title="第二个基金"))
    assert (second.status_code, second.json["code"]) == (409, "FUND_EXISTS")
    with_target = desk.cadre.does("/desk/projects", desk.fund_form(target_fen=5))
    assert (with_target.status_code, with_target.json["code"]) == (422, "FORM_INVALID")


def test_a_project_longer_than_a_year_is_published_with_a_warning(desk: Desk) -> None:
    desk.opens_fund()
    answer = desk.cadre.does("/desk/projects", desk.form(ends_on="2027-12-31"))
    assert answer.status_code == 201
    assert answer.json["warnings"] == ["LONGER_THAN_A_YEAR"]


def test_another_kind_of_project_says_why(desk: Desk) -> None:
    desk.opens_fund()
    code = desk.publishes(kind="other", kind_reason="村史馆，不属于前五类")
    assert desk.page(f"/projects/{code}")["kind_reason"] == "村史馆，不属于前五类"


def test_without_a_certificate_nothing_is_published_and_nothing_more_is_taken(desk: Desk) -> None:
    fund = desk.opens_fund()
    desk.writes(lambda: set_certificate(code=desk.organisation, fundraising_certificate=None, now=desk.clock))

    refused = desk.cadre.does("/desk/projects", desk.form())
    assert (refused.status_code, refused.json["code"]) == (409, "NOT_PUBLISHABLE")
    page = desk.page(f"/projects/{fund}")
    assert page["accepts_gifts"] is False
    assert page["refusal"]["code"] == "NOT_PUBLISHABLE"


def test_the_same_form_sent_twice_is_one_project(desk: Desk) -> None:
    desk.opens_fund()
    form = desk.form()
    first = desk.cadre.does("/desk/projects", form, key="one-form-one-project")
    again = desk.cadre.does("/desk/projects", form, key="one-form-one-project")
    other = desk.cadre.does("/desk/projects", form | {"title": "别的"}, key="one-form-one-project")
    assert first.data == again.data
    assert (other.status_code, other.json["code"]) == (422, "IDEMPOTENCY_MISMATCH")
    assert len(desk.page(f"/villages/{ZHONGXIN}")["projects"]) == 1


def test_the_progress_of_a_project_is_told_with_a_photo(desk: Desk) -> None:
    desk.opens_fund()
    code = desk.publishes()
    photo = desk.cadre.voucher()
    for told in ({"text": "第一批 8 盏到村。"}, {"text": "40 盏全部亮灯。", "photo_media": photo}):
        assert desk.cadre.does(f"/desk/projects/{code}/progress", told).status_code == 201

    newest, first = desk.page(f"/projects/{code}/progress")["items"]
    assert (newest["text"], newest["posted_by"]) == ("40 盏全部亮灯。", "众心村委会")
    assert newest["photo_url"] == f"/api/v1/media/{photo}.jpg"
    assert first["photo_url"] is None
    page = desk.page(f"/projects/{code}/progress?limit=1")
    assert desk.page(f"/projects/{code}/progress?limit=1&cursor={page['next_cursor']}")["items"] == [first]


def test_the_desk_lists_its_own_region_and_the_organisations_of_the_form(desk: Desk) -> None:
    fund = desk.opens_fund()
    code = desk.publishes()
    neighbour = desk.hires("village", NEIGHBOUR)
    assert [one["code"] for one in desk.cadre.sees("/desk/projects").json["items"]] == [code, fund]
    assert neighbour.sees("/desk/projects").json["items"] == []
    assert len(desk.hires("county", ZHONGXIN[:6]).sees("/desk/projects").json["items"]) == 2
    first = desk.payer.sees("/desk/projects?limit=1").json
    assert [one["code"] for one in first["items"]] == [code]
    assert desk.payer.sees(f"/desk/projects?cursor={first['next_cursor']}").json["items"][0]["code"] == fund
    assert desk.cadre.sees("/desk/organisations").json["items"][0]["code"] == desk.organisation


def test_what_a_demo_account_publishes_is_marked(desk: Desk) -> None:
    actor = desk.hires("village", NEIGHBOUR, is_demo=True)
    answer = actor.does("/desk/projects", desk.fund_form(village_code=NEIGHBOUR))
    assert answer.json["demo"] is True
    assert desk.page(f"/villages/{NEIGHBOUR}")["demo"] is True


def test_another_village_s_project_is_as_if_it_did_not_exist_and_the_attempt_is_remembered(desk: Desk) -> None:
    fund = desk.opens_fund()
    code = desk.publishes()
    desk.is_given(code, 500_00)
    desk.pays_out(code, 500_00)
    line = desk.spends(code, 100_00).json["code"]
    stranger = desk.hires("village", NEIGHBOUR)
    spending = {"title": "x", "amount_fen": 1, "spent_on": "2026-06-01", "voucher_media": stranger.voucher()}
    acts: tuple[tuple[str, dict[str, Any] | None], ...] = (
        (f"/desk/projects/{code}/progress", {"text": "x"}),
        (f"/desk/projects/{code}/end", None),
        (f"/desk/projects/{code}/close", None),
        (f"/desk/projects/{code}/spending", spending),
        (f"/desk/spending/{line}/corrections", {"amount_fen": 1, "reason": "x"}),
        ("/desk/projects", desk.form()),
    )
    for path, form in acts:
        theirs = stranger.does(path, form)
        absent = stranger.does(path.replace(code, "absent").replace(line, "absent"), form)
        told = ({**answer.json, "request_id": None} for answer in (theirs, absent))
        assert theirs.status_code == 404, path
        assert len({json.dumps(one) for one in told}) == 1, path
    refused = desk.audit("desk.refused")
    assert {code, line, ZHONGXIN} <= {subject for _, subject in refused}
    assert desk.page(f"/projects/{code}")["figures"]["spent_fen"] == 100_00
    assert desk.page(f"/projects/{fund}")["progress"] == []


def test_a_picture_of_another_village_cannot_be_used(desk: Desk) -> None:
    theirs = desk.hires("village", NEIGHBOUR).uploads(picture()).json["code"]
    answer = desk.cadre.does("/desk/projects", desk.fund_form(cover_media=theirs))
    assert (answer.status_code, answer.json["code"]) == (422, "MEDIA_UNKNOWN")
    mine = desk.cadre.uploads(picture()).json["code"]
    shown = desk.cadre.does("/desk/projects", desk.fund_form(cover_media=mine))
    assert shown.json["cover_url"] == f"/api/v1/media/{mine}.jpg"


REGION_OF = {"village": 12, "township": 9, "county": 6, "city": 4, "province": 2}
MAY_PUBLISH = ("village", "county", "national")


@pytest.mark.parametrize("role", ROLES)
def test_who_may_publish_for_the_village_stands_in_one_table(desk: Desk, role: str) -> None:
    hand = desk.hires(role, ZHONGXIN[: REGION_OF[role]] if role in REGION_OF else "00")
    expected = 201 if role in MAY_PUBLISH else 403
    assert hand.does("/desk/projects", desk.fund_form()).status_code == expected

    desk.writes(lambda: db.session.execute(text("DELETE FROM permissions WHERE action = 'projects.publish'")))
    refused = hand.does("/desk/projects", desk.fund_form())
    assert (refused.status_code, refused.json["code"]) == (403, "FORBIDDEN")


def test_a_right_may_be_given_for_one_province_only(desk: Desk) -> None:
    narrow = "UPDATE permissions SET region_prefix = '15' WHERE action = 'projects.publish' AND role = 'village'"
    desk.writes(lambda: db.session.execute(text(narrow)))
    assert desk.cadre.does("/desk/projects", desk.fund_form()).status_code == 403
    assert "projects.publish" not in desk.cadre.sees("/desk/me").json["actions"]

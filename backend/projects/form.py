"""The ready form of a project (Annex 2, R61-R73) and what is wrong with one: pure rules, no database."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date

from backend.core.errors import InvalidInput
from backend.core.text import clean_line, clean_text
from backend.projects.rules import FUND, KINDS, OTHER, is_longer_than_usual

TARGET_FEN_MAX = 10**11
DAYS_MAX = 3 * 366
PLAN_LINES_MAX = 50
YEARS = range(2020, 2100)
PEOPLE_MAX = 100_000
LONGER_THAN_A_YEAR = "LONGER_THAN_A_YEAR"
_PHONE = re.compile(r"^\+?[0-9][0-9 -]{5,17}[0-9]$")


class FormInvalid(InvalidInput):
    """One thing in the form is wrong; `field` names it and the detail says it."""

    code = "FORM_INVALID"


class PledgeMissing(InvalidInput):
    """Who launches a project pledges that what he tells is true (R61)."""

    code = "PLEDGE_MISSING"
    detail = "请先勾选“以上内容真实”的承诺。"


class PlanSumWrong(InvalidInput):
    """The lines of the plan sum to the target, to the fen (R61, R69)."""

    code = "PLAN_SUM"
    detail = "预算各项之和应等于筹款目标。"


@dataclass(frozen=True, kw_only=True)
class PlanItem:
    """One line of a budget."""

    title: str
    amount_fen: int


@dataclass(frozen=True, kw_only=True)
class Decision:
    """How the villagers decided: when they met, how many came, how many were for it, in their words (R73)."""

    met_on: date
    attendees: int
    in_favour: int
    note: str


@dataclass(frozen=True, kw_only=True)
class ProjectForm:
    """Everything that a village tells to launch a project or open its fund; a fund has no target, end and plan."""

    title: str
    kind: str
    village_code: str
    village_profile: str
    summary: str
    story: str
    decision: Decision
    person_in_charge: str
    phone: str
    starts_on: date
    organisation_code: str
    filing_number: str
    truth_pledged: bool
    kind_reason: str | None = None
    address: str | None = None
    target_fen: int | None = None
    ends_on: date | None = None
    plan: tuple[PlanItem, ...] = ()
    cover_media: str | None = None


def checked(form: ProjectForm, *, today: date) -> ProjectForm:
    """Return the form with its texts cleaned. Refuses, naming the field, what the annex does not allow."""
    if form.truth_pledged is not True:
        raise PledgeMissing(field="truth_pledged")
    if form.kind not in KINDS:
        raise FormInvalid("项目类型不对。", field="kind")
    if form.kind == OTHER and not form.kind_reason:
        raise FormInvalid("选择“其他”时请说明理由。", field="kind_reason")
    if not _PHONE.match(form.phone):
        raise FormInvalid("联系电话不对。", field="phone")
    if form.starts_on.year not in YEARS:
        raise FormInvalid("开始日期不对。", field="starts_on")
    _check_decision(form.decision, today=today)
    if form.kind == FUND:
        _check_fund(form)
    else:
        _check_period(form, today=today)
        _check_plan(form)
    return _cleaned(form)


def warnings_of(form: ProjectForm) -> list[str]:
    """Return what is allowed but unusual: `LONGER_THAN_A_YEAR` (R79)."""
    if form.ends_on is not None and is_longer_than_usual(starts_on=form.starts_on, ends_on=form.ends_on):
        return [LONGER_THAN_A_YEAR]
    return []


def _check_decision(decision: Decision, *, today: date) -> None:
    if decision.met_on.year < 1949:
        raise FormInvalid("民主决策会议的日期不对。", field="decision.met_on")
    if decision.met_on > today:
        raise FormInvalid("民主决策会议的日期还没有到。", field="decision.met_on")
    if not 1 <= decision.in_favour <= decision.attendees <= PEOPLE_MAX:
        raise FormInvalid("到会人数和赞成人数不相符。", field="decision.in_favour")
    if decision.in_favour * 2 <= decision.attendees:
        raise FormInvalid("赞成人数没有过到会人数的一半，不能发起。", field="decision.in_favour")


def _check_fund(form: ProjectForm) -> None:
    if form.target_fen is not None or form.ends_on is not None or form.plan:
        raise FormInvalid("互助基金长期设立，没有目标、截止日期和预算。", field="kind")


def _check_period(form: ProjectForm, *, today: date) -> None:
    if form.ends_on is None or form.ends_on < form.starts_on:
        raise FormInvalid("请填写募集期限，结束不早于开始。", field="ends_on")
    if form.ends_on < today:
        raise FormInvalid("募集期限已经过去。", field="ends_on")
    if (form.ends_on - form.starts_on).days >= DAYS_MAX:
        raise FormInvalid("募集期限最长三年。", field="ends_on")


def _check_plan(form: ProjectForm) -> None:
    if form.target_fen is None or not 1 <= form.target_fen <= TARGET_FEN_MAX:
        raise FormInvalid("请填写善款募集目标。", field="target_fen")
    if not 1 <= len(form.plan) <= PLAN_LINES_MAX:
        raise FormInvalid(f"预算应有 1 到 {PLAN_LINES_MAX} 项。", field="plan")
    if any(not 1 <= item.amount_fen <= TARGET_FEN_MAX for item in form.plan):
        raise FormInvalid("预算每一项的金额都要大于零。", field="plan")
    total = sum(item.amount_fen for item in form.plan)
    if total != form.target_fen:
        raise PlanSumWrong(field="plan", plan_fen=total, target_fen=form.target_fen)


def _cleaned(form: ProjectForm) -> ProjectForm:
    note = clean_text(form.decision.note, limit=2000, field="decision.note")
    plan = tuple(replace(item, title=clean_line(item.title, limit=60, field="plan")) for item in form.plan)
    return replace(
        form,
        title=clean_line(form.title, limit=40, field="title"),
        summary=clean_line(form.summary, limit=200, field="summary"),
        story=clean_text(form.story, limit=10_000, field="story"),
        village_profile=clean_text(form.village_profile, limit=5000, field="village_profile"),
        person_in_charge=clean_line(form.person_in_charge, limit=40, field="person_in_charge"),
        filing_number=clean_line(form.filing_number, limit=60, field="filing_number"),
        kind_reason=clean_line(form.kind_reason, limit=200, field="kind_reason") if form.kind_reason else None,
        address=clean_line(form.address, limit=120, field="address") if form.address else None,
        decision=replace(form.decision, note=note),
        plan=plan,
    )

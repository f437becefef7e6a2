"""Launching projects, telling their progress, ending and closing them: what is left goes to the village's fund."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import insert, select

from backend.core import audit
from backend.core.clock import local_day
from backend.core.db import db, insert_once
from backend.core.errors import Refusal
from backend.core.ids import new_code
from backend.core.text import clean_text
from backend.disbursements.ending import end_payouts_of
from backend.ledger.accounts import NATIONAL, account
from backend.ledger.posting import lock_account, post
from backend.ledger.queries import balance_fen
from backend.ledger.reasons import SURPLUS_TO_FUND
from backend.media.service import make_public
from backend.orgs.models import Organisation
from backend.orgs.service import find_organisation
from backend.payments.orders import close_orders_of
from backend.people.rights import StaffMember, authorise
from backend.projects.form import Decision, FormInvalid, ProjectForm, checked
from backend.projects.models import PlanLine, ProgressPost, Project
from backend.projects.queries import ProjectUnknown, funds_of, get_project
from backend.projects.rules import FUND, NotPublishable, ProjectRecord, state_of
from backend.regions.queries import village_or_refuse


class FundExists(Refusal):
    """A village has one mutual-aid fund (R86)."""

    code = "FUND_EXISTS"
    detail = "这个村已经有互助基金。"


class FundNeeded(Refusal):
    """The fund comes first: it is where a project's surplus goes, and givers are told so before they pay (R90, R91)."""

    code = "FUND_NEEDED"
    detail = "请先为本村设立互助基金：项目的结余要转入基金。"


class FundStands(Refusal):
    """A village's fund is not a project: it is neither ended nor closed here."""

    code = "FUND_STANDS"
    detail = "互助基金长期设立，不能结束。"


class ProjectOver(Refusal):
    """The project has ended or closed already."""

    code = "PROJECT_OVER"
    detail = "这个项目已经结束。"


class StillCollecting(Refusal):
    """A project is closed after it has ended."""

    code = "STILL_COLLECTING"
    detail = "项目还在募集，请先结束募集，再办理结项。"


def publish_project(*, form: ProjectForm, staff: StaffMember, now: datetime) -> ProjectRecord:
    """Publish a project, or open a village's fund, from the ready form (R8, R51-R57, R61-R73).

    Refuses a form that is not whole, a second fund (`FundExists`), a project before the fund (`FundNeeded`), and
    what may not take money: no organisation, no certificate, no filing number (`NotPublishable`, 慈善法 22, 25).
    """
    authorise(staff, "projects.publish", form.village_code)
    village_or_refuse(form.village_code)
    form = checked(form, today=local_day(now))
    organisation = find_organisation(form.organisation_code)
    if organisation is None:
        raise FormInvalid("没有找到这个慈善组织。", field="organisation_code")
    if not organisation.fundraising_certificate:
        raise NotPublishable()
    if form.kind != FUND and not funds_of([form.village_code]):
        raise FundNeeded()
    if form.cover_media is not None:
        make_public(form.cover_media, staff=staff, field="cover_media")
    code = _write_down(form, organisation=organisation, staff=staff, now=now)
    audit.record(action="projects.publish", actor=staff.code, subject=code, now=now, kind=form.kind)
    return get_project(code)


def _write_down(form: ProjectForm, *, organisation: Organisation, staff: StaffMember, now: datetime) -> str:
    code = new_code()
    apart = ("decision", "plan", "organisation_code", "truth_pledged")
    told = {name: value for name, value in asdict(form).items() if name not in apart}
    row = insert_once(Project).values(
        **told,
        **_decided(form.decision),
        code=code,
        organisation_id=organisation.id,
        is_demo=staff.is_demo,
        published_by=staff.id,
        published_at=now,
    )
    made = db.session.scalar(row.on_conflict_do_nothing().returning(Project.id))
    if made is None:  # The code is random, so the one thing that can stand in the way is the village's fund.
        raise FundExists()
    lines = [
        {"project_id": made, "number": number, "title": item.title, "amount_fen": item.amount_fen}
        for number, item in enumerate(form.plan, 1)
    ]
    if lines:
        db.session.execute(insert(PlanLine), lines)
    return code


def _decided(decision: Decision) -> dict[str, object]:
    return {f"decision_{name}": value for name, value in asdict(decision).items()}


def post_progress(*, project: str, text: str, photo_media: str | None, staff: StaffMember, now: datetime) -> str:
    """Tell the public how a project goes on, also after its end; return the post's code (R131)."""
    found = get_project(project)
    authorise(staff, "progress.post", found.village_code, subject=project)
    if photo_media is not None:
        make_public(photo_media, staff=staff, field="photo_media")
    code = new_code()
    cleaned = clean_text(text, limit=2000, field="text")
    row = ProgressPost(code=code, project_id=found.id, text=cleaned, photo_media=photo_media)
    row.posted_by, row.posted_at = staff.id, now
    db.session.add(row)
    audit.record(action="progress.post", actor=staff.code, subject=project, now=now, post=code)
    return code


def end_project(*, project: str, staff: StaffMember, now: datetime) -> ProjectRecord:
    """End the collection before its time. Money that is already there stays; later money is redirected (law 7)."""
    row = _locked(project, staff=staff)
    if state_of(get_project(project), now=now) != "collecting":
        raise ProjectOver()
    row.ended_at = now
    close_orders_of(project, now=now)
    audit.record(action="projects.end", actor=staff.code, subject=project, now=now)
    db.session.flush()  # The answer reads the row again.
    return get_project(project)


def close_project(*, project: str, staff: StaffMember, now: datetime) -> ProjectRecord:
    """Close a project that has ended: everything left, with the nation and the village, moves to the fund (R91).

    Payouts that still wait end with it: their money moves to the fund too. Closing it again moves what has arrived
    since. Refuses `StillCollecting` and `FundStands`.
    """
    row = _locked(project, staff=staff)
    if state_of(get_project(project), now=now) == "collecting":
        raise StillCollecting()
    row.ended_at = row.ended_at or now
    row.closed_at = row.closed_at or now
    close_orders_of(project, now=now)
    end_payouts_of(row.id, staff=staff, now=now)
    db.session.flush()  # The answer reads the row again.
    moved_fen = move_leftovers(get_project(project), now=now)
    audit.record(action="projects.close", actor=staff.code, subject=project, now=now, moved_fen=moved_fen)
    return get_project(project)


def move_leftovers(project: ProjectRecord, *, now: datetime) -> int:
    """Move all that a closed project still holds to its village's fund; return how much, in fen (R91)."""
    fund = funds_of([project.village_code])[project.village_code]
    moved_fen = 0
    for holder in (NATIONAL, project.village_code):
        source = account(holder, project.code)
        lock_account(source)
        left_fen = balance_fen(source)
        if left_fen == 0:
            continue
        # The lock and the balance make it once; the reference only has to be new.
        reference = f"surplus:{project.code}:{new_code()}"
        target = account(holder, fund)
        post(source=source, target=target, amount_fen=left_fen, reason=SURPLUS_TO_FUND, reference=reference, now=now)
        moved_fen += left_fen
    return moved_fen


def lock_project(code: str) -> Project:
    """Lock a project's row for its next step, so that none is taken while it closes. Refuses `ProjectUnknown`."""
    row = db.session.scalars(select(Project).where(Project.code == code).with_for_update()).first()
    if row is None:
        raise ProjectUnknown()
    return row


def _locked(code: str, *, staff: StaffMember) -> Project:
    row = lock_project(code)
    authorise(staff, "projects.end", row.village_code, subject=code)
    if row.kind == FUND:
        raise FundStands()
    return row

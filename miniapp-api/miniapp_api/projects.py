"""A project's public page: what it is for, who receives the money, where it is now, and every transfer."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from backend.core import clock
from backend.disbursements.queries import SpendingRecord, spending_of
from backend.donations.queries import newest_gifts
from backend.ledger.accounts import NATIONAL, account, refunds_account
from backend.ledger.published import published
from backend.ledger.queries import ledger_lines, purse_figures
from backend.notices.models import PROJECT
from backend.notices.queries import latest_notice
from backend.projects.queries import Progress, decision_of, get_project, plan_of, progress_of
from backend.projects.rules import ProjectRecord, gift_refusal, masked_phone
from backend.regions.names import village_name
from backend.regions.queries import find_region, names_of
from miniapp_api.cards import card
from miniapp_api.edge import reads
from miniapp_api.etag import etagged
from miniapp_api.media import media_url
from miniapp_api.paging import PageQuery, last_id, listed
from miniapp_api.project_schemas import ProgressListSchema, ProjectSchema, SpendingListSchema, TransferListSchema

bp = Blueprint("projects", __name__, description="项目与互助基金：内容、款项去向、支出、进展。")


@bp.get("/projects/<code>")
@etagged
@bp.response(200, ProjectSchema)
@reads
def show_project(code: str) -> dict[str, Any]:
    """Show a project, or a village's fund, with everything that a giver must be told before paying (慈善法 25)."""
    project, now = get_project(code), clock.now()
    village = find_region(project.village_code)
    figures = purse_figures([(code, project.village_code)])[code]
    refusal = gift_refusal(project, now=now)
    return {
        **card(project, village_name=village_name(village.name), figures=figures, now=now),
        **_told(project),
        "village": village,
        "accepts_gifts": refusal is None,
        "refusal": None if refusal is None else {"code": refusal.code, "detail": refusal.detail},
        "figures": figures,
        "spending": [shown_spending(line) for line in spending_of(project.id, before_id=None, limit=3)],
        "progress": shown_progress(progress_of(project.id, before_id=None, limit=3)),
        "gifts": newest_gifts(code, limit=5),
        "latest_notice": latest_notice(PROJECT, code),
    }


@bp.get("/projects/<code>/spending")
@etagged
@bp.arguments(PageQuery, location="query")
@bp.response(200, SpendingListSchema)
@reads
def list_spending(page: dict[str, Any], code: str) -> dict[str, Any]:
    """List what the project bought, each line with its voucher and its transfer, newest first (R33, R128)."""
    project, limit = get_project(code), page["limit"]
    rows = spending_of(project.id, before_id=last_id(page), limit=limit + 1)
    return listed(rows, limit=limit, row_id=lambda line: line.id, shown=shown_spending)


@bp.get("/projects/<code>/progress")
@etagged
@bp.arguments(PageQuery, location="query")
@bp.response(200, ProgressListSchema)
@reads
def list_progress(page: dict[str, Any], code: str) -> dict[str, Any]:
    """List how the project went on, newest first (R131)."""
    project, limit = get_project(code), page["limit"]
    rows = progress_of(project.id, before_id=last_id(page), limit=limit + 1)
    names = _posters(rows)
    return listed(rows, limit=limit, row_id=lambda post: post.id, shown=lambda post: _post(post, names))


@bp.get("/projects/<code>/transfers")
@etagged
@bp.arguments(PageQuery, location="query")
@bp.response(200, TransferListSchema)
@reads
def list_transfers(page: dict[str, Any], code: str) -> dict[str, Any]:
    """List every ordered transfer of the project's purse, newest first; a gift without its number (ADR 0013)."""
    project, limit = get_project(code), page["limit"]
    of_nation = account(NATIONAL, code)
    accounts = (of_nation, refunds_account(of_nation), account(project.village_code, code))
    rows = ledger_lines(accounts, before_position=last_id(page), limit=limit + 1)
    return listed(rows, limit=limit, row_id=lambda line: line.position, shown=published)


def shown_spending(line: SpendingRecord) -> dict[str, Any]:
    """Return a spending line as everybody sees it."""
    return {**vars(line), "voucher_url": media_url(line.voucher_media)}


def shown_progress(posts: list[Progress]) -> list[dict[str, Any]]:
    """Return progress posts as everybody sees them: from which desk, not from whom."""
    names = _posters(posts)
    return [_post(post, names) for post in posts]


def _told(project: ProjectRecord) -> dict[str, Any]:
    return {
        "kind_reason": project.kind_reason,
        "summary": project.summary,
        "story": project.story,
        "village_profile": project.village_profile,
        "decision": decision_of(project.id),
        "organisation": project.organisation,
        "filing_number": project.filing_number,
        "starts_on": project.starts_on,
        "plan": plan_of(project.id),
        "contact": {"name": project.person_in_charge, "phone_masked": masked_phone(project.phone)},
        "surplus_rule": "to_fund",
    }


def _posters(posts: list[Progress]) -> dict[str, str]:
    return names_of({post.region_code for post in posts})


def _post(post: Progress, names: dict[str, str]) -> dict[str, Any]:
    return {
        "code": post.code,
        "text": post.text,
        "photo_url": media_url(post.photo_media),
        "posted_at": post.posted_at,
        "posted_by": names.get(post.region_code, "全国"),
    }

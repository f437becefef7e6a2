"""Gifts: see one, choose how it is shown, find my own again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from flask_smorest import Blueprint

from backend.core import clock
from backend.donations import queries, service
from backend.donations.queries import GiftRecord, GiftUnknown
from backend.projects.queries import find_projects, get_project
from backend.projects.rules import ProjectRecord
from backend.receipts.codes import gift_of_secret, secret_of
from backend.receipts.service import choose_receipt
from backend.regions.queries import called
from miniapp_api.cards import card_of
from miniapp_api.edge import reads, settings, writes
from miniapp_api.etag import etagged
from miniapp_api.gift_schemas import (
    GiftListSchema,
    GiftSchema,
    MyGiftListSchema,
    SecretQuery,
    ShowingSchema,
)
from miniapp_api.paging import CursorInvalid, PageQuery, cursor_of, last_id, listed, listed_after
from miniapp_api.sessions import current_person, require_person
from miniapp_api.words import gift_words, hand_in_gift

bp = Blueprint("donations", __name__, description="捐赠：查看、署名方式、我的捐赠。")


@bp.get("/gifts/<code>")
@bp.arguments(SecretQuery, location="query")
@bp.response(200, GiftSchema)
@reads
def show_gift(asked: dict[str, Any], code: str) -> dict[str, Any]:
    """Show a gift to the phone that gave it, or to who holds the secret of its receipt link."""
    now = clock.now()
    gift = queries.find_gift(code, now=now)
    secret, person = asked.get("secret"), current_person()
    is_mine = person is not None and person.id == gift.person_id
    if not is_mine and (not secret or gift_of_secret(secret, secret_key=settings().secret_key) != code):
        raise GiftUnknown()
    return gift_view(gift, reused=False, now=now)


@bp.patch("/gifts/<code>")
@bp.arguments(ShowingSchema)
@bp.response(200, GiftSchema)
@writes
def change_gift(form: dict[str, Any], code: str) -> dict[str, Any]:
    """Change how a gift is shown and whether its giver wants a receipt, at any time; what is not sent stays."""
    person, now = require_person(), clock.now()
    before = queries.find_gift(code, now=now)
    if before.person_id != person.id:
        raise GiftUnknown()
    if "waives_receipt" in form:
        choose_receipt(gift_id=before.id, is_waived=form["waives_receipt"], now=now)
    if form.keys() <= {"waives_receipt"}:
        return gift_view(queries.find_gift(code, now=now), reused=False, now=now)
    kept = {name: getattr(before, name) for name in ("display", "name", "hide_amount", "message")}
    shown = showing_of(kept | form)
    service.change_showing(code=code, person_id=person.id, shown=shown, now=now)
    village = get_project(before.project_code).village_code
    hand_in_gift(code, shown, person_id=before.person_id, region_code=village, now=now)
    return gift_view(queries.find_gift(code, now=now), reused=False, now=now)


@bp.get("/projects/<code>/gifts")
@etagged
@bp.arguments(PageQuery, location="query")
@bp.response(200, GiftListSchema)
@reads
def list_gifts(page: dict[str, Any], code: str) -> dict[str, Any]:
    """List the gifts that a project received, newest day first, each as its giver wants it shown (ADR 0013)."""
    project, limit = get_project(code), page["limit"]
    rows = queries.newest_gifts(project.code, before=_last_seen(page), limit=limit + 1)
    return listed_after(rows, limit=limit, key=lambda line: f"{line.day}.{line.code}", shown=lambda line: line)


@bp.get("/me/gifts")
@bp.arguments(PageQuery, location="query")
@bp.response(200, MyGiftListSchema)
@reads
def list_my_gifts(page: dict[str, Any]) -> dict[str, Any]:
    """List the gifts of this phone's person, newest first (R108)."""
    limit = page["limit"]
    rows = queries.gifts_of_person(require_person().id, before_id=last_id(page), limit=limit + 1, now=clock.now())
    return listed(rows, limit=limit, row_id=lambda gift: gift.id, shown=as_mine(rows))


def as_mine(rows: Sequence[GiftRecord]) -> Callable[[GiftRecord], dict[str, Any]]:
    """Return what shows each of these gifts to their giver; the projects of all are read at once."""
    projects = find_projects(code for gift in rows for code in (gift.project_code, gift.redirected_to) if code)
    names = called({project.village_code for project in projects.values()})
    titles = {
        code: _told_of(project) | {"village_name": names.get(project.village_code, "")}
        for code, project in projects.items()
    }
    return lambda gift: _mine(gift, titles)


def gift_view(gift: GiftRecord, *, reused: bool, now: datetime) -> dict[str, Any]:
    """Return a gift as its own giver sees it.

    The stations are the account that received it, as the ledger has it, without what went back to him.
    """
    receipt, given_to, kept_fen = _receipt(gift), gift.redirected_to, gift.amount_fen - gift.refunded_fen
    holder = gift.holder if kept_fen else None
    return {
        **vars(gift),
        "project": card_of(get_project(gift.project_code), now=now),
        "redirected_to": None if given_to is None else _told_of(get_project(given_to)),
        "receipt": receipt,
        "words": gift_words(gift.code),
        "reused": reused,
        "stations": [] if holder is None else [{"holder": holder, "amount_fen": kept_fen}],
        "pay_params": None,
    }


def _last_seen(page: dict[str, Any]) -> tuple[date, str] | None:
    """Return the day and the code that the cursor holds. Refuses `CursorInvalid`."""
    told = cursor_of(page)
    if told is None:
        return None
    day, _, code = told.partition(".")
    try:
        if not code.isalnum():
            raise CursorInvalid()
        return date.fromisoformat(day), code
    except ValueError as error:
        raise CursorInvalid() from error


def _told_of(project: ProjectRecord) -> dict[str, str]:
    return {"code": project.code, "title": project.title}


def _mine(gift: GiftRecord, titles: dict[str, dict[str, str]]) -> dict[str, Any]:
    receipt = _receipt(gift) or {}
    return {
        **vars(gift),
        "project": titles[gift.project_code],
        "redirected_to": None if gift.redirected_to is None else titles[gift.redirected_to],
        "receipt_number": receipt.get("number"),
        "receipt_url": receipt.get("url"),
    }


def _receipt(gift: GiftRecord) -> dict[str, str] | None:
    if gift.receipt is None or gift.waives_receipt:
        return None
    return {"number": gift.receipt, "url": f"/r/{secret_of(gift.code, secret_key=settings().secret_key)}"}


def showing_of(form: dict[str, Any]) -> service.Showing:
    """Return how a form wants a gift shown, checked."""
    return service.showing(
        display=form["display"],
        name=form.get("name"),
        hide_amount=form["hide_amount"],
        message=form.get("message"),
    )

"""The desk's posters: one link for each printed sheet, and stopping a link that is abused."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from backend.core import clock
from backend.core.errors import NotFound
from backend.people.rights import StaffMember, authorise
from backend.projects.queries import get_project
from backend.sharing import service
from backend.sharing.queries import posters_of
from backend.sharing.service import PROJECT, LinkRecord, LinkUnknown
from miniapp_api.desk.guard import desk_reads, desk_writes, require_staff
from miniapp_api.link_codes import any_link
from miniapp_api.once import once
from miniapp_api.sharing import LinkSchema, link_view
from miniapp_api.times import LocalTime

bp = Blueprint("desk_links", __name__, description="工作台：海报与停用链接。")


class PosterFormSchema(Schema):
    """Where the poster will hang."""

    place = fields.String(required=True)


class RevocationFormSchema(Schema):
    """Why the link is stopped."""

    reason = fields.String(required=True)


class DeskLinkSchema(LinkSchema):
    """A poster's link as the desk sees it."""

    poster_number = fields.String(required=True, allow_none=True)
    place = fields.String(required=True, allow_none=True)
    pdf_url = fields.String(required=True)
    made_at = LocalTime(required=True)
    revoked_at = LocalTime(required=True, allow_none=True)
    revoked_for = fields.String(required=True, allow_none=True)


class PosterSchema(Schema):
    """One poster."""

    link = fields.Nested(DeskLinkSchema, required=True)


class PosterListSchema(Schema):
    """The posters of a project, newest first."""

    items = fields.List(fields.Nested(DeskLinkSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


@bp.post("/desk/projects/<code>/posters")
@bp.arguments(PosterFormSchema)
@bp.response(201, PosterSchema)
@desk_writes
def make_poster(form: dict[str, Any], code: str) -> Response:
    """Make the link of one poster, with its own number, for the place where it will hang."""
    staff = require_staff()
    authorise(staff, "posters.make", get_project(code).village_code, subject=code)

    def act() -> dict[str, Any]:
        link = service.make_poster(project_code=code, place=form["place"], actor=staff.code, now=clock.now())
        return {"link": _view(link)}

    return once(scope=_scope(staff), status=201, schema=PosterSchema(), act=act)


@bp.get("/desk/projects/<code>/posters")
@bp.response(200, PosterListSchema)
@desk_reads
def list_posters(code: str) -> dict[str, Any]:
    """List a project's posters, stopped ones too."""
    staff = require_staff()
    authorise(staff, "posters.read", get_project(code).village_code, subject=code)
    return {"items": [_view(link) for link in posters_of(code)], "next_cursor": None}


@bp.post("/desk/links/<code>/revocation")
@bp.arguments(RevocationFormSchema)
@bp.response(201, PosterSchema)
@desk_writes
def stop_link(form: dict[str, Any], code: str) -> Response:
    """Stop a link at once, with the reason; gifts that came by it stay."""
    staff, link = require_staff(), _any_link(code)
    authorise(staff, "links.revoke", _village_of(link), subject=link.link_id)

    def act() -> dict[str, Any]:
        service.revoke(link_id=link.link_id, reason=form["reason"], actor=staff.code, now=clock.now())
        return {"link": _view(any_link(code))}

    return once(scope=_scope(staff), status=201, schema=PosterSchema(), act=act)


def _any_link(code: str) -> LinkRecord:
    """Return the link; one that was never made is answered as one of another region is."""
    try:
        return any_link(code)
    except LinkUnknown as unknown:
        raise NotFound() from unknown


def _village_of(link: LinkRecord) -> str:
    return get_project(link.target_code).village_code if link.target_kind == PROJECT else link.target_code


def _view(link: LinkRecord) -> dict[str, Any]:
    view = link_view(link)
    return {
        **view,
        "poster_number": link.poster_number,
        "place": link.poster_place,
        "pdf_url": f"/api/v1/links/{view['code']}/poster.pdf",
        "made_at": link.made_at,
        "revoked_at": link.revoked_at,
        "revoked_for": link.revoked_for,
    }


def _scope(staff: StaffMember) -> str:
    return f"staff:{staff.code}"

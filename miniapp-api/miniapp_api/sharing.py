"""Sharing: a link of one's own, what a link leads to, its pictures, and what the gifts that came by it built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Response, jsonify
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from backend.core import clock
from backend.core.clock import local_day
from backend.disbursements.queries import SpendingRecord, spending_of
from backend.donations.queries import Brought, brought_by
from backend.notices.queries import notice_telling
from backend.projects.queries import find_project, get_project, projects_of
from backend.regions.names import village_name
from backend.regions.queries import village_or_refuse
from backend.sharing import service
from backend.sharing.queries import shares_of
from backend.sharing.round_codes import round_code_of
from backend.sharing.service import PROJECT, TARGET_KINDS, LinkRecord
from backend.vault.fields import EVERYBODY, OWN, SHARE_NAME
from miniapp_api.edge import reads, writes
from miniapp_api.etag import etagged
from miniapp_api.link_codes import address_of, code_of, resolve
from miniapp_api.personal import Personal
from miniapp_api.pictures import appeal_of, pictures
from miniapp_api.sessions import require_person
from miniapp_api.wechat import current_wechat
from miniapp_api.words import hand_in_nickname
from qr import card, codes, poster
from qr.appeal import Appeal

bp = Blueprint("sharing", __name__, description="分享：自己的链接、海报与卡片、带来的善款建成了什么。")
BUILT_LINES = 3


class ShareFormSchema(Schema):
    """What to share, and the nickname for the card, if any."""

    target_kind = fields.String(required=True, validate=validate.OneOf(TARGET_KINDS))
    target = fields.String(required=True, validate=validate.Regexp(r"[0-9A-Za-z]{1,16}\Z"))
    nickname = Personal(SHARE_NAME, to=OWN, allow_none=True)


class LinkSchema(Schema):
    """A link with its pictures."""

    code = fields.String(required=True)
    url = fields.String(required=True)
    qr_url = fields.String(required=True)
    card_url = fields.String(required=True)
    poster_url = fields.String(required=True)


class ShareSchema(Schema):
    """My link."""

    link = fields.Nested(LinkSchema, required=True)


class TargetSchema(Schema):
    """What a link leads to."""

    kind = fields.String(required=True, metadata={"enum": list(TARGET_KINDS)})
    code = fields.String(required=True)
    title = fields.String(required=True)


class LinkViewSchema(Schema):
    """A link as everybody may see it."""

    kind = fields.String(required=True, metadata={"enum": ["project", "village", "poster", "share"]})
    target = fields.Nested(TargetSchema, required=True)
    sharer_name = Personal(SHARE_NAME, to=EVERYBODY, required=True, allow_none=True)
    poster_number = fields.String(required=True, allow_none=True)


class BuiltSchema(Schema):
    """Something that the project bought since."""

    title = fields.String(required=True)
    spent_on = fields.Date(required=True)
    amount_fen = fields.Integer(required=True)
    notice_code = fields.String(required=True, allow_none=True)


class ShortLinkSchema(Schema):
    """A link by code and address."""

    code = fields.String(required=True)
    url = fields.String(required=True)


class MyShareSchema(Schema):
    """What came by one of my links. Amounts that their givers hide are not in the sum; nobody is named or ranked."""

    link = fields.Nested(ShortLinkSchema, required=True)
    target = fields.Nested(TargetSchema, required=True)
    gifts_brought = fields.Integer(required=True)
    amount_brought_fen = fields.Integer(required=True)
    built = fields.List(fields.Nested(BuiltSchema), required=True)


class MyShareListSchema(Schema):
    """My links, newest first."""

    items = fields.List(fields.Nested(MyShareSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


@bp.post("/shares")
@bp.arguments(ShareFormSchema)
@bp.response(201, ShareSchema)
@bp.alt_response(200, schema=ShareSchema, description="这个链接您已经有了。")
@writes
def share(form: dict[str, Any]) -> Response:
    """Give this person a link of their own to a project or village; the same one each time (features 10)."""
    person = require_person()
    village = _village_of(form["target_kind"], form["target"])
    now, nickname = clock.now(), form.get("nickname")
    link, is_new = service.share(
        person_id=person.id,
        target_kind=form["target_kind"],
        target_code=form["target"],
        nickname=nickname,
        now=now,
    )
    hand_in_nickname(link.link_id, nickname, person_id=person.id, region_code=village, now=now)
    response = jsonify(link=link_view(link))
    response.status_code = 201 if is_new else 200
    return response


@bp.get("/links/<code>")
@bp.response(200, LinkViewSchema)
@reads
def show_link(code: str) -> dict[str, Any]:
    """Say what a link leads to. 404 for a code that is not ours, 410 for one that was stopped."""
    link = resolve(code)
    return {
        "kind": link.kind,
        "target": _target(link),
        "sharer_name": link.sharer_name,
        "poster_number": link.poster_number,
    }


@bp.get("/links/<code>/qr.png")
@etagged
@bp.response(200, {"type": "string", "format": "binary"}, content_type="image/png")
def show_code(code: str) -> Response:
    """Return the QR code of a link."""
    address = _address(code)
    drawn = pictures().get_or_draw("code.png", 1, address, lambda: codes.png(address))
    return Response(drawn, mimetype="image/png")


@bp.get("/links/<code>/card.jpg")
@etagged
@bp.response(200, {"type": "string", "format": "binary"}, content_type="image/jpeg")
def show_card(code: str) -> Response:
    """Return the card of a link, to save on a phone and pass on."""
    appeal, _link = _appeal(code, clock.now(), True)
    return _drawn(appeal, "card.jpg", card.VERSION, card.jpeg, "image/jpeg")


@bp.get("/links/<code>/poster.jpg")
@etagged
@bp.response(200, {"type": "string", "format": "binary"}, content_type="image/jpeg")
def show_poster(code: str) -> Response:
    """Return the A4 poster of a link as a picture."""
    return _poster(code, "poster.jpg", poster.jpeg, "image/jpeg")


@bp.get("/links/<code>/poster.pdf")
@etagged
@bp.response(200, {"type": "string", "format": "binary"}, content_type="application/pdf")
def print_poster(code: str) -> Response:
    """Return the A4 poster of a link, to print."""
    return _poster(code, "poster.pdf", poster.pdf, "application/pdf")


@bp.get("/me/shares")
@bp.response(200, MyShareListSchema)
@reads
def list_my_shares() -> dict[str, Any]:
    """Tell a person what their links brought and what the projects then built; nobody else is told (R64)."""
    links = shares_of(require_person().id)
    brought = brought_by(link.link_id for link in links)
    return {"items": [_share(link, brought.get(link.link_id, Brought())) for link in links], "next_cursor": None}


def link_view(link: LinkRecord) -> dict[str, str]:
    """Return a link with the addresses of its pictures."""
    code = code_of(link)
    at = f"/api/v1/links/{code}"
    return {
        "code": code,
        "url": address_of(link),
        "qr_url": f"{at}/qr.png",
        "card_url": f"{at}/card.jpg",
        "poster_url": f"{at}/poster.jpg",
    }


def target_title(kind: str, code: str) -> str:
    """Return the name of what a link leads to. Refuses what does not exist."""
    return get_project(code).title if kind == PROJECT else village_name(village_or_refuse(code).name)


def _village_of(kind: str, code: str) -> str:
    """Return the village of what a link leads to. Refuses what does not exist."""
    return get_project(code).village_code if kind == PROJECT else village_or_refuse(code).code


def _target(link: LinkRecord) -> dict[str, str]:
    code = link.target_code
    return {"kind": link.target_kind, "code": code, "title": target_title(link.target_kind, code)}


@reads
def _address(code: str) -> str:
    return address_of(resolve(code))


@reads
def _appeal(code: str, now: datetime, with_figures: bool) -> tuple[Appeal, LinkRecord]:
    link = resolve(code)
    return appeal_of(link, now=now, with_figures=with_figures), link


def _poster(code: str, kind: str, draw: Callable[[Appeal], bytes], media_type: str) -> Response:
    """Draw a poster, with the mini-program's round code where there is one; WeChat is asked once for each link."""
    now = clock.now()
    appeal, link = _appeal(code, now, False)
    appeal = replace(appeal, round_code=round_code_of(link, scene=code, wechat=current_wechat(), now=now))
    return _drawn(appeal, kind, poster.VERSION, draw, media_type)


def _drawn(appeal: Appeal, kind: str, version: int, draw: Callable[[Appeal], bytes], media_type: str) -> Response:
    """Draw with no transaction open: a poster takes long enough to be in a writer's way."""
    drawn = pictures().get_or_draw(kind, version, appeal, lambda: draw(appeal))
    return Response(drawn, mimetype=media_type)


def _share(link: LinkRecord, brought: Brought) -> dict[str, Any]:
    return {
        "link": {"code": code_of(link), "url": address_of(link)},
        "target": _target(link),
        "gifts_brought": brought.gifts,
        "amount_brought_fen": brought.amount_fen,
        "built": [] if brought.first_at is None else _built(link, since=brought.first_at),
    }


def _built(link: LinkRecord, *, since: datetime) -> list[dict[str, Any]]:
    """Return the newest things bought by the projects of a link since its first gift came."""
    project = find_project(link.target_code) if link.target_kind == PROJECT else None
    projects = [project] if project is not None else projects_of(link.target_code)
    lines = [line for one in projects for line in spending_of(one.id, before_id=None, limit=BUILT_LINES)]
    newest = sorted((line for line in lines if line.spent_on >= local_day(since)), key=lambda line: line.id)
    return [_thing(line) for line in reversed(newest[-BUILT_LINES:])]


def _thing(line: SpendingRecord) -> dict[str, Any]:
    told = None if line.position is None else notice_telling(project=line.project_code, position=line.position)
    return {
        "title": line.title,
        "spent_on": line.spent_on,
        "amount_fen": line.amount_fen - line.corrected_fen,
        "notice_code": told,
    }

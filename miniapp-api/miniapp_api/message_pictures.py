"""The picture of a message in a WeChat chat, 5:4: what a project or a village looks like when somebody passes it on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from flask import Response
from flask_smorest import Blueprint

from backend.core import clock
from backend.sharing.service import PROJECT, VILLAGE
from miniapp_api.edge import reads
from miniapp_api.etag import etagged
from miniapp_api.pictures import appeal_of_target, pictures
from qr import card
from qr.appeal import Appeal

bp = Blueprint("message_pictures", __name__, description="转发到微信聊天时的图片（5:4）。")
PICTURE = {"type": "string", "format": "binary"}


@bp.get("/projects/<code>/message.jpg")
@etagged
@bp.response(200, PICTURE, content_type="image/jpeg")
def show_project_message(code: str) -> Response:
    """Return the picture of a project in a chat: its cover, its village, what it has received."""
    return _drawn(_appeal(PROJECT, code, clock.now()))


@bp.get("/villages/<code>/message.jpg")
@etagged
@bp.response(200, PICTURE, content_type="image/jpeg")
def show_village_message(code: str) -> Response:
    """Return the picture of a village in a chat: that of its fund where it has one."""
    return _drawn(_appeal(VILLAGE, code, clock.now()))


@reads
def _appeal(kind: str, code: str, now: datetime) -> Appeal:
    """The picture names no day, so that it is drawn anew only when a figure or the cover changes."""
    return replace(appeal_of_target(kind, code, now=now), raised_note="")


def _drawn(appeal: Appeal) -> Response:
    """Draw with no transaction open, as every picture of a link is drawn."""
    drawn = pictures().get_or_draw("message.jpg", card.VERSION, appeal, lambda: card.message_jpeg(appeal))
    return Response(drawn, mimetype="image/jpeg")

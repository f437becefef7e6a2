"""Pictures over HTTP: a public one for everybody and for ever, an internal one for the desk of its region alone."""

from __future__ import annotations

from flask import Response, send_file
from flask_smorest import Blueprint

from backend.core.db import read_with_retries
from backend.core.errors import NotFound
from backend.media.service import find_picture, path_of
from miniapp_api.desk.guard import DeskSessionNeeded, require_staff
from miniapp_api.edge import settings

bp = Blueprint("media", __name__, description="图片。")
FOR_EVER = "public, max-age=31536000, immutable"


@bp.get("/media/<string(length=16):code>.jpg")
@bp.response(200, {"type": "string", "format": "binary"}, content_type="image/jpeg")
def show_picture(code: str) -> Response:
    """Send a picture. An internal one is there for staff of its region only; for all others it does not exist."""
    is_public = read_with_retries(lambda: _may_be_cached(code))
    path = path_of(code, folder=settings().data_dir / "media")
    if not path.exists():
        raise NotFound()
    response = send_file(path, mimetype="image/jpeg", conditional=True, etag=code)
    response.headers["Cache-Control"] = FOR_EVER if is_public else "private, no-store"
    response.headers["Content-Disposition"] = f'inline; filename="{code}.jpg"'
    return response


def media_url(code: str | None) -> str | None:
    """Return the address of a picture, None for none."""
    return None if code is None else f"/api/v1/media/{code}.jpg"


def _may_be_cached(code: str) -> bool:
    row = find_picture(code)
    if row is None:
        raise NotFound()
    if row.is_public:
        return True
    try:
        staff = require_staff()
    except DeskSessionNeeded as refusal:
        raise NotFound() from refusal
    if not row.region_code.startswith(staff.prefix):
        raise NotFound()
    return False

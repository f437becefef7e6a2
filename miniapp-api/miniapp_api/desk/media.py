"""Uploading a picture at the desk: re-encoded with no transaction open, then written down."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields

from backend.core import clock
from backend.media.encoding import SIZE_BYTES_MAX, encode
from backend.media.service import add_picture, keep_file
from backend.people.rights import authorise
from miniapp_api.desk.guard import desk_reads, desk_writes, require_staff
from miniapp_api.edge import settings
from miniapp_api.media import media_url

bp = Blueprint("desk_media", __name__, description="工作台：上传图片。")


class UploadSchema(Schema):
    """One picture: JPEG, PNG or WebP. Its name is ignored."""

    file = fields.Raw(required=True, metadata={"type": "string", "format": "binary"})


class PictureSchema(Schema):
    """A kept picture: internal until something public shows it."""

    code = fields.String(required=True)
    url = fields.String(required=True)


@bp.post("/desk/media")
@bp.arguments(UploadSchema, location="files")
@bp.response(201, PictureSchema)
def upload(files: dict[str, Any]) -> dict[str, Any]:
    """Take a picture in. Place, time and phone that the camera hid in it are dropped."""
    _may_upload()
    encoded = encode(files["file"].read(SIZE_BYTES_MAX + 1))
    code = keep_file(encoded, folder=settings().data_dir / "media")
    _write_down(code, encoded)
    return {"code": code, "url": media_url(code)}


@desk_reads
def _may_upload() -> None:
    staff = require_staff()
    authorise(staff, "media.upload", staff.region_code)


@desk_writes
def _write_down(code: str, encoded: Any) -> None:
    add_picture(code=code, encoded=encoded, staff=require_staff(), now=clock.now())

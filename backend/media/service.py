"""Pictures: the file under a random name in the data folder, the row beside it; internal until something shows it."""

from __future__ import annotations

import hashlib
import os
import re
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from backend.core import audit
from backend.core.db import db
from backend.core.errors import InvalidInput, StorageUnavailable
from backend.core.ids import new_code
from backend.media.encoding import EncodedPicture
from backend.media.models import Picture
from backend.people.rights import StaffMember, authorise

_CODE = re.compile(r"^[0-9A-Za-z]{16}$")


class PictureUnknown(InvalidInput):
    """No picture of the staff member's own region has this code."""

    code = "MEDIA_UNKNOWN"
    detail = "没有找到这张图片，请重新上传。"


def keep_file(encoded: EncodedPicture, *, folder: Path) -> str:
    """Write the picture's file, whole or not at all, and return its random code. No transaction may be open.

    A file whose row is never written harms nobody: nothing leads to it. Refuses `StorageUnavailable`.
    """
    code = new_code(16)
    path = path_of(code, folder=folder)
    half = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with half.open("wb") as file:
            file.write(encoded.jpeg)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    except OSError as error:
        raise StorageUnavailable() from error
    return code


def add_picture(*, code: str, encoded: EncodedPicture, staff: StaffMember, now: datetime) -> None:
    """Write down a kept file as an internal picture of the staff member's region."""
    authorise(staff, "media.upload", staff.region_code)
    row = Picture(
        code=code,
        sha256=hashlib.sha256(encoded.jpeg).hexdigest(),
        width=encoded.width,
        height=encoded.height,
        size_bytes=len(encoded.jpeg),
        is_public=False,
        region_code=staff.region_code,
        uploaded_by=staff.id,
        uploaded_at=now,
    )
    db.session.add(row)
    audit.record(action="media.upload", actor=staff.code, subject=code, now=now, sha256=row.sha256)


def make_public(code: str, *, staff: StaffMember, field: str) -> Picture:
    """Take a picture into something that everybody sees. Refuses `PictureUnknown` for another region's too."""
    row = find_picture(code)
    if row is None or not row.region_code.startswith(staff.prefix):
        raise PictureUnknown(field=field)
    row.is_public = True
    return row


def find_picture(code: str) -> Picture | None:
    """Return the picture with this code, or None."""
    return db.session.scalars(select(Picture).where(Picture.code == code)).first()


def path_of(code: str, *, folder: Path) -> Path:
    """Return where the file of a picture lies: in a folder named by the first two characters of its code."""
    if not _CODE.match(code):
        raise PictureUnknown()
    return folder / code[:2] / f"{code}.jpg"

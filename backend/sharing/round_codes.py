"""The round code of a link: asked of WeChat when its poster is first drawn, kept for ever, and never needed.

A poster is drawn without it when WeChat is not set up, down or unwilling; then it bears the QR code. The call stands
between two short transactions, with none open (law 13).
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from PIL import Image
from sqlalchemy import ColumnElement, and_, select, update

from backend.core.db import db, insert_once, read_with_retries, write_with_retries
from backend.core.errors import Refusal
from backend.sharing.models import RoundCode
from backend.sharing.service import SHARE, LinkRecord
from backend.wechat.server import WechatServer

log = structlog.get_logger()
PAGE = "pages/scan/index"
"""The page of the mini-program that reads a scene."""
LEASE, PAUSE, PAUSE_MAX = timedelta(seconds=30), timedelta(minutes=1), timedelta(hours=1)
SIDE_MIN, SIDE_MAX = 280, 2000
FORMATS = ("PNG", "JPEG")


@dataclass(frozen=True, kw_only=True)
class _Which:
    """Which code: of one link, for one version of one app."""

    link_id: str
    app_id: str
    version: str

    @property
    def row(self) -> ColumnElement[bool]:
        mine = and_(RoundCode.link_id == self.link_id, RoundCode.app_id == self.app_id)
        return and_(mine, RoundCode.version == self.version)


def round_code_of(link: LinkRecord, *, scene: str, wechat: WechatServer, now: datetime) -> bytes | None:
    """Return the round code of a link as a picture, or None when its poster must do with the QR code.

    `scene` is the link's own code of 23 characters. A link that a person shares is passed on in chats and browsers,
    so it keeps the QR code. Refuses nothing, and no transaction may be open.
    """
    app = wechat.settings.mini
    if app is None or link.kind == SHARE:
        return None
    which = _Which(link_id=link.link_id, app_id=app.app_id, version=wechat.settings.mini_version)
    try:
        kept = read_with_retries(lambda: db.session.scalar(select(RoundCode.picture).where(which.row)))
        if kept is None and write_with_retries(lambda: _claim(which, now=now)):
            kept = _fetch(which, scene=scene, wechat=wechat, now=now)
    except Refusal as refusal:  # A disk that is full or a database that is busy: the poster is drawn all the same.
        log.warning("round_code_not_kept", reason=refusal.code)
        return None
    return kept


def _claim(which: _Which, *, now: datetime) -> bool:
    """Take the turn to ask; of several who draw the same poster one asks, and after a failure nobody for a while."""
    told = {"link_id": which.link_id, "app_id": which.app_id, "version": which.version}
    new = insert_once(RoundCode).values(**told, next_try_at=now, failures=0)
    db.session.execute(new.on_conflict_do_nothing())
    free = (which.row, RoundCode.picture.is_(None), RoundCode.next_try_at <= now)
    taking = update(RoundCode).where(*free).values(next_try_at=now + LEASE).returning(RoundCode.link_id)
    return db.session.execute(taking.execution_options(synchronize_session=False)).first() is not None


def _fetch(which: _Which, *, scene: str, wechat: WechatServer, now: datetime) -> bytes | None:
    try:
        found: bytes | None = wechat.round_code(scene=scene, page=PAGE, now=now).data
    except Refusal as refusal:
        log.warning("round_code_refused", reason=refusal.code)
        found = None
    if found is None or not is_code(found):
        write_with_retries(lambda: _note_failure(which, now=now))
        return None
    values = {"picture": found, "fetched_at": now}
    keeping = update(RoundCode).where(which.row).values(values).execution_options(synchronize_session=False)
    write_with_retries(lambda: db.session.execute(keeping))
    return found


def is_code(data: bytes) -> bool:
    """Say whether these bytes are a picture that can be a code: square, PNG or JPEG, and fine enough to print."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            width, height = opened.size
            if width != height or not SIDE_MIN <= width <= SIDE_MAX:
                return False
            opened.load()
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        return False
    return True


def _note_failure(which: _Which, *, now: datetime) -> None:
    failures = db.session.scalar(select(RoundCode.failures).where(which.row)) or 0
    values = {"failures": failures + 1, "next_try_at": now + min(PAUSE * 2 ** min(failures, 6), PAUSE_MAX)}
    noting = update(RoundCode).where(which.row).values(values)
    db.session.execute(noting.execution_options(synchronize_session=False))

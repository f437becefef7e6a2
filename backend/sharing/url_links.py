"""The address by which a browser opens a page of the mini-program: asked once for a target, kept while it lives.

An https address (URL Link) opens anywhere; where WeChat makes none, a `weixin://` one (URL Scheme) opens on phones that
have WeChat, and is offered until the better one can be had.

WeChat lets an address live for thirty days and makes half a million a day, so one is asked for only when somebody
wants it and there is none with two days left. The call stands between two short transactions (law 13).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, and_, select, update

from backend.core.db import db, insert_once, read_with_retries, write_with_retries
from backend.core.errors import Refusal
from backend.sharing.models import UrlLink
from backend.wechat.refusals import WechatRefused
from backend.wechat.server import LINK_DAYS_MAX, SCHEME, WechatServer

log = structlog.get_logger()
RENEW_BEFORE = timedelta(days=2)
LEASE, AFTER_NO = timedelta(seconds=30), timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class _Which:
    """Which address: of one target, for one version of one app."""

    target_kind: str
    target_code: str
    app_id: str
    version: str

    @property
    def row(self) -> ColumnElement[bool]:
        target = and_(UrlLink.target_kind == self.target_kind, UrlLink.target_code == self.target_code)
        return and_(target, UrlLink.app_id == self.app_id, UrlLink.version == self.version)


def url_link_of(*, target_kind: str, target_code: str, wechat: WechatServer, now: datetime) -> str | None:
    """Return the address that opens a project or village in the mini-program, or None when there is none now.

    The caller has checked the target. A spent quota and a silent WeChat are quiet: the page is there without it.
    """
    app = wechat.settings.mini
    if app is None:
        return None
    told = {"target_kind": target_kind, "target_code": target_code, "app_id": app.app_id}
    which = _Which(**told, version=wechat.settings.mini_version)
    kept, ends_at = read_with_retries(lambda: _kept(which))
    living = kept if kept is not None and ends_at is not None and now < ends_at else None
    is_fresh = living is not None and ends_at is not None and now < ends_at - RENEW_BEFORE
    if is_fresh and living is not None and not living.startswith(SCHEME):
        return living
    if not write_with_retries(lambda: _claim(which, now=now)):
        return living
    return _ask(which, wechat=wechat, may_be_scheme=not is_fresh, now=now) or living


def _kept(which: _Which) -> tuple[str | None, datetime | None]:
    found = db.session.execute(select(UrlLink.address, UrlLink.ends_at).where(which.row)).first()
    return (None, None) if found is None else (found.address, found.ends_at)


def _claim(which: _Which, *, now: datetime) -> bool:
    """Take the turn to ask; after a no nobody asks for a while."""
    new = insert_once(UrlLink).values(**vars(which), next_try_at=now)
    db.session.execute(new.on_conflict_do_nothing())
    taking = update(UrlLink).where(which.row, UrlLink.next_try_at <= now).values(next_try_at=now + LEASE)
    taken = db.session.execute(taking.returning(UrlLink.app_id).execution_options(synchronize_session=False))
    return taken.first() is not None


def _ask(which: _Which, *, wechat: WechatServer, may_be_scheme: bool, now: datetime) -> str | None:
    address = _made(which, wechat=wechat, may_be_scheme=may_be_scheme, now=now)
    values: dict[str, object] = {"next_try_at": now + AFTER_NO}
    if address is not None:
        values |= {"address": address, "ends_at": now + timedelta(days=LINK_DAYS_MAX)}
    noting = update(UrlLink).where(which.row).values(values).execution_options(synchronize_session=False)
    write_with_retries(lambda: db.session.execute(noting))
    return address


def _made(which: _Which, *, wechat: WechatServer, may_be_scheme: bool, now: datetime) -> str | None:
    """Have an address made: the best that WeChat gives. Who does not answer at all is not asked for the other one."""
    page, query = f"pages/{which.target_kind}/index", {"code": which.target_code}
    ways = (wechat.url_link, wechat.url_scheme) if may_be_scheme else (wechat.url_link,)
    for way in ways:
        try:
            return way(page=page, query=query, days=LINK_DAYS_MAX, now=now)
        except Refusal as refusal:
            log.warning("url_link_refused", reason=refusal.code)
            if not isinstance(refusal, WechatRefused):
                break
    return None

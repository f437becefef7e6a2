"""Tokens in the database: of many processes one refreshes, and a token that WeChat disowned is replaced once.

Each process that kept a token of its own would end the others' (D8). So the row is the token; who finds it old takes
a lease in a short transaction, asks WeChat with none open, and writes the new one down in a second (law 13).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

from sqlalchemy import ColumnElement, and_, select, update

from backend.core.clock import local_day
from backend.core.db import db, insert_once, read_with_retries, write_with_retries
from backend.core.ids import new_code
from backend.wechat.models import WechatToken
from backend.wechat.refusals import WechatUnavailable

ACCESS_TOKEN, JSAPI_TICKET = "access_token", "jsapi_ticket"
EARLY = timedelta(minutes=4)
"""WeChat makes the next token five minutes before the end and honours both meanwhile; earlier it repeats the old."""
AGAIN_AFTER = timedelta(seconds=60)
LEASE = timedelta(seconds=20)
REST = timedelta(seconds=5)
REPLACED_APART, FORCED_APART, FORCED_A_DAY = timedelta(seconds=30), timedelta(seconds=30), 20
WAIT_SECONDS, PAUSE_SECONDS = 8.0, 0.05


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What WeChat lent, and for how many seconds."""

    token: str
    seconds: int


class Fetch(Protocol):
    """Asks WeChat for a token; with `force` it ends the old one. Raises `WechatUnavailable` or what WeChat said."""

    def __call__(self, *, force: bool) -> Fetched:
        """Ask."""
        ...


@dataclass(frozen=True, kw_only=True)
class _Key:
    app_id: str
    kind: str

    @property
    def matches(self) -> ColumnElement[bool]:
        return and_(WechatToken.app_id == self.app_id, WechatToken.kind == self.kind)


class _Must(Enum):
    TAKE = "fetch it yourself"
    WAIT = "another process fetches it"


def token_of(*, app_id: str, kind: str, fetch: Fetch, now: datetime, spoiled: str | None = None) -> str:
    """Return the token of an app, from the database, or fetched when that one is old or is the `spoiled` one.

    Who comes while another process fetches goes on with the old token if it still lives, else waits some seconds.
    Refuses `WechatUnavailable` when none can be had now, and whatever `fetch` raises. No transaction may be open.
    """
    key, deadline = _Key(app_id=app_id, kind=kind), time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        seen = read_with_retries(lambda: _decide(_row(key), now=now, spoiled=spoiled))
        if isinstance(seen, str):
            return seen
        lease = write_with_retries(lambda: _take(key, now=now, spoiled=spoiled)) if seen is _Must.TAKE else None
        if lease is not None:
            return _refresh(key, lease, fetch=fetch, now=now, spoiled=spoiled)
        time.sleep(PAUSE_SECONDS)
    raise WechatUnavailable()


def _row(key: _Key, *, locked: bool = False) -> WechatToken | None:
    mine = select(WechatToken).where(key.matches).execution_options(populate_existing=True)
    return db.session.scalars(mine.with_for_update() if locked else mine).first()


def _decide(row: WechatToken | None, *, now: datetime, spoiled: str | None) -> str | _Must:
    """Return the token to use, or what must be done for one. Refuses `WechatUnavailable` while everybody rests."""
    if row is None:
        return _Must.TAKE
    living = row.token if row.token != spoiled and row.expires_at is not None and now < row.expires_at else None
    if living is not None and not _is_old(row, now=now):
        return living
    is_leased = row.lease_until is not None and now < row.lease_until
    is_resting = row.rests_until is not None and now < row.rests_until
    if is_leased or is_resting:
        if living is None and is_resting:
            raise WechatUnavailable()
        return living or _Must.WAIT
    if spoiled is not None and row.replaced_at is not None and now < row.replaced_at + REPLACED_APART:
        raise WechatUnavailable()  # It was replaced just now, and the new one is no better: no storm (bad input 45).
    return _Must.TAKE


def _is_old(row: WechatToken, *, now: datetime) -> bool:
    """Say whether the next token can be had already, and was not asked for in the last minute."""
    asked_at, ends_at = row.fetched_at, row.expires_at
    return ends_at is not None and asked_at is not None and now >= ends_at - EARLY and now >= asked_at + AGAIN_AFTER


def _take(key: _Key, *, now: datetime, spoiled: str | None) -> str | None:
    """Take the lease, or return None when another process was quicker."""
    new = insert_once(WechatToken).values(app_id=key.app_id, kind=key.kind, forced_count=0)
    db.session.execute(new.on_conflict_do_nothing())
    row = _row(key, locked=True)
    if row is None or _decide(row, now=now, spoiled=spoiled) is not _Must.TAKE:
        return None
    row.lease, row.lease_until = new_code(16), now + LEASE
    return row.lease


def _refresh(key: _Key, lease: str, *, fetch: Fetch, now: datetime, spoiled: str | None) -> str:
    """Fetch a token with no transaction open and keep it; a failure is kept too, as a rest for all processes."""
    try:
        got = fetch(force=False)
        if got.token == spoiled:  # WeChat repeats what it disowned: only force ends it.
            if not write_with_retries(lambda: _may_force(key, now=now)):
                raise WechatUnavailable()
            got = fetch(force=True)
    except BaseException:
        write_with_retries(lambda: _note(key, lease, rests_until=now + REST))
        raise
    values: dict[str, object] = {"token": got.token, "expires_at": now + timedelta(seconds=got.seconds)}
    values |= {"fetched_at": now, "rests_until": None} | ({} if spoiled is None else {"replaced_at": now})
    write_with_retries(lambda: _note(key, lease, **values))
    return got.token


def _may_force(key: _Key, *, now: datetime) -> bool:
    """Count one forced refresh, if WeChat would allow it: twenty a day, thirty seconds apart."""
    row = _row(key, locked=True)
    if row is None:
        return False
    today = local_day(now)
    count = row.forced_count if row.forced_on == today else 0
    if count >= FORCED_A_DAY or (row.forced_at is not None and now < row.forced_at + FORCED_APART):
        return False
    row.forced_at, row.forced_on, row.forced_count = now, today, count + 1
    return True


def _note(key: _Key, lease: str, **values: object) -> None:
    """Write down what came of a lease and give it back; who lost it in the meantime changes nothing."""
    mine = and_(key.matches, WechatToken.lease == lease)
    noting = update(WechatToken).where(mine).values(lease=None, lease_until=None, **values)
    db.session.execute(noting.execution_options(synchronize_session=False))

"""Who works at the desk: the staff session of a request, its transaction, and refusals that are remembered."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec, TypeVar

from flask import g, request

from backend.core import audit, clock
from backend.core.db import read_with_retries, write_with_retries
from backend.core.errors import DatabaseBusy, Refusal, StorageUnavailable
from backend.people.factors import FactorRequired, needs_factor
from backend.people.rights import RefusedTry, StaffMember
from backend.people.staff import SEEN_EVERY, AtWork, find_staff_session, see_staff
from miniapp_api.edge import settings
from miniapp_api.sessions import cookie_name

P = ParamSpec("P")
R = TypeVar("R")


class DeskSessionNeeded(Refusal):
    """The desk is for staff: log in first (`POST /desk/session`)."""

    status = 401
    code = "SESSION_NEEDED"
    detail = "请先登录工作台。"


def desk_reads(handler: Callable[P, R]) -> Callable[P, R]:
    """Like `@reads`, for staff: a refused try is written to the audit log, and the session stays awake."""

    @functools.wraps(handler)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        return _at_desk(lambda: read_with_retries(lambda: handler(*args, **kwargs)))

    return inside


def desk_writes(handler: Callable[P, R]) -> Callable[P, R]:
    """Like `@writes`, for staff: a refused try is written to the audit log, and the session stays awake."""

    @functools.wraps(handler)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        return _at_desk(lambda: write_with_retries(lambda: handler(*args, **kwargs)))

    return inside


def require_staff() -> StaffMember:
    """Return who sent this request, for business. Asks inside the handler's transaction.

    Refuses `DeskSessionNeeded`, and `FactorRequired` where the account must have a second factor and has none.
    """
    found = at_work()
    if lacks_factor(found):
        raise FactorRequired()
    return found.staff


def at_work() -> AtWork:
    """Return who sent this request, also before the second factor is set up: for his own account alone."""
    token = desk_token()
    found = find_staff_session(token, now=clock.now()) if token else None
    if found is None or (found.staff.is_demo and settings().is_production):
        raise DeskSessionNeeded()
    g.staff_seen_at = found.seen_at
    return found


def lacks_factor(found: AtWork) -> bool:
    """Say whether a second factor is required of this account here, and missing."""
    return settings().security.second_factor_required and needs_factor(found.staff) and not found.has_factor


def desk_token() -> str | None:
    """Return the token of the desk's own cookie, or of the mini-program's `X-Desk-Token` header."""
    return request.headers.get("X-Desk-Token") or request.cookies.get(cookie_name("desk"))


def _at_desk(act: Callable[[], R]) -> R:
    g.pop("staff_seen_at", None)
    try:
        answer = act()
    except RefusedTry as refusal:
        _remember(refusal)
        raise
    _stay_awake()
    return answer


def _remember(refusal: RefusedTry) -> None:
    """Write a refused act down in a transaction of its own: its own was rolled back (law 13)."""
    attempt = refusal.attempt
    facts = {"action": "desk.refused", "actor": attempt.staff_code, "subject": attempt.subject}
    write_with_retries(lambda: audit.record(**facts, now=clock.now(), tried=attempt.action, code=refusal.code))


def _stay_awake() -> None:
    """Note once a minute that the session is in use; that it could not be noted is no reason to refuse the act."""
    token, now = desk_token(), clock.now()
    if token is None or "staff_seen_at" not in g or g.staff_seen_at > now - SEEN_EVERY:
        return
    with suppress(DatabaseBusy, StorageUnavailable):
        write_with_retries(lambda: see_staff(token, now=now))

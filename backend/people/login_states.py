"""A login that goes through WeChat's own page: what must come back, to the same browser, once, within ten minutes."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from backend.core.db import db
from backend.core.errors import InvalidInput, Refusal
from backend.core.ids import new_token, token_hash
from backend.people.models import LoginState

STATE_LIVES = timedelta(minutes=10)
NEXT_CHARS_MAX = 255
# A page of ours: one slash, then nothing that a browser could read as another host, a control character or a break.
_OUR_PAGE = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*", re.ASCII)


class NextRefused(InvalidInput):
    """After the login nobody is sent anywhere but to a page of ours."""

    code = "NEXT_REFUSED"
    detail = "登录后只能回到本平台的页面。"


class StateUnknown(Refusal):
    """The answer belongs to no login that this browser began, or to one that is over: forged, repeated or too late."""

    status = 403
    code = "LOGIN_STATE_UNKNOWN"
    detail = "这次登录已过期，请返回后再试一次。"


def our_page(text: str) -> str:
    """Return an address that is a page of ours. Refuses `NextRefused`: no other host, no page that logs in or acts."""
    is_ours = len(text) <= NEXT_CHARS_MAX and _OUR_PAGE.fullmatch(text) is not None
    if not is_ours or text.startswith(("/login/", "/api/", "/sandbox/")):
        raise NextRefused(field="next")
    return text


def begin_state(*, browser: str, next_page: str, adds: bool, now: datetime) -> str:
    """Begin a login in the browser that holds the secret `browser`; return the state that must come back.

    Refuses `NextRefused`. With `adds` the account is to be joined to the person who is logged in.
    """
    state = new_token()
    ends_at = now + STATE_LIVES
    told = {"next_page": our_page(next_page), "adds": adds, "ends_at": ends_at}
    db.session.add(LoginState(state_hash=token_hash(state), browser_hash=token_hash(browser), **told))
    return state


def end_state(*, state: str, browser: str, now: datetime) -> tuple[str, bool]:
    """Use a state up; return the page to go on to, and whether the login adds. Refuses `StateUnknown` and a repeat."""
    mine = (LoginState.state_hash == token_hash(state)) & (LoginState.browser_hash == token_hash(browser))
    using = delete(LoginState).where(mine, LoginState.ends_at > now).returning(LoginState.next_page, LoginState.adds)
    row = db.session.execute(using.execution_options(synchronize_session=False)).first()
    if row is None:
        raise StateUnknown()
    return row.next_page, row.adds


def forget_old_states(*, now: datetime) -> int:
    """Delete logins that never came back, at most a thousand; return how many. For the scheduler."""
    over = list(db.session.scalars(select(LoginState.state_hash).where(LoginState.ends_at <= now).limit(1000)))
    db.session.execute(delete(LoginState).where(LoginState.state_hash.in_(over)))
    return len(over)

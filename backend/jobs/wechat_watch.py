"""Every five minutes WeChat is asked whether it hears us and what time it is; a person is told when it does not.

A clock that is wrong makes every signature stale, theirs and ours: no notice and no answer is believed, and nobody
would know but the log (bug 21). The check asks as `doctor` does, at the start of the scheduler and ever after.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import delete, exists, select

from backend.core.config import Settings
from backend.core.db import db, insert_once, read_with_retries, write_with_retries
from backend.core.wire import Wire
from backend.jobs.models import StandingTrouble
from backend.jobs.steps import Step
from backend.payments.alerts import AlertKind, end_alert, raise_alert
from backend.payments.wechat.caller import Caller
from backend.payments.wechat.pay import wechat_pay
from backend.payments.wechat.self_check import clock_ahead, what_is_wrong

EVERY_SECONDS = 300
SKEW_TOLD = timedelta(minutes=2)
"""From here a person is told: at five minutes nothing is believed any more, and clocks go on drifting meanwhile."""
CHECKS_NEEDED: dict[AlertKind, int] = {"CLOCK_SKEW": 1, "WECHAT_UNREACHABLE": 2}
"""How many checks in a row must find it: one call that is lost calls nobody."""
OVER = "系统再次检查，已经恢复正常。"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a check says of one thing: right, or wrong with some facts."""

    kind: AlertKind
    is_wrong: bool
    facts: Mapping[str, object] = field(default_factory=dict)


def watch_steps(settings: Settings, *, wire: Wire | None = None) -> tuple[Step, ...]:
    """Return the step that asks; none where no money comes by WeChat Pay."""
    if settings.wechat.pay is None:
        return ()
    act = partial(_look, wechat_pay(settings, wire=wire).caller)
    return (Step(name="watch_wechat", act=act, every_seconds=EVERY_SECONDS, calls_out=True),)


def _look(caller: Caller, now: datetime) -> int:
    """Ask with no transaction open, then write down what has changed; return zero: nothing more waits."""
    ahead = clock_ahead(caller.wire, caller.pay.base_url, now=now)
    found = verdicts(ahead, what_is_wrong(caller, now=now))
    if any(one.is_wrong for one in found) or read_with_retries(_anything_stands):
        write_with_retries(lambda: _note(found, now=now))
    return 0


def verdicts(ahead: timedelta | None, wrong: str | None) -> tuple[Verdict, ...]:
    """Say what is to be thought of the clock and of the way to WeChat; nothing of what could not be seen.

    `ahead` is by how much our clock is ahead of WeChat's, `wrong` what ails its answers. A wrong clock explains that
    answers are not believed: then nothing is said of the way.
    """
    if wrong == "stale" or (ahead is not None and abs(ahead) >= SKEW_TOLD):
        facts = {} if ahead is None else {"seconds": round(ahead.total_seconds())}
        clock = Verdict(kind="CLOCK_SKEW", is_wrong=True, facts=facts)
        return (clock, Verdict(kind="WECHAT_UNREACHABLE", is_wrong=False)) if wrong is None else (clock,)
    way = Verdict(kind="WECHAT_UNREACHABLE", is_wrong=wrong is not None, facts={} if wrong is None else {"why": wrong})
    # An answer that was believed was signed within five minutes, also where it bears no date.
    return (way,) if ahead is None and wrong is not None else (Verdict(kind="CLOCK_SKEW", is_wrong=False), way)


def _anything_stands() -> bool:
    return bool(db.session.scalar(select(exists().select_from(StandingTrouble))))


def _note(found: tuple[Verdict, ...], *, now: datetime) -> None:
    for one in found:
        if one.is_wrong:
            _goes_on(one, now=now)
        else:
            _is_over(one, now=now)


def _goes_on(one: Verdict, *, now: datetime) -> None:
    """Count the check, and call a person at the one that is enough: once for as long as it lasts."""
    counted = insert_once(StandingTrouble).values(kind=one.kind, since=now, times=1)
    counted = counted.on_conflict_do_update(index_elements=["kind"], set_={"times": StandingTrouble.times + 1})
    row = db.session.execute(counted.returning(StandingTrouble.since, StandingTrouble.times)).one()
    if row.times == CHECKS_NEEDED[one.kind]:
        raise_alert(kind=one.kind, subject=_subject(row.since), now=now, **one.facts)


def _is_over(one: Verdict, *, now: datetime) -> None:
    ended = delete(StandingTrouble).where(StandingTrouble.kind == one.kind).returning(StandingTrouble.since)
    since = db.session.execute(ended.execution_options(synchronize_session=False)).scalar()
    if since is not None:
        end_alert(kind=one.kind, subject=_subject(since), staff_id=None, reason=OVER, now=now)


def _subject(since: datetime) -> str:
    """Name one time of trouble, so that the next one is told anew."""
    return f"wechat:{since.isoformat()}"

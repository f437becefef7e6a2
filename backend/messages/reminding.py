"""What stands new in an inbox is also sent by WeChat, where the mini-program's owner chose a message for its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import exists, select

from backend.core.config import Settings
from backend.core.db import db
from backend.jobs.steps import Step
from backend.messages.models import InboxMessage
from backend.outbox.models import OutboxItem
from backend.wechat import subscribe
from backend.wechat.subscribe import FindOpenid

AS_OLD_AS = timedelta(minutes=10)
LATE_NUMBERS = 1000
"""PostgreSQL commits numbers out of order: so far behind the newest one that was seen, one may still appear."""
CHUNK = 50


@dataclass
class Reminders:
    """Finds the messages of the last minutes that nobody was reminded of; keeps in mind how far it has read."""

    kinds: frozenset[str]
    find_openid: FindOpenid
    read_to: int = 0
    passed: set[int] = field(default_factory=set)

    def has_new(self, now: datetime) -> bool:
        """Say whether a message waits. Called in a reading transaction."""
        return bool(self._new(now))

    def remind(self, now: datetime) -> int:
        """Owe a reminder for each message whose person WeChat knows; return how many."""
        owed = 0
        for row in self._new(now):
            self.read_to = max(self.read_to, row.id)
            if self.find_openid(row.person_id) is None:
                self.passed.add(row.id)
                continue
            owed += _owe(row, now=now)
        self.passed = {number for number in self.passed if number > self.read_to - LATE_NUMBERS}
        return owed

    def _new(self, now: datetime) -> list[InboxMessage]:
        owed = exists().where(OutboxItem.kind == subscribe.KIND, OutboxItem.key == InboxMessage.code)
        new = (InboxMessage.id > self.read_to - LATE_NUMBERS, InboxMessage.told_at >= now - AS_OLD_AS)
        mine = (InboxMessage.kind.in_(sorted(self.kinds)), InboxMessage.id.not_in(sorted(self.passed)))
        statement = select(InboxMessage).where(*new, *mine, ~owed).order_by(InboxMessage.id).limit(CHUNK)
        return list(db.session.scalars(statement))


def _owe(row: InboxMessage, *, now: datetime) -> bool:
    return subscribe.queue(
        person_id=row.person_id,
        template=template_of(row.kind),
        facts={"title": row.title, "text": row.text, "time": subscribe.moment(row.told_at)},
        link=row.link,
        key=row.code,
        now=now,
    )


def template_of(kind: str) -> str:
    """Return our name of the template for a kind of message: `gift.received` is `gift_received`."""
    return kind.replace(".", "_")


def reminder_steps(settings: Settings, *, find_openid: FindOpenid) -> tuple[Step, ...]:
    """Return the step, where a mini-program is set up and its owner chose a message for some kind."""
    kinds = _kinds(settings.wechat.templates) if settings.wechat.mini is not None else frozenset()
    if not kinds:
        return ()
    reminders = Reminders(kinds=kinds, find_openid=find_openid)
    return (Step(name="remind", act=reminders.remind, has_work=reminders.has_new),)


def _kinds(templates: Mapping[str, object]) -> frozenset[str]:
    """Return the kinds of inbox messages that templates are named after: the first _ of a name is the dot."""
    return frozenset(name.replace("_", ".", 1) for name in templates)

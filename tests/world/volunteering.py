"""A short vocabulary for volunteering in tests: people act on one clock, questions read what was recorded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TypeVar

from flask import Flask
from sqlalchemy import select

from backend.core.db import db, insert_once, read_with_retries, write_with_retries
from backend.people.models import Person
from backend.people.service import open_device_session
from backend.regions.models import Region
from backend.volunteers import checking, codes, queries, service
from backend.volunteers.checks import check_volunteers
from backend.volunteers.hours import Service
from backend.volunteers.minors import Minor
from backend.volunteers.refusals import CodeExpired

T = TypeVar("T")
VILLAGE, NEIGHBOUR = "320904104209", "320904104210"
NINE = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)
"""Nine o'clock in the village, when the work of these tests begins."""
SECRET = "a secret of the tests' own village"
REGIONS = {VILLAGE: "众心村委会", NEIGHBOUR: "龙窑村委会", "320904104": "西团镇"}


@dataclass
class Volunteering:
    """A village whose clock stands at nine; each act has its own application context and transaction."""

    app: Flask
    clock: datetime = field(default=NINE)
    nonces: count[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        rows = [{"code": code, "name": name, "parent_code": code[:9]} for code, name in REGIONS.items()]
        self.writes(lambda: db.session.execute(insert_once(Region).values(rows).on_conflict_do_nothing()))

    def writes(self, act: Callable[[], T]) -> T:
        """Act in a writing transaction."""
        with self.app.app_context():
            return write_with_retries(act)

    def asks(self, question: Callable[[], T]) -> T:
        """Ask in a reading transaction."""
        with self.app.app_context():
            return read_with_retries(question)

    def at(self, hour: int, minute: int = 0, second: int = 0, *, day: int = 0) -> None:
        """Set the village's clock; `day` 0 is the day of the work."""
        nine_to = timedelta(days=day, hours=hour - 9, minutes=minute, seconds=second)
        self.clock = NINE + nine_to

    def somebody(self) -> int:
        """Somebody with a phone."""
        return self.writes(lambda: open_device_session(now=self.clock)[1].id)

    def opens_activity(self, *, hours: int = 2, seats: int = 5, starts_in: int = 0, village: str = VILLAGE) -> str:
        """The desk opens an activity that starts at nine, or `starts_in` minutes after."""
        starts_at = NINE + timedelta(minutes=starts_in)
        form = service.ActivityForm(
            village_code=village,
            title="清理水渠",
            place="村东水渠",
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=hours),
            seats=seats,
            target="独居老人",
            content="清理淤泥，修整渠岸。",
            leader_name="王建国",
        )
        opened_at = NINE - timedelta(days=3)
        return self.writes(lambda: service.open_activity(form, by="desk", now=opened_at).code)

    def signs_up(self, who: int, activity: str, *, minor: Minor | None = None) -> None:
        """Somebody takes a seat; of who is under eighteen a guardian is told."""
        told = {"activity": activity, "person_id": who, "name": "张小燕"}
        self.writes(lambda: service.sign_up(**told, minor=minor, now=self.clock))

    def gives_seat_back(self, who: int, activity: str) -> None:
        """Somebody gives the seat back."""
        self.writes(lambda: service.cancel_sign_up(activity=activity, person_id=who, now=self.clock))

    def code_shown(self, activity: str) -> str:
        """What the screen shows now."""
        key = codes.activity_key(secret=SECRET, activity=activity)
        return codes.code_of(key=key, window=codes.window_of(self.clock))

    def comes(self, who: int, activity: str, *, code: str | None = None, nonce: str | None = None) -> Service:
        """Somebody checks in, with the code shown now unless another is given."""
        return self._checks(checking.check_in, who, activity, code, nonce)

    def leaves(self, who: int, activity: str, *, code: str | None = None, nonce: str | None = None) -> Service:
        """Somebody checks out."""
        return self._checks(checking.check_out, who, activity, code, nonce)

    def serves(self, who: int, activity: str, *, until: tuple[int, int]) -> None:
        """Somebody signs up, checks in now and out at `until`."""
        self.signs_up(who, activity)
        self.comes(who, activity)
        self.at(*until)
        self.leaves(who, activity)

    def is_confirmed(self, who: int, activity: str, *, minutes: int, nonce: str | None = None) -> Service:
        """The leader says how long somebody served who forgot to check out."""
        nonce = nonce or f"nonce-{next(self.nonces)}"

        def act() -> Service:
            code = db.session.scalars(select(Person.code).where(Person.id == who)).one()
            about = {"activity": activity, "person_code": code, "reason": "忘记签退", "by": "desk", "nonce": nonce}
            return checking.confirm_minutes(**about, minutes=minutes, now=self.clock)

        return self.writes(act)

    def hours_of(self, who: int) -> queries.MyHours:
        """What the page "my hours" shows."""
        return self.asks(lambda: queries.my_hours(person_id=who, now=self.clock))

    def sees(self, activity: str, *, who: int | None = None) -> queries.ActivityView:
        """What the page of an activity shows."""
        return self.asks(lambda: queries.activity_view(activity, now=self.clock, person_id=who))

    def roll_of(self, activity: str) -> list[queries.RollLine]:
        """What the desk's roll shows."""
        return self.asks(lambda: queries.roll(activity, now=self.clock))

    def findings(self) -> list[str]:
        """What `verify` finds out of joint."""
        return self.asks(check_volunteers)

    def at_once(self, acts: Sequence[Callable[[], object]]) -> list[BaseException]:
        """Run the acts in threads; return what was refused."""
        refused: list[BaseException] = []

        def run(act: Callable[[], object]) -> None:
            try:
                act()
            except BaseException as error:
                refused.append(error)

        threads = [threading.Thread(target=run, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return refused

    def _checks(
        self, verb: Callable[..., Service], who: int, activity: str, code: str | None, nonce: str | None
    ) -> Service:
        told = {"activity": activity, "person_id": who, "code": code or self.code_shown(activity), "secret": SECRET}
        told["nonce"] = nonce or f"nonce-{next(self.nonces)}"
        try:
            return self.writes(lambda: verb(**told, now=self.clock))
        except CodeExpired as refusal:
            attempt = refusal.attempt
            self.writes(lambda: checking.remember_wrong_code(attempt, now=self.clock))
            raise

"""A short vocabulary for money and notices in tests: a village gives, is paid, spends, corrects; the notice tells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from flask import Flask
from sqlalchemy import select

from backend.core.clock import SHANGHAI, local_day
from backend.core.db import db, insert_once, read_with_retries, write_with_retries
from backend.disbursements import service as payouts
from backend.disbursements import spending
from backend.jobs import publishing
from backend.ledger.accounts import NATIONAL, WORLD, account
from backend.ledger.posting import post
from backend.media.encoding import EncodedPicture
from backend.media.service import add_picture
from backend.notices import checks
from backend.notices.models import Notice
from backend.notices.queries import NoticeRecord, get_notice
from backend.orgs.service import create_organisation
from backend.people.rights import StaffMember
from backend.people.staff import create_staff
from backend.projects import service as projects
from backend.projects.form import Decision, PlanItem, ProjectForm
from backend.projects.rules import FUND
from backend.regions.models import Region

T = TypeVar("T")
VILLAGE = "320904104209"


def local(text: str) -> datetime:
    """Return an instant told in the village's own time: `2026-05-31 23:59`."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@dataclass
class Bookkeeping:
    """A village's money on a clock that the test sets; each act has its own application context and transaction."""

    app: Flask
    clock: datetime = field(default_factory=lambda: local("2026-01-10 09:00"))
    village: str = VILLAGE
    numbers: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.writes(self._settles)

    def writes(self, act: Callable[[], T]) -> T:
        """Act in a writing transaction."""
        with self.app.app_context():
            return write_with_retries(act)

    def asks(self, question: Callable[[], T]) -> T:
        """Ask in a reading transaction."""
        with self.app.app_context():
            return read_with_retries(question)

    def at(self, text: str) -> None:
        """Set the clock to the village's own time."""
        self.clock = local(text)

    def later(self, **delta: int) -> None:
        """Let time pass."""
        self.clock += timedelta(**delta)

    def _settles(self) -> None:
        row = {"code": self.village, "name": "众心村委会", "parent_code": self.village[:9]}
        db.session.execute(insert_once(Region).values(row).on_conflict_do_nothing())
        self.cadre = self._staff("cadre", "village", self.village)
        self.desk, self.second = (self._staff(login, "national", NATIONAL) for login in ("desk", "second"))
        self.organisation = create_organisation(
            name="某省慈善总会",
            uscc="53100000500000000X",
            fundraising_certificate="募证字001",
            receipt_handler="周经办",
            region_code="32",
            now=self.clock,
        )

    def _staff(self, login: str, role: str, region: str) -> StaffMember:
        return create_staff(login=login, name="李四", role=role, region_code=region, password_hash="-", now=self.clock)

    def opens_fund(self) -> str:
        """Open the village's mutual-aid fund; return its code."""
        return self._publishes(title="众心村互助基金", kind=FUND, target_fen=None, ends_on=None, plan=())

    def opens_project(self, title: str, *, until: str = "2026-12-31") -> str:
        """Publish a project that collects until a day; return its code."""
        end = local(until).date()
        plan = (PlanItem(title="材料", amount_fen=1_000_000),)
        return self._publishes(title=title, kind="public_works", target_fen=1_000_000, ends_on=end, plan=plan)

    def _publishes(self, **told: Any) -> str:
        today = local_day(self.clock)
        form = ProjectForm(
            **told,
            village_code=self.village,
            village_profile="本村有三百户人家。",
            summary="为村里做一件事。",
            story="大家商量过，一起来做。",
            decision=Decision(met_on=today, attendees=40, in_favour=39, note="同意"),
            person_in_charge="王五",
            phone="13800000000",
            starts_on=today,
            organisation_code=self.organisation,
            filing_number="备案001",
            truth_pledged=True,
        )
        act = projects.publish_project
        return self.writes(lambda: act(form=form, staff=self.cadre, now=self.clock).code)

    def receives(self, purse: str, fen: int, *, channel: str = "sandbox") -> str:
        """A gift arrives for a project; return its reference."""
        reference = f"{channel}:{next(self.numbers)}"
        self.writes(
            lambda: post(
                source=WORLD,
                target=account(NATIONAL, purse),
                amount_fen=fen,
                reason="gift",
                reference=reference,
                now=self.clock,
                channel=channel,
                provider_date=local_day(self.clock),
            )
        )
        return reference

    def is_paid(self, purse: str, fen: int) -> None:
        """Two people of the national desk pay a project's money on to the village."""
        code = self.writes(
            lambda: payouts.propose_payout(project=purse, amount_fen=fen, staff=self.desk, now=self.clock)
        )
        self.writes(lambda: payouts.approve_payout(payout=code, staff=self.second, now=self.clock))

    def spends(self, purse: str, fen: int, *, on: str = "水泥") -> str:
        """The village buys something, with a voucher; return the line's code."""
        number = next(self.numbers)
        voucher = f"voucher{number:09d}"
        picture = EncodedPicture(jpeg=f"photo {number}".encode(), width=10, height=10)
        self.writes(lambda: add_picture(code=voucher, encoded=picture, staff=self.cadre, now=self.clock))
        bought = {"title": on, "amount_fen": fen, "spent_on": local_day(self.clock), "voucher_media": voucher}
        return self._acts(spending.record_spending, project=purse, **bought)

    def corrects(self, line: str, fen: int, *, reason: str = "多记了一袋") -> None:
        """Money of a spending line comes back."""
        self._acts(spending.correct_spending, line=line, amount_fen=fen, reason=reason)

    def _acts(self, act: Callable[..., T], **told: object) -> T:
        return self.writes(lambda: act(**told, staff=self.cadre, now=self.clock))

    def ends(self, project: str) -> None:
        """The village ends a project's collection before its time."""
        self._acts(projects.end_project, project=project)

    def closes(self, project: str) -> None:
        """The village closes a project that has ended; what is left moves to its fund."""
        self._acts(projects.close_project, project=project)

    def publishes(self, *, worker: str = "one") -> list[str]:
        """The scheduler's minute comes; return the codes of the new notices."""
        with self.app.app_context():
            return publishing.publish_due(now=self.clock, worker=worker)

    def notices(self, **wanted: object) -> list[NoticeRecord]:
        """Ask for the published notices with these facts, in the order of publishing."""

        def found() -> list[NoticeRecord]:
            rows = db.session.scalars(select(Notice.code).filter_by(**wanted).order_by(Notice.id)).all()
            return [get_notice(code) for code in rows]

        return self.asks(found)

    def notice(self, **wanted: object) -> NoticeRecord:
        """Ask for the one notice with these facts."""
        (found,) = self.notices(**wanted)
        return found

    def findings(self) -> list[str]:
        """Ask what differs between the notices and the ledger."""
        return self.asks(checks.check_notices)

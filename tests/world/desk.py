"""A short vocabulary for the desk in tests: staff act over HTTP on a clock of the test's own, questions read."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from werkzeug.test import TestResponse

from backend.core import clock
from backend.core.audit import AuditEntry
from backend.core.db import db, read_with_retries, write_with_retries
from backend.disbursements.checks import check_disbursements
from backend.ledger.checks import check_ledger
from backend.ledger.ordering import append_order
from backend.ledger.posting import post
from backend.ledger.queries import balance_fen
from backend.orgs.service import create_organisation
from backend.people.passwords import hashed
from backend.people.staff import create_staff
from backend.projects.checks import check_projects
from tests.world.regions import ZHONGXIN, load_some

T = TypeVar("T")
NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)
"""Noon in the village on Monday, 1 June 2026, when these stories begin."""
NEIGHBOUR = "320904104210"
PASSWORD = "a password of the tests"
SAME_SITE = {"X-Requested-With": "happy-home"}
_numbers = count(1)


@functools.cache
def password_hash() -> str:
    """The hash of everybody's password, made once: it is slow on purpose."""
    return hashed(PASSWORD)


def picture(kind: str = "JPEG", *, size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    """A small picture that no other has: its squares, black and white, count up."""
    number = next(_numbers)
    made, kept = Image.new("RGB", size, "white"), io.BytesIO()
    for place in range(15):
        if number >> place & 1:
            made.paste("black", (place % 5 * 8, place // 5 * 10, place % 5 * 8 + 8, place // 5 * 10 + 10))
    made.save(kept, kind, **options)
    return kept.getvalue()


@dataclass
class Hand:
    """One staff member's phone."""

    client: FlaskClient

    def sees(self, path: str) -> TestResponse:
        """Look at something."""
        return self.client.get(f"/api/v1{path}")

    def does(self, path: str, form: dict[str, Any] | None = None, *, key: str | None = None) -> TestResponse:
        """Do something, under a key of its own unless one is given."""
        headers = {**SAME_SITE, "Idempotency-Key": key or f"desk-key-{next(_numbers)}"}
        return self.client.post(f"/api/v1{path}", json=form, headers=headers)

    def uploads(self, data: bytes, *, name: str = "photo.jpg") -> TestResponse:
        """Send a picture."""
        told = {"file": (io.BytesIO(data), name)}
        return self.client.post("/api/v1/desk/media", data=told, headers=SAME_SITE)

    def voucher(self) -> str:
        """Upload a new picture of a voucher and return its code."""
        return str(self.uploads(picture()).json["code"])


@dataclass
class Desk:
    """The village 众心村, its neighbour, an organisation, and the national desk; the clock stands where it is put."""

    app: Flask
    clock: datetime = field(default=NOON)

    def moves_in(self) -> None:
        """Villages, organisation and staff are written down."""
        load_some(self.app, ZHONGXIN, NEIGHBOUR)
        self.organisation = self.writes(
            lambda: create_organisation(
                name="村社慈善总会",
                uscc="53100000500020MJ37",
                fundraising_certificate="公募-0001",
                region_code="00",
                now=self.clock,
            )
        )
        self.cadre = self.hires("village", ZHONGXIN)

    @functools.cached_property
    def payer(self) -> Hand:
        """Who proposes payouts at the national desk."""
        return self.hires("national")

    @functools.cached_property
    def checker(self) -> Hand:
        """Who approves payouts at the national desk."""
        return self.hires("national")

    def writes(self, act: Callable[[], T]) -> T:
        """Act in a writing transaction."""
        with self.app.app_context():
            return write_with_retries(act)

    def asks(self, question: Callable[[], T]) -> T:
        """Ask in a reading transaction."""
        with self.app.app_context():
            return read_with_retries(question)

    def passes(self, **time: int) -> None:
        """Time goes on."""
        self.clock += timedelta(**time)

    def hires(self, role: str, region_code: str = "00", *, login: str | None = None, is_demo: bool = False) -> Hand:
        """Somebody gets an account and logs in."""
        login = login or f"{role}-{next(_numbers)}"
        told = {"login": login, "name": f"张{role}", "role": role, "region_code": region_code, "is_demo": is_demo}
        self.writes(lambda: create_staff(**told, password_hash=password_hash(), now=self.clock))
        hand = Hand(self.app.test_client())
        assert self.logs_in(hand, login).status_code == 200
        return hand

    def logs_in(self, hand: Hand, login: str, password: str = PASSWORD) -> TestResponse:
        """Somebody types login and password."""
        told = {"login": login, "password": password}
        return hand.client.post("/api/v1/desk/session", json=told, headers=SAME_SITE)

    def form(self, **changes: Any) -> dict[str, Any]:
        """The ready form of a road lamp project, with changes; a change to None leaves the field out."""
        today = clock.local_day(self.clock)
        form = {
            "title": "村路太阳能路灯",
            "kind": "public_works",
            "village_code": ZHONGXIN,
            "village_profile": "全村 1200 人，老人 300 人。",
            "summary": "给村路装 40 盏路灯。",
            "story": "晚上走路看不见，村民大会商定装灯。",
            "decision": {
                "met_on": str(today - timedelta(days=9)),
                "attendees": 80,
                "in_favour": 76,
                "note": "表决通过",
            },
            "person_in_charge": "王建国",
            "phone": "13812345678",
            "target_fen": 100_000_00,
            "starts_on": str(today - timedelta(days=5)),
            "ends_on": str(today + timedelta(days=90)),
            "plan": [{"title": "路灯", "amount_fen": 80_000_00}, {"title": "安装", "amount_fen": 20_000_00}],
            "organisation_code": self.organisation,
            "filing_number": "53100000500020MJ37A25001",
            "truth_pledged": True,
        }
        return {name: value for name, value in (form | changes).items() if value is not None}

    def fund_form(self, **changes: Any) -> dict[str, Any]:
        """The ready form of the village's mutual-aid fund."""
        return self.form(
            **{"title": "众心村互助基金", "kind": "mutual_aid_fund", "target_fen": None, "ends_on": None, "plan": None}
            | changes
        )

    def opens_fund(self) -> str:
        """The cadre opens the village's fund."""
        answer = self.cadre.does("/desk/projects", self.fund_form())
        assert answer.status_code == 201, answer.json
        return str(answer.json["code"])

    def publishes(self, **changes: Any) -> str:
        """The cadre publishes a project."""
        answer = self.cadre.does("/desk/projects", self.form(**changes))
        assert answer.status_code == 201, answer.json
        return str(answer.json["code"])

    def is_given(self, project: str, fen: int) -> None:
        """A gift has arrived; how it was paid is another story."""
        self.comes_in(f"00/{project}", fen, reason="gift")

    def comes_in(self, account: str, fen: int, *, reason: str) -> str:
        """Money arrives in an account; return the reference."""
        reference, day = f"sandbox:{next(_numbers)}", clock.local_day(self.clock)
        told = {"target": account, "amount_fen": fen, "reason": reason, "reference": reference}
        self.writes(lambda: post(source="world", now=self.clock, channel="sandbox", provider_date=day, **told))
        return reference

    def proposes(self, project: str, fen: int) -> str:
        """The national desk proposes a payout; return its code."""
        answer = self.payer.does("/desk/payouts", {"project_code": project, "amount_fen": fen})
        assert answer.status_code == 201, answer.json
        return str(answer.json["code"])

    def approves(self, payout: str, *, by: Hand | None = None) -> TestResponse:
        """Somebody, the second person unless told otherwise, approves a payout."""
        return (by or self.checker).does(f"/desk/payouts/{payout}/approvals")

    def withdraws(self, payout: str, *, by: Hand | None = None) -> TestResponse:
        """Somebody, who proposed it unless told otherwise, withdraws a payout."""
        return (by or self.payer).does(f"/desk/payouts/{payout}/withdrawal")

    def refuses(self, payout: str, *, reason: str = "金额多写了一个零", by: Hand | None = None) -> TestResponse:
        """Somebody, the second person unless told otherwise, refuses a payout."""
        return (by or self.checker).does(f"/desk/payouts/{payout}/refusal", {"reason": reason})

    def pays_out(self, project: str, fen: int) -> None:
        """Two people send money on to the village."""
        assert self.approves(self.proposes(project, fen)).status_code == 201

    def spends(self, project: str, fen: int, **changes: Any) -> TestResponse:
        """The cadre records spending, with a new voucher unless told otherwise."""
        day: date = clock.local_day(self.clock)
        form = {"title": "路灯 8 盏", "amount_fen": fen, "spent_on": str(day)}
        voucher = changes.pop("voucher_media", None) or self.cadre.voucher()
        return self.cadre.does(f"/desk/projects/{project}/spending", form | {"voucher_media": voucher} | changes)

    def holds(self, account: str) -> int:
        """What an account holds, in fen."""
        return self.asks(lambda: balance_fen(account))

    def is_ordered(self) -> None:
        """The order job has run."""
        self.writes(append_order)

    def findings(self) -> list[str]:
        """What `verify` finds out of joint in the ledger, the projects and the disbursements."""
        return self.asks(lambda: [*check_ledger(), *check_projects(), *check_disbursements()])

    def page(self, path: str) -> Any:
        """What the public sees."""
        answer = self.app.test_client().get(f"/api/v1{path}")
        assert answer.status_code == 200, answer.json
        return answer.json

    def audit(self, action: str) -> list[tuple[str, str]]:
        """Who did an action to what, as the audit log says: (actor, subject), oldest first."""
        rows = select(AuditEntry.actor, AuditEntry.subject).where(AuditEntry.action == action).order_by(AuditEntry.id)
        return self.asks(lambda: [(row.actor, row.subject) for row in db.session.execute(rows)])


@pytest.fixture
def desk(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk at work; every request asks its clock."""
    made = Desk(app)
    monkeypatch.setattr(clock, "now", lambda: made.clock)
    made.moves_in()
    return made


@pytest.fixture
def lamps(desk: Desk) -> str:
    """A project with 1,000 yuan given, all of it with the nation."""
    desk.opens_fund()
    code = desk.publishes()
    desk.is_given(code, 1000_00)
    return code

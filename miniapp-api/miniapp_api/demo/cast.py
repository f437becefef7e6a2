"""Who plays in the story: the organisation, the staff accounts and the givers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from backend.core.db import db
from backend.orgs.service import create_organisation
from backend.people.models import Staff
from backend.people.passwords import hashed
from backend.people.rights import StaffMember
from backend.people.service import open_device_session
from backend.people.staff import create_staff, find_staff
from miniapp_api.demo.steps import once
from miniapp_api.demo.story import GIVERS, PLACES

PASSWORD = "xingfu-jiayuan"  # noqa: S105 - shown on purpose; the accounts are refused in production.
ORGANISATION = "演示慈善总会（演示数据，非真实组织）"
USCC = "53100000DEMDATA00X"
CERTIFICATE = "演示-公募资格-0000"
HANDLER = "演示经办人"
NATION_PAYER, NATION_CHECKER = "guojia1", "guojia2"


@dataclass(frozen=True, kw_only=True)
class DemoAccount:
    """One account to try: login, password and what its owner does."""

    login: str
    password: str
    what: str


def demo_accounts() -> list[DemoAccount]:
    """Return the accounts of the story that this installation has."""
    known = set(db.session.scalars(select(Staff.login).where(Staff.is_demo, Staff.disabled_at.is_(None))))
    rows = [(cadre_login(number), f"{place.short_name}村干部") for number, place in enumerate(PLACES)]
    rows += [(NATION_PAYER, "全国总会 拨付提出"), (NATION_CHECKER, "全国总会 拨付复核")]
    return [DemoAccount(login=login, password=PASSWORD, what=what) for login, what in rows if login in known]


def cadre_login(number: int) -> str:
    """Return the login of the cadre of the n-th village of the story."""
    return f"cun{number + 1}"


def engage_staff(*, now: datetime) -> None:
    """Make the accounts of the story; the password is hashed outside the transaction."""
    password_hash = hashed(PASSWORD)
    rows = [(cadre_login(number), "村干部", "village", place.code) for number, place in enumerate(PLACES)]
    rows += [(NATION_PAYER, "拨付提出人", "national", "00"), (NATION_CHECKER, "拨付复核人", "national", "00")]
    for login, name, role, region_code in rows:

        def hire(login: str = login, name: str = name, role: str = role, region_code: str = region_code) -> str:
            return create_staff(
                login=login,
                name=f"{name}（演示）",
                role=role,
                region_code=region_code,
                password_hash=password_hash,
                now=now,
                is_demo=True,
            ).code

        once(f"staff-{login}", hire, now=now)


def engage_organisation(*, now: datetime) -> str:
    """Write down the organisation that receives the story's money; return its code."""

    def register() -> str:
        return create_organisation(
            name=ORGANISATION,
            uscc=USCC,
            fundraising_certificate=CERTIFICATE,
            receipt_handler=HANDLER,
            region_code="00",
            now=now,
        )

    return once("organisation", register, now=now)


def engage_givers(*, now: datetime) -> list[int]:
    """Open a device session for each giver of the story; return their person ids."""

    def arrive() -> str:
        _token, person = open_device_session(now=now)
        db.session.flush()
        return str(person.id)

    count = len(GIVERS) + sum(len(place.volunteers) for place in PLACES)
    return [int(once(f"giver-{number}", arrive, now=now)) for number in range(count)]


def staff_member(login: str) -> StaffMember:
    """Return an account of the story."""
    found = find_staff(login)
    assert found is not None, "the cast is engaged before the story begins"
    return found

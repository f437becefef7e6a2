"""Who may do what and where: one table of rights, asked in one statement (R6, ASVS 8.2-8.4, P20)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import exists, literal, select

from backend.core.db import db
from backend.core.errors import NotFound, Refusal
from backend.people.models import Permission, Staff

NATION = "00"
ROLES = ("national", "province", "city", "county", "township", "village", "auditor")
REGION_LENGTHS = {"province": 2, "city": 4, "county": 6, "township": 9, "village": 12}


@dataclass(frozen=True, kw_only=True)
class StaffMember:
    """A staff account at work: one role in one region; `00` is the nation."""

    id: int
    code: str
    name: str
    role: str
    region_code: str
    is_demo: bool

    @property
    def prefix(self) -> str:
        """The beginning of the codes of all regions that this account works for; empty for the nation."""
        return prefix_of(self.region_code)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What a staff member tried and may not; the edge writes it to the audit log after the rollback (law 13)."""

    staff_code: str
    action: str
    subject: str


class RefusedTry(Refusal):
    """A refusal that leaves a trace: who tried what it forbids is written down, though nothing else is (law 13)."""

    def __init__(self, attempt: Attempt) -> None:
        """Remember what was tried."""
        super().__init__()
        self.attempt = attempt


class RightMissing(RefusedTry):
    """The region is the staff member's own, the act is not."""

    status = 403
    code = "FORBIDDEN"
    detail = "您的账号没有这项权限。"


class OutsideRegion(RefusedTry, NotFound):
    """Another region's object: answered exactly as if it did not exist (bad input 38)."""

    status = NotFound.status
    code = NotFound.code
    detail = NotFound.detail


def authorise(staff: StaffMember, action: str, region_code: str, *, subject: str = "") -> None:
    """Let `staff` do `action` in a region, or refuse.

    Outside his own region `OutsideRegion` (404, the same as absent), inside it but without the right
    `RightMissing` (403). One statement, so a right that is taken away or an account that is disabled ends at once.
    `subject` is the code of the object, for the audit log.
    """
    rights = exists().where(
        Permission.role == Staff.role,
        Permission.action == action,
        literal(region_code).startswith(Permission.region_prefix),
    )
    of_staff = (Staff.id == staff.id, Staff.disabled_at.is_(None))
    found = db.session.execute(select(Staff.region_code, rights.label("has_right")).where(*of_staff)).first()
    attempt = Attempt(staff_code=staff.code, action=action, subject=subject or region_code)
    if found is None or not region_code.startswith(prefix_of(found.region_code)):
        raise OutsideRegion(attempt)
    if not found.has_right:
        raise RightMissing(attempt)


def actions_of(staff: StaffMember) -> list[str]:
    """Return the names of everything that the account may do in its own region, sorted."""
    statement = select(Permission.action).where(
        Permission.role == staff.role, literal(staff.region_code).startswith(Permission.region_prefix)
    )
    return sorted(db.session.scalars(statement.distinct()))


def prefix_of(region_code: str) -> str:
    """Return what the codes of all regions under this one begin with; everything is under the nation."""
    return "" if region_code == NATION else region_code

"""The rules of a project that need no database: its kinds, when it collects, when it may take a gift."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from backend.core.clock import local_day
from backend.core.errors import Refusal

FUND = "mutual_aid_fund"
OTHER = "other"
PROJECT_KINDS = ("public_works", "elder_support", "orphans_disabled", "relief_fund", "public_service", OTHER)
KINDS = (*PROJECT_KINDS, FUND)
USUAL_DAYS = 366
"""A project generally lasts a year at most (R79); a longer one is warned of, not refused."""


class NotCollecting(Refusal):
    """The project has not begun, is over, or was ended by its village; no new gift is taken."""

    code = "NOT_COLLECTING"
    detail = "这个项目现在不接受捐赠。"


class NotPublishable(Refusal):
    """Without organisation, fundraising certificate and filing number no money is taken (慈善法 22, 25; R57)."""

    code = "NOT_PUBLISHABLE"
    detail = "这个项目缺少慈善组织、公开募捐资格证书或备案编号，不能接受捐赠。"


@dataclass(frozen=True, kw_only=True)
class OrganisationRecord:
    """The organisation that receives the money, as its page names it (慈善法 25)."""

    code: str
    name: str
    uscc: str
    fundraising_certificate: str | None


@dataclass(frozen=True, kw_only=True)
class ProjectRecord:
    """A project or a village's fund (`kind` mutual_aid_fund: no target, no end). `code` is also its purse."""

    id: int
    code: str
    title: str
    kind: str
    kind_reason: str | None
    village_code: str
    summary: str
    story: str
    village_profile: str
    target_fen: int | None
    starts_on: date
    ends_on: date | None
    person_in_charge: str
    phone: str
    organisation: OrganisationRecord | None
    filing_number: str | None
    cover_media: str | None
    is_demo: bool
    published_at: datetime
    ended_at: datetime | None
    closed_at: datetime | None

    @property
    def is_fund(self) -> bool:
        """Whether this is a village's mutual-aid fund (R86)."""
        return self.kind == FUND


def is_collecting(project: ProjectRecord, *, on: date) -> bool:
    """Say whether the project takes gifts on a local day: within its dates, and not ended before (R70)."""
    is_within = project.starts_on <= on and (project.ends_on is None or on <= project.ends_on)
    return is_within and project.ended_at is None and project.closed_at is None


def state_of(project: ProjectRecord, *, now: datetime) -> str:
    """Return `collecting`, `ended` (takes no more gifts) or `closed` (its leftover has moved to the fund, R91)."""
    if project.closed_at is not None:
        return "closed"
    is_over = project.ends_on is not None and local_day(now) > project.ends_on
    return "ended" if project.ended_at is not None or is_over else "collecting"


def gift_refusal(project: ProjectRecord, *, now: datetime) -> Refusal | None:
    """Return why the project takes no gift now, or None when it does."""
    organisation = project.organisation
    if organisation is None or not organisation.fundraising_certificate or not project.filing_number:
        return NotPublishable()
    if not is_collecting(project, on=local_day(now)):
        return NotCollecting()
    return None


def masked_phone(phone: str) -> str:
    """Return a phone number as the public sees it: 138****1234, or all but its last two digits hidden (R66)."""
    if len(phone) >= 11:
        return f"{phone[:3]}****{phone[-4:]}"
    return "*" * (len(phone) - 2) + phone[-2:]


def is_longer_than_usual(*, starts_on: date, ends_on: date) -> bool:
    """Say whether a project lasts longer than the year that is usual (R79): a warning, never a refusal."""
    return (ends_on - starts_on).days + 1 > USUAL_DAYS

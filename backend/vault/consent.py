"""Consent: who agreed to what, under which version of the text, since when, and until when (PIPL 13-16)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from backend.core.db import db, insert_once
from backend.people.humans import same_human
from backend.vault.models import Consent
from backend.vault.policy import present_policy

PUBLIC_NAME, PHONE_LOGIN, WECHAT_LOGIN = "public_name", "phone_login", "wechat_login"
MINOR_14_17, MINOR_UNDER_14 = "minor_14_17", "minor_under_14"
LABELS = {
    PUBLIC_NAME: "公开展示您写的名字",
    PHONE_LOGIN: "用手机号登录",
    WECHAT_LOGIN: "用微信登录",
    MINOR_14_17: "监护人同意参加志愿服务（14至17周岁）",
    MINOR_UNDER_14: "监护人同意参加志愿服务，并同意保存孩子的信息（未满14周岁）",
}
BY_ACCOUNT = (PHONE_LOGIN, WECHAT_LOGIN)
"""These are withdrawn by taking the account off."""
BY_GUARDIAN = (MINOR_14_17, MINOR_UNDER_14)
"""These a guardian gave for a minor; what follows from taking one back stands in `volunteers/minors.py`."""


@dataclass(frozen=True, kw_only=True)
class ConsentRecord:
    """One consent as its person sees it."""

    purpose: str
    label: str
    policy_version: int
    given_at: datetime
    withdrawn_at: datetime | None
    may_withdraw: bool


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A consent that stands: under which version of the text, and since when."""

    purpose: str
    policy_version: int
    given_at: datetime


def give(*, person_id: int, purpose: str, now: datetime) -> None:
    """Write down that a person agreed, by the act itself, under the present text; once until it is withdrawn."""
    told = {"person_id": person_id, "purpose": purpose, "policy_version": present_policy().version, "given_at": now}
    db.session.execute(insert_once(Consent).values(**told).on_conflict_do_nothing())


def take_back(*, person_id: int, purposes: tuple[str, ...], now: datetime) -> int:
    """Note that a person withdrew; return how many consents stood. What follows from it is the caller's."""
    mine = Consent.person_id.in_(same_human(person_id)) & Consent.purpose.in_(purposes)
    taking = update(Consent).where(mine, Consent.withdrawn_at.is_(None)).values(withdrawn_at=now)
    told = taking.returning(Consent.id).execution_options(synchronize_session=False)
    return len(db.session.scalars(told).all())


def standing(person_ids: Iterable[int], purposes: tuple[str, ...]) -> dict[int, Standing]:
    """Return the newest of these consents that stands under each of these rows of `people`."""
    mine = Consent.person_id.in_(sorted(set(person_ids))) & Consent.purpose.in_(purposes)
    read = select(Consent.person_id, Consent.purpose, Consent.policy_version, Consent.given_at)
    found = db.session.execute(read.where(mine, Consent.withdrawn_at.is_(None)).order_by(Consent.given_at, Consent.id))
    return {
        row.person_id: Standing(purpose=row.purpose, policy_version=row.policy_version, given_at=row.given_at)
        for row in found
    }


def consents_of(person_id: int) -> list[ConsentRecord]:
    """Return every consent of a human, the newest first."""
    mine = select(Consent).where(Consent.person_id.in_(same_human(person_id)))
    fresh = mine.order_by(Consent.given_at.desc(), Consent.id.desc()).execution_options(populate_existing=True)
    return [
        ConsentRecord(
            purpose=row.purpose,
            label=LABELS[row.purpose],
            policy_version=row.policy_version,
            given_at=row.given_at,
            withdrawn_at=row.withdrawn_at,
            may_withdraw=row.withdrawn_at is None and row.purpose not in BY_ACCOUNT,
        )
        for row in db.session.scalars(fresh)
    ]

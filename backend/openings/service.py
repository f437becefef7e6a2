"""Opening values of the vault for the staff: with a right, a reason and a row for each, which stays (PIPL 51).

What the product does by itself for the person whose data it is (a receipt printed for its donor, a name on the list on
which he wanted it) is no opening: nobody of the staff is shown anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import func, insert, select

from backend.core.db import db, insert_once
from backend.core.errors import NotFound, Refusal
from backend.core.idempotency import well_formed
from backend.core.text import TextInvalid, clean_line
from backend.openings.models import ASKED, REVIEW, VaultOpening
from backend.people.models import Staff
from backend.people.rights import Attempt, RefusedTry, StaffMember, authorise
from backend.vault.fields import BY_NAME, STAFF
from backend.vault.keyring import SealBroken
from backend.vault.models import VaultKey, VaultValue
from backend.vault.queries import opened

OPEN = "vault.open"
REASON_CHARS_MIN, REASON_CHARS_MAX = 4, 100
AT_MOST, WITHIN = 30, timedelta(hours=1)
log = structlog.get_logger()


class OpenedAlready(Refusal):
    """This request was answered before, and a value is answered once: whoever must see it again says why again."""

    code = "OPENED_ALREADY"
    detail = "这次查看已经完成。需要再看，请重新填写原因。"


class OpenedTooMany(RefusedTry):
    """One account opens at most thirty values within an hour."""

    status = 429
    code = "OPENED_TOO_MANY"
    detail = "您一小时内查看的个人信息太多，请稍后再试。"
    retryable = True


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Who asks to see a value, why, and in which request; `nonce` is the request's Idempotency-Key."""

    staff: StaffMember
    reason: str
    request_id: str
    nonce: str | None


@dataclass(frozen=True, kw_only=True)
class Look:
    """That values of one thing are shown to somebody whose work it is to read them."""

    person_id: int
    row: str
    fields: tuple[str, ...]
    region_code: str


def open_value(asking: Asking, *, field: str, row: str, region_code: str, now: datetime, purpose: str = ASKED) -> str:
    """Return one value in the clear to a staff member, and write down that he saw it and why.

    The caller has authorised the sight of the thing itself. Refuses a missing right (`RightMissing`,
    `OutsideRegion`), a reason under 4 characters, a field that no staff may open or that is not there (`NotFound`), a
    request answered before (`OpenedAlready`), and more than 30 an hour by one account (`OpenedTooMany`).
    """
    staff = asking.staff
    authorise(staff, OPEN, region_code, subject=row)
    reason = clean_line(asking.reason, limit=REASON_CHARS_MAX, field="reason")
    if len(reason) < REASON_CHARS_MIN:
        raise TextInvalid(f"请写明查看的原因，至少 {REASON_CHARS_MIN} 个字。", field="reason")
    nonce = well_formed(asking.nonce) if purpose == ASKED else None
    if STAFF not in BY_NAME[field].shown_to:
        raise NotFound()
    value, person_id = _value(field, row)
    db.session.execute(select(Staff.id).where(Staff.id == staff.id).with_for_update())  # One account takes turns.
    told = {"opened_at": now, "staff_id": staff.id, "person_id": person_id, "row": row, "fields": field}
    told |= {"region_code": region_code, "purpose": purpose, "reason": reason, "nonce": nonce}
    written = insert_once(VaultOpening).values(**told, request_id=asking.request_id).on_conflict_do_nothing()
    if db.session.scalar(written.returning(VaultOpening.id)) is None:
        raise OpenedAlready()
    mine = (VaultOpening.staff_id == staff.id) & (VaultOpening.opened_at > now - WITHIN)
    asked = select(func.count()).where(mine, VaultOpening.purpose == purpose)
    if (db.session.scalar(asked) or 0) > AT_MOST:
        log.warning("vault.opened_too_many", staff=staff.code)
        raise OpenedTooMany(Attempt(staff_code=staff.code, action=OPEN, subject=row))
    return value


def note_looks(looks: Iterable[Look], *, staff: StaffMember, request_id: str, now: datetime) -> None:
    """Write down that a staff member is shown these values because reading them is his work.

    Runs in the transaction that reads them: what cannot be written down is not shown.
    """
    same = {"opened_at": now, "staff_id": staff.id, "purpose": REVIEW, "request_id": request_id}
    rows: list[dict[str, Any]] = [{**vars(look), **same, "fields": " ".join(look.fields)} for look in looks]
    if rows:
        db.session.execute(insert(VaultOpening), rows)


def _value(field: str, row: str) -> tuple[str, int | None]:
    statement = (
        select(VaultValue.field, VaultValue.row, VaultValue.sealed, VaultKey.key_id, VaultKey.wrapped, VaultKey.kek_id)
        .add_columns(VaultKey.person_id)
        .join(VaultKey, VaultKey.key_id == VaultValue.key_id)
        .where(VaultValue.field == field, VaultValue.row == row)
    )
    one = db.session.execute(statement).first()
    try:
        if one is not None:
            return opened(one), one.person_id
    except SealBroken as error:
        log.error("vault.seal_broken", field=field, row=row, reason=str(error))
    raise NotFound()

"""The second factor of staff: a code that changes every 30 seconds (RFC 6238), and codes for a lost phone."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp
from sqlalchemy import delete, insert, select

from backend.core import audit
from backend.core.db import db, insert_once
from backend.core.errors import NotFound, Refusal
from backend.core.ids import token_hash
from backend.people.models import Staff, StaffFactor, StaffRecoveryCode
from backend.people.rights import StaffMember
from backend.people.sealed import seal, unseal
from backend.people.staff import OPERATOR, normal_login

STEP_SECONDS = 30
CODES = 10
NEEDED_BY = ("national", "province", "city", "county", "auditor")
"""Who approves money or reads everything works with two factors; a village's cadre may (ASVS 6.3.3, 等保 2.0 三级)."""
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_RECOVERY_CHARS = 16
_SIX = re.compile(r"[0-9]{6}", re.ASCII)


class FactorRequired(Refusal):
    """This account works with two factors here, and has one: set the second one up first."""

    status = 403
    code = "FACTOR_REQUIRED"
    detail = "您的账号须先设置动态口令，再办理业务。"


class FactorStands(Refusal):
    """The account has a second factor already; it is taken off first, with one of its codes."""

    code = "FACTOR_STANDS"
    detail = "动态口令已经设置；要换手机，请先用现在的口令停用它。"


class CodeNotRight(Refusal):
    """The code does not fit the secret just shown. Nothing changed."""

    status = 422
    code = "CODE_WRONG"
    detail = "口令不对。请看验证器上现在的 6 位数字，并核对手机时间。"


@dataclass(frozen=True, kw_only=True)
class NewFactor:
    """What the phone's authenticator must know: the secret to type and the same as an address to scan."""

    secret: str
    uri: str


def needs_factor(staff: StaffMember) -> bool:
    """Say whether this account must have a second factor where one is required."""
    return staff.role in NEEDED_BY


def begin(staff: StaffMember, *, login: str, secret_key: str, now: datetime) -> NewFactor:
    """Make a secret that counts for nothing until `confirm`; an unconfirmed one before it is gone.

    Refuses `FactorStands`. The secret is told once, here.
    """
    row = _row(staff.id)
    if row is not None and row.confirmed_at is not None:
        raise FactorStands()
    secret = pyotp.random_base32()
    told = {"secret": seal(secret, place=_place(staff.id), secret_key=secret_key), "begun_at": now, "last_step": 0}
    written = insert_once(StaffFactor).values(staff_id=staff.id, **told)
    db.session.execute(written.on_conflict_do_update(index_elements=["staff_id"], set_=told))
    uri = pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name="幸福家园")
    return NewFactor(secret=secret, uri=uri)


def confirm(staff: StaffMember, *, code: str, secret_key: str, now: datetime) -> list[str]:
    """Take the new secret into use and return ten recovery codes, which are told once.

    Refuses `NotFound` when none was begun, `FactorStands`, and `CodeNotRight` (nothing changes).
    """
    row = _row(staff.id)
    if row is None:
        raise NotFound()
    if row.confirmed_at is not None:
        raise FactorStands()
    step = _step_of(row, code, secret_key=secret_key, now=now)
    if step is None:
        raise CodeNotRight()
    row.confirmed_at, row.last_step = now, step
    audit.record(action="staff.factor_on", actor=staff.code, subject=staff.code, now=now)
    return _new_recovery_codes(staff.id)


def has_factor(staff: StaffMember) -> bool:
    """Say whether the account's second factor is in use."""
    confirmed = (StaffFactor.staff_id == staff.id) & StaffFactor.confirmed_at.is_not(None)
    return db.session.scalar(select(StaffFactor.staff_id).where(confirmed)) is not None


def use(staff: StaffMember, *, code: str, secret_key: str, now: datetime) -> bool:
    """Use up one code, of the authenticator or for a lost phone; say whether it was right.

    The code of this step or of the one before it; each opens once, also when it comes twice at the same moment: the
    account's row is locked.
    """
    row = _row(staff.id)
    if row is None or row.confirmed_at is None:
        return False
    step = _step_of(row, code, secret_key=secret_key, now=now)
    if step is not None:
        row.last_step = step
        return True
    return _use_recovery_code(staff, code, now=now)


def take_off(staff: StaffMember, *, now: datetime) -> None:
    """End the second factor and its recovery codes. The caller has used a code and checked the password."""
    _forget(staff.id)
    audit.record(action="staff.factor_off", actor=staff.code, subject=staff.code, now=now)


def reset(*, login: str, now: datetime) -> None:
    """End the second factor of an account whose phone and codes are lost; the operator's way. Refuses `NotFound`."""
    row = db.session.scalars(select(Staff).where(Staff.login == normal_login(login))).first()
    if row is None:
        raise NotFound()
    _forget(row.id)
    audit.record(action="staff.factor_reset", actor=OPERATOR, subject=row.code, now=now)


def recovery_codes_left(staff: StaffMember) -> int:
    """Return how many recovery codes are unused."""
    return len(db.session.scalars(select(StaffRecoveryCode).where(StaffRecoveryCode.staff_id == staff.id)).all())


def _row(staff_id: int) -> StaffFactor | None:
    of_staff = select(StaffFactor).where(StaffFactor.staff_id == staff_id).with_for_update()
    return db.session.scalars(of_staff.execution_options(populate_existing=True)).first()


def _step_of(row: StaffFactor, code: str, *, secret_key: str, now: datetime) -> int | None:
    """Return the unused time step that the code belongs to, or None."""
    if not _SIX.fullmatch(code):
        return None
    totp = pyotp.TOTP(unseal(row.secret, place=_place(row.staff_id), secret_key=secret_key))
    newest = int(now.timestamp()) // STEP_SECONDS
    fits = [step for step in (newest, newest - 1) if secrets.compare_digest(totp.generate_otp(step), code)]
    return next((step for step in fits if step > row.last_step), None)


def _new_recovery_codes(staff_id: int) -> list[str]:
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(_RECOVERY_CHARS)) for _ in range(CODES)]
    rows = [{"code_hash": _hash(staff_id, code), "staff_id": staff_id} for code in codes]
    db.session.execute(insert(StaffRecoveryCode), rows)
    return ["-".join(code[at : at + 4] for at in range(0, _RECOVERY_CHARS, 4)) for code in codes]


def _use_recovery_code(staff: StaffMember, code: str, *, now: datetime) -> bool:
    plain = "".join(code.upper().split()).replace("-", "")
    used = delete(StaffRecoveryCode).where(StaffRecoveryCode.code_hash == _hash(staff.id, plain))
    if db.session.execute(used.returning(StaffRecoveryCode.staff_id)).first() is None:
        return False
    audit.record(action="staff.recovery_code", actor=staff.code, subject=staff.code, now=now)
    return True


def _hash(staff_id: int, code: str) -> str:
    return token_hash(f"recovery:{staff_id}:{code}")


def _forget(staff_id: int) -> None:
    db.session.execute(delete(StaffRecoveryCode).where(StaffRecoveryCode.staff_id == staff_id))
    db.session.execute(delete(StaffFactor).where(StaffFactor.staff_id == staff_id))


def _place(staff_id: int) -> str:
    return f"staff_factors:secret:{staff_id}"

"""Logging in by phone: six digits, for one device, five minutes, five tries, once (ASVS 6.5.1, 6.5.3, 6.6.3)."""

from __future__ import annotations

import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from backend.core.db import db, insert_once
from backend.core.errors import InvalidInput, Refusal
from backend.core.ids import token_hash
from backend.people.accounts import PHONE, Identity
from backend.people.allowance import DAY, next_allowed
from backend.people.models import PhoneCode, SendAllowance
from backend.people.sealed import blind_index

CODE_LIVES = timedelta(minutes=5)
TRIES_MAX = 5
MAINLAND = "86"
_MAINLAND = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})", re.ASCII)
_BETWEEN = re.compile(r"[\s\-()（）]")


class PhoneInvalid(InvalidInput):
    """Not a mobile number of mainland China: eleven digits that begin with 1."""

    code = "PHONE_INVALID"
    detail = "请填写 11 位手机号。"


class PhoneAbroad(Refusal):
    """WeChat showed a number that no code of ours can be sent to: it would be a way in and no way back."""

    status = 422
    code = "PHONE_ABROAD"
    detail = "目前只能用中国大陆的手机号登录。"


class CodesTooMany(Refusal):
    """A code was sent to this number, or asked by this device, too often; `wait_seconds` says for how long."""

    status = 429
    code = "CODES_TOO_MANY"
    detail = "验证码要得太频繁，请稍后再试。"


class CodeWrong(Refusal):
    """The code is not the one that was sent to this number for this device, or it was tried five times, used or old."""

    status = 401
    code = "PHONE_CODE_WRONG"
    detail = "验证码不对或已过期，请核对，或重新获取。"


@dataclass(frozen=True, kw_only=True)
class NewCode:
    """A code that is to be sent now; `number` names its row."""

    number: int
    phone: str
    digits: str


def normal_phone(text: str) -> str:
    """Return a phone number as it is kept and compared (`+8613812345678`). Refuses `PhoneInvalid`.

    Full-width digits, spaces, dashes and a country code of China are understood.
    """
    found = _MAINLAND.fullmatch(_BETWEEN.sub("", unicodedata.normalize("NFKC", text[:40])))
    if found is None:
        raise PhoneInvalid(field="phone")
    return f"+86{found[1]}"


def phone_shown(*, number: str, country_code: str) -> str:
    """Return a number that WeChat showed us as `normal_phone` keeps it: it leads to one person by either way.

    Refuses `PhoneAbroad`.
    """
    found = _MAINLAND.fullmatch(f"+{country_code}{number}") if country_code == MAINLAND else None
    if found is None:
        raise PhoneAbroad()
    return f"+{MAINLAND}{found[1]}"


def identity_of(phone: str) -> Identity:
    """Return the identity that a number stands for once its code was told, or WeChat showed whose it is."""
    return Identity(kind=PHONE, app_id="", subject=phone)


def begin_code(*, phone: str, device: str, secret_key: str, now: datetime) -> NewCode:
    """Make a code for a number and a device (its session token); the caller commits, sends it, and notes a failure.

    An earlier code of this device for this number ends. At most one a minute, five an hour and ten a day are sent
    to one number or asked by one device. Refuses `CodesTooMany`, `PhoneInvalid`.
    """
    kept = normal_phone(phone)
    phone_index = _phone_index(kept, secret_key)
    _spend_allowance((f"phone {phone_index}", f"device {token_hash(device)}"), now=now)
    of_both = (PhoneCode.phone_index == phone_index) & (PhoneCode.device_hash == token_hash(device))
    db.session.execute(delete(PhoneCode).where(of_both))
    digits = f"{secrets.randbelow(10**6):06d}"
    row = PhoneCode(
        phone_index=phone_index,
        device_hash=token_hash(device),
        code_hash=_code_hash(kept, device, digits, secret_key),
        tries=0,
        ends_at=now + CODE_LIVES,
    )
    db.session.add(row)
    db.session.flush()  # The caller names the row when sending fails.
    return NewCode(number=row.id, phone=kept, digits=digits)


def forget_code(number: int) -> None:
    """Forget a code that could not be sent; that it was asked for still counts."""
    db.session.execute(delete(PhoneCode).where(PhoneCode.id == number))


def count_try(*, phone: str, device: str, secret_key: str, now: datetime) -> str | None:
    """Count one try before it is judged, in a transaction of its own; return what the code's hash is, or None.

    Of any crowd that tries at one moment, five are judged: the count and its limit are one statement.
    """
    of_both = PhoneCode.phone_index == _phone_index(normal_phone(phone), secret_key)
    of_both &= PhoneCode.device_hash == token_hash(device)
    living = (PhoneCode.tries < TRIES_MAX) & PhoneCode.used_at.is_(None) & (PhoneCode.ends_at > now)
    counting = update(PhoneCode).where(of_both, living).values(tries=PhoneCode.tries + 1)
    told = counting.returning(PhoneCode.code_hash).execution_options(synchronize_session=False)
    return db.session.scalar(told)


def judge(counted: str | None, *, phone: str, device: str, digits: str, secret_key: str) -> None:
    """Compare what was typed with the counted code, in constant time. Refuses `CodeWrong`."""
    typed = unicodedata.normalize("NFKC", digits[:20]).strip()
    mine = _code_hash(normal_phone(phone), device, typed, secret_key)
    if counted is None or not hmac.compare_digest(counted, mine):
        raise CodeWrong()


def use_code(counted: str, *, now: datetime) -> None:
    """Use a code up, in the transaction of the login. Refuses `CodeWrong` for the second of two who had it right."""
    using = update(PhoneCode).where(PhoneCode.code_hash == counted, PhoneCode.used_at.is_(None)).values(used_at=now)
    told = using.returning(PhoneCode.id).execution_options(synchronize_session=False)
    if db.session.scalar(told) is None:
        raise CodeWrong()


def forget_old_codes(*, now: datetime) -> int:
    """Delete codes that have ended and allowances that bind nobody any more, at most a thousand of each."""
    codes = list(db.session.scalars(select(PhoneCode.id).where(PhoneCode.ends_at <= now).limit(1000)))
    db.session.execute(delete(PhoneCode).where(PhoneCode.id.in_(codes)))
    over = select(SendAllowance.subject_hash).where(SendAllowance.kept_until <= now).limit(1000)
    subjects = list(db.session.scalars(over))
    db.session.execute(delete(SendAllowance).where(SendAllowance.subject_hash.in_(subjects)))
    return len(codes) + len(subjects)


def _spend_allowance(subjects: tuple[str, ...], *, now: datetime) -> None:
    """Hold the rows of all subjects, in one order for everybody, and spend one send of each or of none."""
    hashes = sorted(token_hash(subject) for subject in subjects)
    for subject_hash in hashes:
        new = insert_once(SendAllowance).values(subject_hash=subject_hash, sent_at="", kept_until=now + DAY)
        db.session.execute(new.on_conflict_do_nothing())
    held = select(SendAllowance).where(SendAllowance.subject_hash.in_(hashes)).order_by(SendAllowance.subject_hash)
    rows = db.session.scalars(held.with_for_update().execution_options(populate_existing=True)).all()
    sent = {row.subject_hash: [datetime.fromisoformat(text) for text in row.sent_at.split()] for row in rows}
    allowed = max(next_allowed(times, now=now) for times in sent.values())
    if allowed > now:
        raise CodesTooMany(wait_seconds=-(-int((allowed - now).total_seconds() * 1000) // 1000))
    for row in rows:
        kept = [at for at in sent[row.subject_hash] if at > now - DAY]
        row.sent_at = " ".join(at.isoformat() for at in [*kept, now])
        row.kept_until = now + DAY


def _phone_index(phone: str, secret_key: str) -> str:
    return blind_index(phone, purpose="phone code", secret_key=secret_key)


def _code_hash(phone: str, device: str, digits: str, secret_key: str) -> str:
    text = f"{phone}\n{token_hash(device)}\n{digits}"
    return blind_index(text, purpose="one-time code", secret_key=secret_key)

"""Organisations: named by the operator, with the certificate without which no money is taken."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import func, select

from backend.core import audit
from backend.core.db import db, insert_once
from backend.core.errors import InvalidInput, NotFound, Refusal
from backend.core.ids import new_code
from backend.core.text import clean_line
from backend.orgs.models import Organisation
from backend.people.staff import OPERATOR

_USCC = re.compile(r"^[0-9A-HJ-NPQRTUWXY]{18}$")


class UsccInvalid(InvalidInput):
    """A unified social credit code has 18 digits and capital letters, without I, O, S, V and Z."""

    code = "USCC_INVALID"
    detail = "统一社会信用代码应是 18 位数字和大写字母。"


class OrganisationKnown(Refusal):
    """An organisation with this unified social credit code is written down already."""

    code = "ORGANISATION_KNOWN"
    detail = "这个组织已经登记过。"


def create_organisation(
    *,
    name: str,
    uscc: str,
    fundraising_certificate: str | None,
    region_code: str,
    now: datetime,
    receipt_handler: str | None = None,
) -> str:
    """Write down an organisation and return its public code (慈善法 22, 25). Refuses `UsccInvalid`.

    `receipt_handler` is the 经办人 on its receipts (慈善法 38). Refuses `OrganisationKnown` also for another code with
    the same nine characters that are an organisation's own: they stand before the numbers of its receipts.
    """
    if not _USCC.match(uscc):
        raise UsccInvalid(field="uscc")
    if db.session.scalar(select(Organisation.id).where(func.substr(Organisation.uscc, 9, 9) == uscc[8:17])):
        raise OrganisationKnown()
    code = new_code()
    row = insert_once(Organisation).values(
        code=code,
        name=clean_line(name, limit=100, field="name"),
        uscc=uscc,
        fundraising_certificate=_certificate(fundraising_certificate),
        receipt_handler=_handler(receipt_handler),
        region_code=region_code,
        created_at=now,
    )
    made = db.session.scalar(row.on_conflict_do_nothing(index_elements=["uscc"]).returning(Organisation.id))
    if made is None:
        raise OrganisationKnown()
    audit.record(action="organisation.create", actor=OPERATOR, subject=code, now=now)
    return code


def set_certificate(*, code: str, fundraising_certificate: str | None, now: datetime) -> None:
    """Renew an organisation's fundraising certificate, or with None take it back: its projects then take no money."""
    row = find_organisation(code)
    if row is None:
        raise NotFound()
    row.fundraising_certificate = _certificate(fundraising_certificate)
    audit.record(action="organisation.certificate", actor=OPERATOR, subject=code, now=now)


def set_receipt_handler(*, code: str, receipt_handler: str, now: datetime) -> None:
    """Name the 经办人 of an organisation's receipts (慈善法 38); papers issued before keep the name that they bear."""
    row = find_organisation(code)
    if row is None:
        raise NotFound()
    row.receipt_handler = _handler(receipt_handler)
    audit.record(action="organisation.receipt_handler", actor=OPERATOR, subject=code, now=now)


def find_organisation(code: str) -> Organisation | None:
    """Return the organisation with this public code, or None."""
    return db.session.scalars(select(Organisation).where(Organisation.code == code)).first()


def organisations() -> list[Organisation]:
    """Return all organisations by name, for the desk's form."""
    return list(db.session.scalars(select(Organisation).order_by(Organisation.name, Organisation.id)))


def _handler(name: str | None) -> str | None:
    return None if name is None else clean_line(name, limit=40, field="receipt_handler")


def _certificate(text: str | None) -> str | None:
    return None if text is None else clean_line(text, limit=60, field="fundraising_certificate")

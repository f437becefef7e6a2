"""Who looked at whose data, as the person himself and an auditor read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, literal, select

from backend.core.db import db
from backend.openings.models import VaultOpening
from backend.people.humans import same_human
from backend.people.models import Person, Staff
from backend.vault.fields import BY_NAME

READ = "openings.read"


@dataclass(frozen=True, kw_only=True)
class OpeningRecord:
    """One row of the log. `person_code` is null where what was opened is kept of an erased person."""

    id: int
    opened_at: datetime
    staff_name: str
    staff_code: str
    staff_role: str
    staff_region: str
    person_code: str | None
    row: str
    labels: list[str]
    purpose: str
    reason: str | None
    request_id: str


def openings_of(person_id: int, *, before_id: int | None, limit: int) -> list[OpeningRecord]:
    """Return who looked at the data of a human, under whatever row of his, newest first (PIPL 44)."""
    return _page(_openings().where(VaultOpening.person_id.in_(same_human(person_id))), before_id, limit)


def openings_in(prefix: str, *, before_id: int | None, limit: int) -> list[OpeningRecord]:
    """Return the openings in the regions under `prefix`, newest first, for who watches over them."""
    return _page(_openings().where(VaultOpening.region_code.startswith(literal(prefix))), before_id, limit)


def _page(statement: Select[*tuple[Any, ...]], before_id: int | None, limit: int) -> list[OpeningRecord]:
    if before_id is not None:
        statement = statement.where(VaultOpening.id < before_id)
    rows = db.session.execute(statement.order_by(VaultOpening.id.desc()).limit(limit))
    return [_record(dict(row._mapping)) for row in rows]


def _record(told: dict[str, Any]) -> OpeningRecord:
    labels = [BY_NAME[name].label for name in told.pop("fields").split()]
    return OpeningRecord(**told, labels=labels)


def _openings() -> Select[*tuple[Any, ...]]:
    own = ("id", "opened_at", "row", "fields", "purpose", "reason", "request_id")
    return (
        select(*(getattr(VaultOpening, name) for name in own))
        .add_columns(Staff.name.label("staff_name"), Staff.code.label("staff_code"), Staff.role.label("staff_role"))
        .add_columns(Staff.region_code.label("staff_region"), Person.code.label("person_code"))
        .join(Staff, Staff.id == VaultOpening.staff_id)
        .outerjoin(Person, Person.id == VaultOpening.person_id)
    )

"""What a person may know of his data: each value that we hold, for what, since when (PIPL 44, 45)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select

from backend.core.db import db
from backend.core.errors import NotFound
from backend.people.humans import same_human
from backend.vault.fields import BY_NAME, FieldMark
from backend.vault.keyring import SealBroken
from backend.vault.models import VaultKey, VaultValue
from backend.vault.queries import opened

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Item:
    """One value of a person: the field with its marks, the public code of the thing, and the value in the clear."""

    mark: FieldMark
    row: str
    value: str
    changed_at: datetime


def items_of(person_id: int) -> list[Item]:
    """Return everything that the vault holds of a human, under whatever row of his, the newest first."""
    statement = (
        select(VaultValue.field, VaultValue.row, VaultValue.sealed, VaultKey.key_id, VaultKey.wrapped, VaultKey.kek_id)
        .add_columns(VaultValue.changed_at)
        .join(VaultKey, VaultKey.key_id == VaultValue.key_id)
        .where(VaultKey.person_id.in_(same_human(person_id)))
        .order_by(VaultValue.changed_at.desc(), VaultValue.field, VaultValue.row)
    )
    found = []
    for one in db.session.execute(statement):
        try:
            told = {"row": one.row, "value": opened(one), "changed_at": one.changed_at}
        except SealBroken as error:
            log.error("vault.seal_broken", field=one.field, row=one.row, reason=str(error))
            continue
        found.append(Item(mark=BY_NAME[one.field], **told))
    return found


def item_of(person_id: int, *, field: str, row: str) -> Item:
    """Return one value of a human. Refuses `NotFound` for one that is not his."""
    for item in items_of(person_id):
        if (item.mark.field, item.row) == (field, row):
            return item
    raise NotFound()

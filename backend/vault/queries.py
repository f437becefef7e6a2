"""Reading the vault: the values of a page in one statement, each with its key as it is at this moment."""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from sqlalchemy import select

from backend.core.db import db
from backend.vault import keyring
from backend.vault.keyring import SealBroken
from backend.vault.models import VaultKey, VaultValue

log = structlog.get_logger()
Place = tuple[str, str]
"""A field, and the public code of the thing."""


def values_of(fields: Iterable[str], rows: Iterable[str]) -> dict[Place, str]:
    """Return the values of these fields of these things, in the clear; what is not there or erased is left out.

    A value that does not open is left out and told in the log: one broken row must not darken a whole page. `verify`
    names it.
    """
    wanted = sorted(set(rows))
    if not wanted:
        return {}
    statement = (
        select(VaultValue.field, VaultValue.row, VaultValue.sealed, VaultKey.key_id, VaultKey.wrapped, VaultKey.kek_id)
        .join(VaultKey, VaultKey.key_id == VaultValue.key_id)
        .where(VaultValue.field.in_(sorted(set(fields))), VaultValue.row.in_(wanted))
    )
    found: dict[Place, str] = {}
    for one in db.session.execute(statement):
        try:
            found[one.field, one.row] = opened(one)
        except SealBroken as error:
            log.error("vault.seal_broken", field=one.field, row=one.row, reason=str(error))
    return found


def value_of(field: str, row: str) -> str | None:
    """Return one value in the clear, or None."""
    return values_of([field], [row]).get((field, row))


def erased_among(person_ids: Iterable[int]) -> set[int]:
    """Return those of these persons who had themselves forgotten."""
    asked = VaultKey.person_id.in_(sorted(set(person_ids)))
    rows = db.session.scalars(select(VaultKey.person_id).where(asked, VaultKey.destroyed_at.is_not(None)))
    return {person_id for person_id in rows if person_id is not None}


def is_erased(person_id: int) -> bool:
    """Say whether this person had himself forgotten, in a writing transaction: an erasure under way is waited for."""
    mine = select(VaultKey.destroyed_at).where(VaultKey.person_id == person_id).with_for_update(read=True)
    return db.session.scalar(mine) is not None


def opened(one: object) -> str:
    """Return the value of a row of the vault read together with its key. Raises `SealBroken`."""
    field, row, sealed, key_id, wrapped, kek_id = (getattr(one, name) for name in _READ)
    key = keyring.unwrapped(wrapped, kek_id=kek_id, keys=keyring.here(), key_id=key_id)
    return keyring.unseal(sealed, key=key, key_id=key_id, field=field, row=row)


_READ = ("field", "row", "sealed", "key_id", "wrapped", "kek_id")

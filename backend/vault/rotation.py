"""Wrapping the keys of persons anew by the current key of the environment, in chunks, as often as it takes."""

from __future__ import annotations

from sqlalchemy import func, select

from backend.core.db import db
from backend.core.failpoints import failpoint
from backend.vault import keyring
from backend.vault.models import VaultKey

CHUNK = 200


def rotate_chunk(*, limit: int = CHUNK) -> int:
    """Wrap up to `limit` keys anew; return how many. Zero: none is left. Runs in a writing transaction of its own.

    What is done is done: killed in between, the next run goes on with what is left. The sealed values stay as they
    are. Raises `SealBroken` where a key of the environment that is still needed is not given.
    """
    keys = keyring.here()
    old = select(VaultKey).where(VaultKey.kek_id != keys.current).order_by(VaultKey.key_id).limit(limit)
    rows = db.session.scalars(old.with_for_update().execution_options(populate_existing=True)).all()
    for row in rows:
        assert row.wrapped is not None, "what has a kek_id is wrapped"
        assert row.kek_id is not None, "what was found by its kek_id has one"
        row.wrapped = keyring.rewrapped(row.wrapped, kek_id=row.kek_id, keys=keys, key_id=row.key_id)
        row.kek_id = keys.current
    db.session.flush()  # So that a kill comes when the database has heard of it, and forgets it again.
    failpoint("keys_rewrapped")
    return len(rows)


def counted_by_key() -> dict[str, int]:
    """Return how many persons' keys each key of the environment wraps."""
    statement = select(VaultKey.kek_id, func.count()).where(VaultKey.kek_id.is_not(None)).group_by(VaultKey.kek_id)
    return {str(kek_id): int(count) for kek_id, count in db.session.execute(statement)}

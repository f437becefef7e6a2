"""Looking into the database as a thief would: everything that stands in any column of any table."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy import inspect, text

from backend.core.config import Settings
from backend.core.config_vault import OWN, VaultSettings
from backend.core.db import db


def everything() -> Iterator[tuple[str, str]]:
    """Yield every value of every table as text, with the name of its table; what is packed is unpacked."""
    for table in inspect(db.engine).get_table_names():
        for row in db.session.execute(text(f'SELECT * FROM "{table}"')):
            yield from ((table, legible(value)) for value in row if value is not None)


def legible(value: object) -> str:
    """Return a value as somebody reads it who knows how things are packed (gzip, zlib)."""
    if not isinstance(value, bytes):
        return str(value)
    try:
        return zlib.decompress(value, wbits=zlib.MAX_WBITS | 32).decode(errors="replace")
    except zlib.error:  # pragma: no cover - no table keeps other bytes than packed ones on SQLite.
        return value.decode(errors="replace")


def tables_with(*words: str) -> set[str]:
    """Return the tables in which one of these words can be read."""
    return {table for table, value in everything() if any(word in value for word in words)}


def with_keys(settings: Settings, keys: dict[str, bytes]) -> Settings:
    """Return the settings of an installation to which these keys of the vault were given, the first one current."""
    own = {OWN: settings.vault.keys[OWN]}
    given = VaultSettings(current=next(iter(keys)), keys={**keys, **own}, secret_key=settings.secret_key)
    return replace(settings, vault=given)

"""Bills that were kept before lose what they tell of who paid; what seals and history say of them stays."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from typing import Any

import sqlalchemy as sa
from alembic import op

from backend.core.append_only import changed_once
from backend.reconciliation.payers import without_payers

revision = "0029"
down_revision = "0028"

FILES = sa.table("bill_files", *map(sa.column, ("id", "kind", "sha256", "kept_sha256")), sa.column("packed"))


def upgrade() -> None:
    """Take the payers out of each trade bill, one row at a time, as they may be large.

    `sha256`, which the seals of days hold, stays that of what came. A file that is not what its hash says any more is
    left for `verify` to name, but for one that was emptied already, before this step was taken back.
    """
    op.add_column("bill_files", sa.Column("kept_sha256", sa.String(64)))
    bind = op.get_bind()
    trade = sa.select(FILES.c.id).where(FILES.c.kind == "trade").order_by(FILES.c.id)
    with changed_once("bill_files"):
        for number in bind.execute(trade).scalars().all():
            row = bind.execute(sa.select(FILES).where(FILES.c.id == number)).one()
            if told := _without_payers(row):
                bind.execute(sa.update(FILES).where(FILES.c.id == number).values(**told))


def _without_payers(row: Any) -> dict[str, Any]:
    try:
        content = gzip.decompress(row.packed)
        kept = without_payers(content)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        return {}
    is_as_it_came = hashlib.sha256(content).hexdigest() == row.sha256
    if (kept == content) is is_as_it_came:
        return {}
    told = hashlib.sha256(kept).hexdigest()
    return {"kept_sha256": told, "packed": gzip.compress(kept, compresslevel=6, mtime=0)}


def downgrade() -> None:
    """Forget the hashes. What was taken out is gone: the older `verify` names these bills as changed."""
    op.drop_column("bill_files", "kept_sha256")

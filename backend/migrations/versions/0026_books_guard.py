"""Books that do not add up are not written any more, and a chain of hashes over the ledger and the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.core.append_only import drop_append_only, refuse_changes
from backend.core.db import UtcDateTime

revision = "0026"
down_revision = "0025"

RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")
STOPPED = "EXISTS (SELECT 1 FROM books_guard WHERE stopped_at IS NOT NULL)"
_FUNCTION = f"""
CREATE FUNCTION refuse_while_stopped() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF {STOPPED} THEN RAISE EXCEPTION 'the books are stopped' USING ERRCODE = 'restrict_violation'; END IF;
  RETURN NEW;
END $$
"""


def upgrade() -> None:
    """Make the guard, the trigger that asks it before each transfer, and the chain."""
    guard = op.create_table(
        "books_guard",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("stopped_at", UtcDateTime()),
        sa.Column("reason", sa.String(200)),
        sa.Column("checked_at", UtcDateTime()),
    )
    op.bulk_insert(guard, [{"id": 1}])
    op.create_table(
        "chain_links",
        sa.Column("chain", sa.String(10), primary_key=True),
        sa.Column("position", RowId, primary_key=True, autoincrement=False),
        sa.Column("row_id", RowId, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.UniqueConstraint("chain", "row_id", name="uq_chain_links_chain"),
    )
    refuse_changes("chain_links")
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER transfers_wait_while_stopped BEFORE INSERT ON transfers WHEN {STOPPED} "
            "BEGIN SELECT RAISE(ABORT, 'the books are stopped'); END"
        )
        return
    op.execute(_FUNCTION)
    op.execute(
        "CREATE TRIGGER transfers_wait_while_stopped BEFORE INSERT ON transfers "
        "FOR EACH ROW EXECUTE FUNCTION refuse_while_stopped()"
    )


def downgrade() -> None:
    """Let the books be written whatever a check finds, and forget the chain."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER transfers_wait_while_stopped")
    else:
        op.execute("DROP TRIGGER transfers_wait_while_stopped ON transfers")
        op.execute("DROP FUNCTION refuse_while_stopped()")
    drop_append_only("chain_links")
    op.drop_table("books_guard")

"""The outbox in a room of its own: frozen keys, ends that are told, and what a person did about an alert."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from backend.core.db import UtcDateTime
from backend.core.ids import new_code

revision = "0016"
down_revision = "0015"

RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")
RIGHTS = {"national": "outbox.read outbox.act alerts.read alerts.act", "auditor": "outbox.read alerts.read"}
PERMISSIONS = sa.table("permissions", sa.column("role"), sa.column("action"), sa.column("region_prefix"))
CHUNK = 500


def upgrade() -> None:
    """Make both tables anew with what they held, and say who may look and act."""
    _remade("outbox", _outbox(), _with_key)
    op.create_index("ix_outbox_subject", "outbox", ["subject"])
    op.create_index("ix_outbox_kind_next_at", "outbox", ["kind", "next_at"])
    op.create_index("ix_outbox_state_id", "outbox", ["state", "id"])
    _remade("payment_alerts", _alerts(), lambda row: row | {"code": new_code()})
    op.create_index("ix_payment_alerts_handled_at_id", "payment_alerts", ["handled_at", "id"])
    rights = [(role, action) for role, actions in RIGHTS.items() for action in actions.split()]
    op.bulk_insert(PERMISSIONS, [{"role": role, "action": action, "region_prefix": ""} for role, action in rights])


def _remade(name: str, columns: list[Any], told: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Drop a table and make it again with other columns and the same rows, told anew; ids are given in their order."""
    before = sa.Table(name, sa.MetaData(), autoload_with=op.get_bind())
    rows = [_in_utc(dict(row)) for row in op.get_bind().execute(sa.select(before).order_by(before.c.id)).mappings()]
    op.drop_table(name)
    table = op.create_table(name, *columns)
    for start in range(0, len(rows), CHUNK):
        chunk = [told(row) for row in rows[start : start + CHUNK]]
        names = set(table.c.keys()) - {"id"}
        op.bulk_insert(table, [{key: value for key, value in row.items() if key in names} for row in chunk])


def _in_utc(row: dict[str, Any]) -> dict[str, Any]:
    """Give instants the zone back that SQLite does not keep."""
    naive = {name: value for name, value in row.items() if isinstance(value, datetime) and value.tzinfo is None}
    return row | {name: value.replace(tzinfo=UTC) for name, value in naive.items()}


def _with_key(row: dict[str, Any]) -> dict[str, Any]:
    state = "owed" if row["next_at"] is not None else "delivered" if row["delivered_at"] is not None else "dead"
    ended = None if state == "owed" else row["delivered_at"] or row["created_at"]
    told = {"code": new_code(), "key": f"before:{row['id']}", "owed_since": row["created_at"]}
    return row | told | {"state": state, "ended_at": ended}


def _outbox() -> list[Any]:
    return [
        sa.Column("id", RowId, primary_key=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("owed_since", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime()),
        sa.Column("tried_at", UtcDateTime()),
        sa.Column("last_error", sa.String(40)),
        sa.Column("ended_at", UtcDateTime()),
        sa.Column("end_reason", sa.String(200)),
        sa.UniqueConstraint("code", name="uq_outbox_code"),
        sa.UniqueConstraint("kind", "key", name="uq_outbox_kind"),
        sa.CheckConstraint("state IN ('owed', 'delivered', 'dead', 'dropped')", name=op.f("ck_outbox_state")),
        sa.CheckConstraint("(state = 'owed') = (next_at IS NOT NULL)", name=op.f("ck_outbox_owed_has_a_time")),
        sa.CheckConstraint("(state = 'owed') = (ended_at IS NULL)", name=op.f("ck_outbox_ended_is_whole")),
    ]


def _alerts() -> list[Any]:
    return [
        sa.Column("id", RowId, primary_key=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("raised_at", UtcDateTime(), nullable=False),
        sa.Column("handled_at", UtcDateTime()),
        sa.Column("handled_by", RowId, sa.ForeignKey("staff.id")),
        sa.Column("handled_reason", sa.String(200)),
        sa.UniqueConstraint("code", name="uq_payment_alerts_code"),
        sa.UniqueConstraint("kind", "subject", name="uq_payment_alerts_kind"),
        sa.CheckConstraint("(handled_at IS NULL) = (handled_by IS NULL)", name=op.f("ck_payment_alerts_handled_by")),
        sa.CheckConstraint(
            "(handled_at IS NULL) = (handled_reason IS NULL)", name=op.f("ck_payment_alerts_handled_reason")
        ),
    ]


def downgrade() -> None:
    """Take keys, ends and acts away again; what is owed stays owed, what has ended stays ended."""
    rights = " ".join(RIGHTS.values()).split()
    op.execute(PERMISSIONS.delete().where(PERMISSIONS.c.action.in_(rights)))
    _remade("payment_alerts", _alerts_before(), lambda row: row)
    _remade("outbox", _outbox_before(), _without_key)
    op.create_index("ix_outbox_subject", "outbox", ["subject"])
    op.create_index("ix_outbox_next_at", "outbox", ["next_at"])


def _without_key(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"delivered_at": row["ended_at"] if row["state"] == "delivered" else None}


def _outbox_before() -> list[Any]:
    return [
        sa.Column("id", RowId, primary_key=True),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime()),
        sa.Column("delivered_at", UtcDateTime()),
    ]


def _alerts_before() -> list[Any]:
    return [
        sa.Column("id", RowId, primary_key=True),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("raised_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("kind", "subject", name="uq_payment_alerts_kind"),
    ]

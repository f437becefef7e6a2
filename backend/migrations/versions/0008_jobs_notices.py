"""The scheduler's table of periods, its lead and heartbeats, the guard of the clock; notices of fund use."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.core.append_only import drop_append_only, refuse_changes
from backend.core.db import UtcDateTime

revision = "0008"
down_revision = "0007"

RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables; the database itself refuses to change a published notice (law 11)."""
    _periods()
    _scheduler()
    _notices()
    refuse_changes("notices")


def _periods() -> None:
    op.create_table(
        "scheduled_runs",
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("period_key", sa.String(140), primary_key=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("claimed_at", UtcDateTime(), nullable=False),
        sa.Column("claimed_by", sa.String(80), nullable=False),
        sa.Column("lease_until", UtcDateTime(), nullable=False),
        sa.Column("cut_off_position", sa.BigInteger()),
        sa.Column("done_at", UtcDateTime()),
        sa.CheckConstraint("done_at IS NULL OR cut_off_position IS NOT NULL", name="done_has_cut_off"),
    )
    op.create_index("ix_scheduled_runs_due_on", "scheduled_runs", ["due_on"])


def _scheduler() -> None:
    lead = op.create_table(
        "scheduler_lead",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("worker", sa.String(80)),
        sa.Column("claimed_at", UtcDateTime()),
        sa.Column("lease_until", UtcDateTime()),
    )
    op.bulk_insert(lead, [{"id": 1}])
    op.create_table(
        "scheduler_heartbeats",
        sa.Column("host", sa.String(80), primary_key=True),
        sa.Column("worker", sa.String(80), nullable=False),
        sa.Column("boot", sa.String(40), nullable=False),
        sa.Column("steady_ms", sa.BigInteger(), nullable=False),
        sa.Column("beat_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_scheduler_heartbeats_beat_at", "scheduler_heartbeats", ["beat_at"])
    guard = op.create_table(
        "clock_guard",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("paused_at", UtcDateTime()),
        sa.Column("reason", sa.String(200)),
        sa.Column("confirmed_at", UtcDateTime()),
        sa.Column("accepted_until", UtcDateTime()),
    )
    op.bulk_insert(guard, [{"id": 1}])


def _notices() -> None:
    op.create_table("notices", *_what_a_notice_says(), *_what_a_notice_keeps())
    op.create_index("ix_notices_scope_code_id", "notices", ["scope_code", "id"])


def _what_a_notice_says() -> list[sa.Column[object]]:
    return [
        sa.Column("id", RowId, primary_key=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("scope", sa.String(10), nullable=False),
        sa.Column("scope_code", sa.String(16), nullable=False),
        sa.Column("village_code", sa.String(12), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("period_key", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=False),
        sa.Column("opening_position", sa.BigInteger(), nullable=False),
        sa.Column("cut_off_position", sa.BigInteger(), nullable=False),
        sa.Column("corrected_through", sa.BigInteger(), nullable=False),
        sa.Column("corrects", sa.String(16), sa.ForeignKey("notices.code")),
        sa.Column("correction_reason", sa.String(200)),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
    ]


def _what_a_notice_keeps() -> list[sa.Constraint]:
    return [
        sa.UniqueConstraint("code", name="uq_notices_code"),
        sa.UniqueConstraint("corrects", name="uq_notices_corrects"),
        sa.UniqueConstraint("scope", "scope_code", "kind", "period_key", "version", name="uq_notices_period"),
        sa.CheckConstraint("version >= 1", name="version"),
        sa.CheckConstraint("(version = 1) = (corrects IS NULL)", name="first_corrects_nothing"),
        sa.CheckConstraint("(corrects IS NULL) = (correction_reason IS NULL)", name="reason_of_correction"),
        sa.CheckConstraint("0 <= opening_position AND opening_position <= cut_off_position", name="positions"),
        sa.CheckConstraint("cut_off_position <= corrected_through", name="corrections_follow"),
    ]


def downgrade() -> None:
    """Take the tables away again, the youngest first."""
    drop_append_only("notices")
    for table in ("clock_guard", "scheduler_heartbeats", "scheduler_lead", "scheduled_runs"):
        op.drop_table(table)

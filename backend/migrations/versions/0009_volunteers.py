"""Volunteers: teams, activities, seats, and what was recorded of who came."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.core.append_only import drop_append_only, refuse_changes
from backend.core.db import UtcDateTime

revision = "0009"
down_revision = "0008"

RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables, and make the database refuse to change what was recorded at an activity."""
    _teams()
    _activities()
    _sign_ups()
    _events()
    _wrong_codes()
    refuse_changes("volunteer_events")


def _teams() -> None:
    op.create_table(
        "volunteer_teams",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("village_code", sa.String(12), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(40), nullable=False),
        sa.UniqueConstraint("code", name="uq_volunteer_teams_code"),
        sa.UniqueConstraint("village_code", name="uq_volunteer_teams_village_code"),
    )
    op.create_table(
        "volunteer_names",
        sa.Column("person_id", RowId, sa.ForeignKey("people.id"), primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "volunteer_team_members",
        sa.Column("team_id", RowId, sa.ForeignKey("volunteer_teams.id"), primary_key=True),
        sa.Column("person_id", RowId, sa.ForeignKey("people.id"), primary_key=True),
        sa.Column("joined_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_volunteer_team_members_person_id", "volunteer_team_members", ["person_id"])


def _activities() -> None:
    op.create_table(
        "volunteer_activities",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("team_id", RowId, sa.ForeignKey("volunteer_teams.id"), nullable=False),
        sa.Column("village_code", sa.String(12), nullable=False),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("place", sa.String(60), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("seats_taken", sa.Integer(), nullable=False),
        sa.Column("target", sa.String(60), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("leader_name", sa.String(20), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("opened_by", sa.String(40), nullable=False),
        sa.Column("cancelled_at", UtcDateTime()),
        sa.Column("cancel_reason", sa.String(100)),
        sa.UniqueConstraint("code", name="uq_volunteer_activities_code"),
        sa.CheckConstraint("seats > 0 AND seats_taken >= 0 AND seats_taken <= seats", name="seats"),
        sa.CheckConstraint("starts_at < ends_at", name="times"),
    )
    op.create_index("ix_volunteer_activities_village_code_id", "volunteer_activities", ["village_code", "id"])


def _sign_ups() -> None:
    op.create_table(
        "volunteer_sign_ups",
        sa.Column("activity_id", RowId, sa.ForeignKey("volunteer_activities.id"), primary_key=True),
        sa.Column("person_id", RowId, sa.ForeignKey("people.id"), primary_key=True),
        sa.Column("signed_up_at", UtcDateTime(), nullable=False),
        sa.Column("cancelled_at", UtcDateTime()),
    )
    op.create_index("ix_volunteer_sign_ups_person_id", "volunteer_sign_ups", ["person_id"])


def _events() -> None:
    op.create_table(
        "volunteer_events",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("activity_id", RowId, sa.ForeignKey("volunteer_activities.id"), nullable=False),
        sa.Column("person_id", RowId, sa.ForeignKey("people.id"), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("code_window", sa.BigInteger()),
        sa.Column("nonce", sa.String(80), nullable=False),
        sa.Column("recorded_by", sa.String(40), nullable=False),
        sa.Column("minutes", sa.Integer()),
        sa.Column("reason", sa.String(100)),
        sa.UniqueConstraint("activity_id", "person_id", "kind", name="uq_volunteer_events_activity_id"),
        sa.CheckConstraint("kind IN ('in', 'out', 'confirmed')", name="kind"),
        sa.CheckConstraint(
            "(kind = 'confirmed') = (minutes IS NOT NULL AND reason IS NOT NULL)", name="minutes_of_leader"
        ),
        sa.CheckConstraint("(kind = 'confirmed') = (code_window IS NULL)", name="window_of_code"),
        sa.CheckConstraint("minutes >= 0 AND minutes <= 720", name="minutes"),
    )
    op.create_index("ix_volunteer_events_person_id", "volunteer_events", ["person_id"])


def _wrong_codes() -> None:
    op.create_table(
        "volunteer_wrong_codes",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("activity_id", RowId, sa.ForeignKey("volunteer_activities.id"), nullable=False),
        sa.Column("person_id", RowId, sa.ForeignKey("people.id"), nullable=False),
        sa.Column("tried_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_volunteer_wrong_codes_who", "volunteer_wrong_codes", ["activity_id", "person_id", "tried_at"])


def downgrade() -> None:
    """Take the tables away again, the youngest first."""
    op.drop_table("volunteer_wrong_codes")
    drop_append_only("volunteer_events")
    for table in ("volunteer_sign_ups", "volunteer_activities", "volunteer_team_members", "volunteer_names"):
        op.drop_table(table)
    op.drop_table("volunteer_teams")

"""Accounts by which people come back, persons who turned out to be one human, and logins under way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.core.db import UtcDateTime

revision = "0018"
down_revision = "0017"

RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables; a session learns by which account and when it was logged in."""
    _joined_people()
    _accounts()
    _logins_under_way()
    _allowances()
    with op.batch_alter_table("device_sessions") as batch:
        account = sa.ForeignKey("login_accounts.id", name="fk_device_sessions_account_id_login_accounts")
        batch.add_column(sa.Column("account_id", RowId, account))
        batch.add_column(sa.Column("logged_in_at", UtcDateTime()))
        batch.create_index("ix_device_sessions_account_id", ["account_id"])


def _joined_people() -> None:
    op.create_table(
        "joined_people",
        sa.Column("person_id", RowId, sa.ForeignKey("people.id"), primary_key=True, autoincrement=False),
        sa.Column("head_id", RowId, sa.ForeignKey("people.id"), nullable=False),
        sa.Column("joined_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("person_id <> head_id", name="joined_to_another"),
    )
    op.create_index("ix_joined_people_head_id", "joined_people", ["head_id"])


def _accounts() -> None:
    op.create_table(
        "login_accounts",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("person_id", RowId, sa.ForeignKey("people.id"), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("app_id", sa.String(32), nullable=False),
        sa.Column("subject_index", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False),
        sa.Column("union_index", sa.String(64)),
        sa.Column("joined_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("code", name="uq_login_accounts_code"),
        sa.UniqueConstraint("kind", "app_id", "subject_index", name="uq_login_accounts_kind_app_id_subject_index"),
        sa.CheckConstraint("kind IN ('wechat_mini', 'wechat_official', 'phone')", name="kind"),
        sa.CheckConstraint("(kind = 'phone') = (app_id = '')", name="app_of_wechat"),
    )
    op.create_index("ix_login_accounts_person_id", "login_accounts", ["person_id"])
    op.create_index("ix_login_accounts_union_index", "login_accounts", ["union_index"])


def _logins_under_way() -> None:
    op.create_table(
        "login_states",
        sa.Column("state_hash", sa.String(64), primary_key=True),
        sa.Column("browser_hash", sa.String(64), nullable=False),
        sa.Column("next_page", sa.String(255), nullable=False),
        sa.Column("adds", sa.Boolean(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_login_states_ends_at", "login_states", ["ends_at"])
    op.create_table(
        "phone_codes",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("phone_index", sa.String(64), nullable=False),
        sa.Column("device_hash", sa.String(64), nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", UtcDateTime()),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_phone_codes_device_hash", "phone_codes", ["device_hash"])
    op.create_index("ix_phone_codes_ends_at", "phone_codes", ["ends_at"])


def _allowances() -> None:
    op.create_table(
        "send_allowances",
        sa.Column("subject_hash", sa.String(64), primary_key=True),
        sa.Column("sent_at", sa.String(600), nullable=False),
        sa.Column("kept_until", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_send_allowances_kept_until", "send_allowances", ["kept_until"])


def downgrade() -> None:
    """Drop the tables. Sessions that were logged in stay open for the person they were opened for."""
    with op.batch_alter_table("device_sessions") as batch:
        batch.drop_index("ix_device_sessions_account_id")
        batch.drop_constraint("fk_device_sessions_account_id_login_accounts", type_="foreignkey")
        batch.drop_column("account_id")
        batch.drop_column("logged_in_at")
    for table in ("send_allowances", "phone_codes", "login_states", "login_accounts", "joined_people"):
        op.drop_table(table)

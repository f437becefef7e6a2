"""Links and the nicknames of those who share them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.core.db import UtcDateTime

revision = "0005"
down_revision = "0004"

RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")
STANDING = sa.text("kind IN ('project', 'village')")
OF_A_SHARER = sa.text("kind = 'share'")


def upgrade() -> None:
    """Make the two tables."""
    op.create_table(
        "links",
        sa.Column("link_id", sa.String(10), primary_key=True),
        sa.Column("key_id", sa.String(1), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("target_kind", sa.String(10), nullable=False),
        sa.Column("target_code", sa.String(16), nullable=False),
        sa.Column("poster_number", sa.String(12)),
        sa.Column("poster_place", sa.String(60)),
        sa.Column("sharer_id", RowId, sa.ForeignKey("people.id")),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime()),
        sa.Column("revoked_for", sa.String(100)),
        sa.UniqueConstraint("poster_number", name="uq_links_poster_number"),
        sa.CheckConstraint("kind IN ('project', 'village', 'poster', 'share')", name="kind"),
        sa.CheckConstraint("target_kind IN ('project', 'village')", name="target_kind"),
        sa.CheckConstraint("(kind = 'poster') = (poster_number IS NOT NULL)", name="poster_has_number"),
        sa.CheckConstraint("(kind = 'share') = (sharer_id IS NOT NULL)", name="share_has_sharer"),
    )
    _one_of_a_kind("ix_links_standing", ["target_kind", "target_code"], STANDING)
    _one_of_a_kind("ix_links_share", ["sharer_id", "target_kind", "target_code"], OF_A_SHARER)
    op.create_index("ix_links_target", "links", ["target_kind", "target_code"])
    op.create_table(
        "link_words",
        sa.Column("link_id", sa.String(10), sa.ForeignKey("links.link_id"), primary_key=True),
        sa.Column("person_id", RowId, sa.ForeignKey("people.id"), nullable=False),
        sa.Column("name", sa.String(20), nullable=False),
    )
    op.create_index("ix_link_words_person_id", "link_words", ["person_id"])


def _one_of_a_kind(name: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, "links", columns, unique=True, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("link_words")
    op.drop_table("links")

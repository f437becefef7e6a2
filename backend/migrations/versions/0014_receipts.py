"""Receipts numbered per organisation and year, with papers that cancel; what was issued keeps its earlier number."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from backend.core.append_only import drop_append_only, refuse_changes
from backend.core.db import UtcDateTime, local_date

revision = "0014"
down_revision = "0013"

RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")
APPEND_ONLY = ("receipts", "receipt_waivers", "receipt_refunds", "receipt_heads")
RULES = {
    "kind": "kind IN ('gift', 'cancels', 'rest')",
    "amount": "(kind = 'cancels') = (amount_fen < 0) AND amount_fen <> 0",
    "of_another": "(kind = 'gift') = (of_id IS NULL)",
    "reason": "(kind = 'gift') = (reason IS NULL)",
}
PLATFORM = "幸福家园平台"


def upgrade() -> None:
    """Make the room; the papers of before get their numbers anew, in ledger order, and stay found by the old ones."""
    op.add_column("organisations", sa.Column("receipt_handler", sa.String(40)))
    op.execute("CREATE TABLE receipts_before AS SELECT number, transfer_id, gift_id, issued_at FROM receipts")
    drop_append_only("receipts")
    _heads()
    _receipts()
    _beside()
    with op.batch_alter_table("receipt_state") as batch:
        batch.alter_column("last_number", new_column_name="last_id")
    _keep_heads()
    op.execute(_kept_papers())
    op.execute(
        "INSERT INTO receipt_series (organisation_id, year, last_number)"
        " SELECT organisation_id, year, max(number) FROM receipts GROUP BY organisation_id, year"
    )
    op.drop_table("receipts_before")
    for table in APPEND_ONLY:
        refuse_changes(table)


def _heads() -> None:
    op.create_table(
        "receipt_heads",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("project_id", RowId, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", RowId, sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("organisation_name", sa.String(100), nullable=False),
        sa.Column("uscc", sa.String(18), nullable=False),
        sa.Column("certificate", sa.String(60)),
        sa.Column("handler", sa.String(40), nullable=False),
        sa.Column("filing_number", sa.String(60)),
        sa.Column("project_title", sa.String(60), nullable=False),
        sa.Column("village", sa.String(240), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("project_id", "version", name="uq_receipt_heads_project_id"),
    )


def _receipts() -> None:
    op.create_table(
        "receipts",
        sa.Column("id", RowId, primary_key=True, autoincrement=False),
        sa.Column("organisation_id", RowId, sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("printed", sa.String(40), nullable=False),
        sa.Column("earlier", sa.String(40)),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("head_id", RowId, sa.ForeignKey("receipt_heads.id"), nullable=False),
        sa.Column("gift_id", RowId, sa.ForeignKey("gifts.id"), nullable=False),
        sa.Column("transfer_id", RowId, sa.ForeignKey("transfers.id"), nullable=False),
        sa.Column("of_id", RowId, sa.ForeignKey("receipts.id")),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(200)),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("organisation_id", "year", "number", name="uq_receipts_organisation_id"),
        sa.UniqueConstraint("transfer_id", "kind", name="uq_receipts_transfer_id"),
        sa.UniqueConstraint("of_id", "kind", name="uq_receipts_of_id"),
        sa.UniqueConstraint("printed", name="uq_receipts_printed"),
        sa.UniqueConstraint("earlier", name="uq_receipts_earlier"),
        *(sa.CheckConstraint(rule, name=name) for name, rule in RULES.items()),
    )
    op.create_index("ix_receipts_gift_id_id", "receipts", ["gift_id", "id"])
    op.create_table(
        "receipt_series",
        sa.Column("organisation_id", RowId, sa.ForeignKey("organisations.id"), primary_key=True),
        sa.Column("year", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
    )


def _beside() -> None:
    op.create_table(
        "receipt_refunds",
        sa.Column("transfer_id", RowId, sa.ForeignKey("transfers.id"), primary_key=True, autoincrement=False),
        sa.Column("gift_id", RowId, sa.ForeignKey("gifts.id"), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_receipt_refunds_gift_id", "receipt_refunds", ["gift_id"])
    op.create_table(
        "receipt_waivers",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("gift_id", RowId, sa.ForeignKey("gifts.id"), nullable=False),
        sa.Column("is_waived", sa.Boolean(), nullable=False),
        sa.Column("said_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_receipt_waivers_gift_id_id", "receipt_waivers", ["gift_id", "id"])
    op.create_table(
        "receipt_tries",
        sa.Column("bucket", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("hour", UtcDateTime(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
    )


def _keep_heads() -> None:
    """State for each project with receipts what its papers stated: they were drawn from the project each time."""
    ways = "JOIN gifts g ON g.id = b.gift_id JOIN payment_orders o ON o.id = g.order_id"
    facts = "p.id, p.organisation_id, c.name, c.uscc, c.fundraising_certificate, p.filing_number, p.title, p.is_demo"
    rows = op.get_bind().execute(
        sa.text(
            f"SELECT DISTINCT {facts}, p.village_code FROM receipts_before b {ways}"
            " JOIN projects p ON p.code = o.purse JOIN organisations c ON c.id = p.organisation_id ORDER BY p.id"
        )
    )
    names = ["project_id", "organisation_id", "organisation_name", "uscc", "certificate", "filing_number"]
    names += ["project_title", "is_demo", "village_code"]
    for row in rows.all():
        told: dict[str, Any] = dict(zip(names, row, strict=True))
        place = _place(told.pop("village_code"))
        kept = {**told, "is_demo": bool(told["is_demo"]), "village": place, "handler": PLATFORM, "version": 1}
        op.get_bind().execute(sa.insert(_table("receipt_heads", *kept)).values(kept))


def _table(name: str, *columns: str) -> Any:
    return sa.table(name, *map(sa.column, columns))


def _place(village_code: str) -> str:
    """Return a village's name with everything it lies in: the code of a parent is the beginning of its own."""
    codes = [village_code[:length] for length in (2, 4, 6, 9, 12)]
    regions = _table("regions", "code", "name")
    found = sa.select(regions.c.name).where(regions.c.code.in_(codes)).order_by(regions.c.code)
    return "".join(op.get_bind().scalars(found)) or village_code


def _kept_papers() -> str:
    """Number what was issued in the order of the ledger, per organisation and year of the money's date."""
    year = "CAST(substr(CAST(t.provider_date AS VARCHAR(10)), 1, 4) AS INTEGER)"
    issued = local_date(sa.literal_column("b.issued_at")).compile(dialect=op.get_bind().dialect)
    padded = "substr(CAST(100000000 + {} AS VARCHAR(20)), 2)"
    earlier = f"'XFJY-' || substr(CAST({issued} AS VARCHAR(10)), 1, 4) || '-' || {padded.format('b.number')}"
    return (
        "INSERT INTO receipts (id, organisation_id, year, number, printed, earlier, kind, head_id, gift_id,"
        " transfer_id, amount_fen, issued_at) SELECT id, organisation_id, year, number,"
        f" substr(uscc, 9, 9) || '-' || year || '-' || {padded.format('number')}, earlier, 'gift', head_id, gift_id,"
        " transfer_id, amount_fen, issued_at FROM (SELECT b.number AS id, h.organisation_id, h.uscc, h.id AS head_id,"
        f" {year} AS year, row_number() OVER (PARTITION BY h.organisation_id, {year} ORDER BY b.number) AS number,"
        f" {earlier} AS earlier, b.gift_id, b.transfer_id, t.amount_fen, b.issued_at"
        " FROM receipts_before b JOIN gifts g ON g.id = b.gift_id JOIN payment_orders o ON o.id = g.order_id"
        " JOIN projects p ON p.code = o.purse JOIN receipt_heads h ON h.project_id = p.id"
        " JOIN transfers t ON t.id = b.transfer_id) kept"
    )


def downgrade() -> None:
    """Go back to one running number over all receipts; papers that cancel have no place there and go."""
    op.execute("CREATE TABLE receipts_before AS SELECT * FROM receipts WHERE kind = 'gift'")
    op.drop_table("receipt_tries")
    op.drop_table("receipt_series")
    for table in APPEND_ONLY:
        drop_append_only(table)
    op.create_table(
        "receipts",
        sa.Column("number", RowId, primary_key=True, autoincrement=False),
        sa.Column("transfer_id", RowId, sa.ForeignKey("transfers.id"), nullable=False),
        sa.Column("gift_id", RowId, sa.ForeignKey("gifts.id"), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("transfer_id", name="uq_receipts_transfer_id"),
        sa.UniqueConstraint("gift_id", name="uq_receipts_gift_id"),
    )
    op.execute(
        "INSERT INTO receipts (number, transfer_id, gift_id, issued_at)"
        " SELECT row_number() OVER (ORDER BY id), transfer_id, gift_id, issued_at FROM receipts_before"
    )
    op.drop_table("receipts_before")
    refuse_changes("receipts")
    with op.batch_alter_table("receipt_state") as batch:
        batch.alter_column("last_id", new_column_name="last_number")
    op.execute("UPDATE receipt_state SET last_number = (SELECT COALESCE(max(number), 0) FROM receipts)")
    op.drop_column("organisations", "receipt_handler")  # In place: a table made anew would lose who refers to it.

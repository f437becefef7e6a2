"""Names, messages, nicknames, reasons, openids and phone numbers move into the vault, sealed for each person.

Needs the key of the environment: the settings refuse to start without it in production, and elsewhere it is drawn
from the installation's secret. What cannot be opened (a changed SECRET_KEY) stops the migration, and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from backend.core.db import UtcDateTime
from backend.core.ids import new_code
from backend.people.sealed import seal as seal_old
from backend.people.sealed import unseal as unseal_old
from backend.vault import keyring

revision = "0024"
down_revision = "0023"

RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")
CHUNK = 500
PEOPLE = sa.table("people", sa.column("id"), sa.column("code"))
GIFTS = sa.table("gifts", *map(sa.column, ("id", "code", "person_id")), sa.column("ordered_at", UtcDateTime()))
REFUNDS = sa.table("refunds", *map(sa.column, ("id", "code", "gift_id")), sa.column("asked_at", UtcDateTime()))
LINKS = sa.table("links", sa.column("link_id"), sa.column("sharer_id"), sa.column("made_at", UtcDateTime()))
KEYS = sa.table(
    "vault_keys",
    *map(sa.column, ("key_id", "person_id", "wrapped", "kek_id")),
    sa.column("made_at", UtcDateTime()),
)
VAULT = sa.table(
    "vault",
    *map(sa.column, ("field", "row", "key_id", "sealed", "blind_index")),
    sa.column("changed_at", UtcDateTime()),
)
GIFT_WORDS = sa.table("gift_words", *map(sa.column, ("gift_id", "person_id", "name", "message")))
REFUND_WORDS = sa.table("refund_words", *map(sa.column, ("refund_id", "person_id", "reason")))
LINK_WORDS = sa.table("link_words", *map(sa.column, ("link_id", "person_id", "name")))
NAMES = sa.table("volunteer_names", *map(sa.column, ("person_id", "name")), sa.column("told_at", UtcDateTime()))
ACCOUNTS = sa.table(
    "login_accounts",
    *map(sa.column, ("id", "code", "person_id", "kind", "subject", "subject_index")),
    sa.column("joined_at", UtcDateTime()),
)


def upgrade() -> None:
    """Make the vault, seal what stands in the clear, and drop where it stood."""
    _make_tables()
    gift = sa.select(GIFT_WORDS, GIFTS.c.code, GIFTS.c.ordered_at.label("at")).join(
        GIFTS, GIFTS.c.id == GIFT_WORDS.c.gift_id
    )
    refund = sa.select(REFUND_WORDS, REFUNDS.c.code, REFUNDS.c.asked_at.label("at")).join(
        REFUNDS, REFUNDS.c.id == REFUND_WORDS.c.refund_id
    )
    link = sa.select(LINK_WORDS, LINK_WORDS.c.link_id.label("code"), LINKS.c.made_at.label("at")).join(
        LINKS, LINKS.c.link_id == LINK_WORDS.c.link_id
    )
    named = sa.select(NAMES, PEOPLE.c.code, NAMES.c.told_at.label("at")).join(PEOPLE, PEOPLE.c.id == NAMES.c.person_id)
    account = sa.select(ACCOUNTS, ACCOUNTS.c.joined_at.label("at"))
    _move(gift, GIFT_WORDS.c.gift_id, lambda row: [("gift.name", row.name), ("gift.message", row.message)])
    _move(refund, REFUND_WORDS.c.refund_id, lambda row: [("refund.reason", row.reason)])
    _move(link, LINK_WORDS.c.link_id, lambda row: [("share.name", row.name)])
    _move(named, NAMES.c.person_id, lambda row: [("volunteer.name", row.name)])
    _move(account, ACCOUNTS.c.id, lambda row: [(_field_of(row.kind), _old_subject(row))])
    for table in ("gift_words", "refund_words", "link_words"):
        op.drop_table(table)
    with op.batch_alter_table("volunteer_names") as batch:
        batch.drop_column("name")
    with _sessions_apart(), op.batch_alter_table("login_accounts") as batch:
        batch.drop_constraint("uq_login_accounts_kind_app_id_subject_index", type_="unique")
        batch.drop_column("subject")
        batch.drop_column("subject_index")


@contextmanager
def _sessions_apart() -> Iterator[None]:
    """Take the sessions off their accounts while that table is made anew: SQLite drops no table that others name."""
    held = "SELECT account_id FROM sessions_apart WHERE sessions_apart.token_hash = device_sessions.token_hash"
    mine = "SELECT token_hash, account_id FROM device_sessions WHERE account_id IS NOT NULL"
    op.execute(f"CREATE TABLE sessions_apart AS {mine}")
    op.execute("UPDATE device_sessions SET account_id = NULL WHERE account_id IS NOT NULL")
    yield
    op.execute(
        f"UPDATE device_sessions SET account_id = ({held}) WHERE token_hash IN (SELECT token_hash FROM sessions_apart)"
    )
    op.drop_table("sessions_apart")


def _make_tables() -> None:
    op.create_table(
        "vault_keys",
        sa.Column("key_id", sa.String(16), primary_key=True),
        sa.Column("person_id", RowId, sa.ForeignKey("people.id", name="fk_vault_keys_person_id_people")),
        sa.Column("wrapped", sa.String(120)),
        sa.Column("kek_id", sa.String(20)),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("destroyed_at", UtcDateTime()),
        sa.Column("keep_until", sa.Date()),
        sa.UniqueConstraint("person_id", name="uq_vault_keys_person_id"),
        sa.CheckConstraint("(wrapped IS NULL) = (destroyed_at IS NOT NULL)", name="wrapped_until_destroyed"),
        sa.CheckConstraint("(wrapped IS NULL) = (kek_id IS NULL)", name="wrapped_by_a_key"),
        sa.CheckConstraint("(person_id IS NULL) = (keep_until IS NOT NULL)", name="person_or_term"),
    )
    op.create_index("ix_vault_keys_kek_id", "vault_keys", ["kek_id"])
    op.create_index("ix_vault_keys_keep_until", "vault_keys", ["keep_until"])
    key = sa.ForeignKey("vault_keys.key_id", name="fk_vault_key_id_vault_keys")
    op.create_table(
        "vault",
        sa.Column("field", sa.String(30), primary_key=True),
        sa.Column("row", sa.String(16), primary_key=True),
        sa.Column("key_id", sa.String(16), key, nullable=False),
        sa.Column("sealed", sa.String(1000), nullable=False),
        sa.Column("blind_index", sa.String(64)),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("field", "blind_index", name="uq_vault_field_blind_index"),
    )
    op.create_index("ix_vault_key_id", "vault", ["key_id"])


def _blocks(statement: Any, key: Any) -> Iterator[list[Any]]:
    """Read a table in blocks by its key, so that a province fits into memory."""
    last: Any = None
    while True:
        part = statement if last is None else statement.where(key > last)
        rows = op.get_bind().execute(part.order_by(key).limit(CHUNK)).all()
        if not rows:
            return
        yield list(rows)
        last = getattr(rows[-1], key.name)


def _move(statement: Any, key: Any, fields: Callable[[Any], list[tuple[str, str | None]]]) -> None:
    for rows in _blocks(statement, key):
        held = _keys_of({row.person_id: row.at for row in rows})
        sealed = [
            _sealed(held[row.person_id], row, field, value)
            for row in rows
            for field, value in fields(row)
            if value is not None
        ]
        if sealed:
            op.get_bind().execute(sa.insert(VAULT), sealed)


def _sealed(held: tuple[str, bytes], row: Any, field: str, value: str) -> dict[str, Any]:
    key_id, key = held
    sealed = keyring.seal(value, key=key, key_id=key_id, field=field, row=row.code)
    index = getattr(row, "subject_index", None)
    named = {"field": field, "row": row.code, "key_id": key_id}
    return {**named, "sealed": sealed, "blind_index": index, "changed_at": row.at}


def _keys_of(since: dict[int, datetime]) -> dict[int, tuple[str, bytes]]:
    """Return the keys of these persons; those who have none get one, as old as what it seals."""
    keys, bind = keyring.here(), op.get_bind()
    mine = sa.select(KEYS).where(KEYS.c.person_id.in_(sorted(since)))
    missing = set(since) - {row.person_id for row in bind.execute(mine)}
    made = []
    for person_id in sorted(missing):
        key_id = new_code(12)
        wrapped = keyring.new_wrapped_key(keys=keys, key_id=key_id)
        told = {"key_id": key_id, "person_id": person_id, "wrapped": wrapped, "kek_id": keys.current}
        made.append(told | {"made_at": since[person_id]})
    if made:
        bind.execute(sa.insert(KEYS), made)
    return {
        row.person_id: (
            row.key_id,
            keyring.unwrapped(row.wrapped, kek_id=row.kek_id, keys=keys, key_id=row.key_id),
        )
        for row in bind.execute(mine)
    }


def _field_of(kind: str) -> str:
    return "account.phone" if kind == "phone" else "account.openid"


def _old_subject(row: Any) -> str:
    return unseal_old(row.subject, place=f"login_accounts:subject:{row.code}", secret_key=keyring.here().secret_key)


def downgrade() -> None:
    """Put everything back in the clear where it stood. What was erased stays erased."""
    _make_old_tables()
    _put_back_words()
    _put_back_accounts()
    op.drop_table("vault")
    op.drop_table("vault_keys")


def _make_old_tables() -> None:
    person = ("person_id", RowId, "people.id")
    for table, of, texts in (
        ("gift_words", ("gift_id", RowId, "gifts.id"), [("name", 20, True), ("message", 100, True)]),
        ("refund_words", ("refund_id", RowId, "refunds.id"), [("reason", 200, False)]),
        ("link_words", ("link_id", sa.String(10), "links.link_id"), [("name", 20, False)]),
    ):
        names = {name: f"fk_{table}_{name}_{target.split('.')[0]}" for name, _, target in (of, person)}
        op.create_table(
            table,
            sa.Column(of[0], of[1], sa.ForeignKey(of[2], name=names[of[0]]), primary_key=True, autoincrement=False),
            sa.Column("person_id", RowId, sa.ForeignKey("people.id", name=names["person_id"]), nullable=False),
            *(sa.Column(name, sa.String(length), nullable=empty) for name, length, empty in texts),
        )
        op.create_index(f"ix_{table}_person_id", table, ["person_id"])


def _put_back_words() -> None:
    with op.batch_alter_table("volunteer_names") as batch:
        batch.add_column(sa.Column("name", sa.String(20), nullable=False, server_default="志愿者"))
    for told in _told("gift.name", "gift.message"):
        rows = _found(told, sa.select(GIFTS.c.code, GIFTS.c.id.label("gift_id"), GIFTS.c.person_id), GIFTS.c.code)
        both = [(told[row["code"]].get("gift.name"), told[row["code"]].get("gift.message")) for row in rows]
        _insert(GIFT_WORDS, rows, [{"name": name, "message": message} for name, message in both])
    for told in _told("refund.reason"):
        mine = sa.select(REFUNDS.c.code, REFUNDS.c.id.label("refund_id"), GIFTS.c.person_id)
        rows = _found(told, mine.join(GIFTS, GIFTS.c.id == REFUNDS.c.gift_id), REFUNDS.c.code)
        _insert(REFUND_WORDS, rows, [{"reason": told[row["code"]]["refund.reason"]} for row in rows])
    for told in _told("share.name"):
        mine = sa.select(LINKS.c.link_id.label("code"), LINKS.c.link_id, LINKS.c.sharer_id.label("person_id"))
        rows = _found(told, mine, LINKS.c.link_id)
        _insert(LINK_WORDS, rows, [{"name": told[row["code"]]["share.name"]} for row in rows])
    for told in _told("volunteer.name"):
        for row in _found(told, sa.select(PEOPLE), PEOPLE.c.code):
            named_so = sa.update(NAMES).where(NAMES.c.person_id == row["id"])
            op.get_bind().execute(named_so.values(name=told[row["code"]]["volunteer.name"]))
    with op.batch_alter_table("volunteer_names") as batch:
        batch.alter_column("name", existing_type=sa.String(20), server_default=None)


def _put_back_accounts() -> None:
    with _sessions_apart(), op.batch_alter_table("login_accounts") as batch:
        batch.add_column(sa.Column("subject_index", sa.String(64), nullable=True))
        batch.add_column(sa.Column("subject", sa.String(300), nullable=True))
    bind, secret = op.get_bind(), keyring.here().secret_key
    indexes = sa.select(VAULT.c.blind_index).where(VAULT.c.row == ACCOUNTS.c.code).scalar_subquery()
    bind.execute(sa.update(ACCOUNTS).values(subject_index=indexes))
    for told in _told("account.phone", "account.openid"):
        for code, values in told.items():
            (value,) = values.values()
            sealed = seal_old(value, place=f"login_accounts:subject:{code}", secret_key=secret)
            bind.execute(sa.update(ACCOUNTS).where(ACCOUNTS.c.code == code).values(subject=sealed))
    with _sessions_apart(), op.batch_alter_table("login_accounts") as batch:
        batch.alter_column("subject_index", existing_type=sa.String(64), nullable=False)
        batch.alter_column("subject", existing_type=sa.String(300), nullable=False)
        columns = ["kind", "app_id", "subject_index"]
        batch.create_unique_constraint("uq_login_accounts_kind_app_id_subject_index", columns)


def _told(*fields: str) -> Iterator[dict[str, dict[str, str]]]:
    """Yield what lies in the vault in these fields, by thing and field, in blocks of things."""
    keys, bind = keyring.here(), op.get_bind()
    things = sa.select(VAULT.c.row).where(VAULT.c.field.in_(fields)).distinct()
    for block in _blocks(things, VAULT.c.row):
        statement = sa.select(VAULT, KEYS.c.wrapped, KEYS.c.kek_id).join(KEYS, KEYS.c.key_id == VAULT.c.key_id)
        mine = VAULT.c.field.in_(fields) & VAULT.c.row.in_([one.row for one in block])
        told: dict[str, dict[str, str]] = {}
        for one in bind.execute(statement.where(mine)):
            key = keyring.unwrapped(one.wrapped, kek_id=one.kek_id, keys=keys, key_id=one.key_id)
            value = keyring.unseal(one.sealed, key=key, key_id=one.key_id, field=one.field, row=one.row)
            told.setdefault(one.row, {})[one.field] = value
        yield told


def _found(told: dict[str, Any], statement: Any, code: Any) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in op.get_bind().execute(statement.where(code.in_(list(told))))]


def _insert(table: Any, rows: list[dict[str, Any]], words: list[dict[str, Any]]) -> None:
    """Write rows into one of the old tables; without a thing of theirs, words are nobody's."""
    if rows:
        things = [{name: row[name] for name in row if name != "code"} for row in rows]
        named = [thing | told for thing, told in zip(things, words, strict=True)]
        op.get_bind().execute(sa.insert(table), named)

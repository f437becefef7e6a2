"""Whether the file of the database can be trusted at all (bad input 35)."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from backend.core.db import db, is_sqlite, read_with_retries

DAMAGED = (
    "数据库文件已损坏，没有再写入任何东西。"
    "停下服务，把最近的备份恢复到新的数据目录：flask --app wsgi restore --from 备份"
)


def is_damaged() -> bool:
    """Say whether a page of the database's file is broken. PostgreSQL watches over its own; a new file is whole."""
    if not is_sqlite():
        return False
    try:
        return str(read_with_retries(lambda: db.session.scalar(text("PRAGMA quick_check(1)")))) != "ok"
    except DatabaseError:  # Not even the question can be asked.
        return True

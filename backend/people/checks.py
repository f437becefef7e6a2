"""Looking at who was joined to whom, and naming what is out of joint."""

from __future__ import annotations

from sqlalchemy import select

from backend.core.db import db
from backend.people.models import JoinedPerson

SHOWN = 20


def check_people() -> list[str]:
    """Return one sentence for each person joined to one who is joined himself: his gifts would be out of sight."""
    behind = select(JoinedPerson.person_id).scalar_subquery()
    nested = select(JoinedPerson.person_id, JoinedPerson.head_id).where(JoinedPerson.head_id.in_(behind)).limit(SHOWN)
    return [
        f"人员 {row.person_id} 合并到了 {row.head_id}，而后者自己又合并到别人" for row in db.session.execute(nested)
    ]

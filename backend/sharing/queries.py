"""Reading links: those of a project's posters, and those of a person."""

from __future__ import annotations

from sqlalchemy import select

from backend.core.db import db
from backend.people.humans import same_human
from backend.sharing.models import Link
from backend.sharing.service import POSTER, PROJECT, SHARE, LinkRecord, records_of


def posters_of(project_code: str, *, limit: int = 100) -> list[LinkRecord]:
    """Return the poster links of a project, newest first, revoked ones too."""
    mine = (Link.kind == POSTER) & (Link.target_kind == PROJECT) & (Link.target_code == project_code)
    return _records(mine, limit=limit)


def shares_of(person_id: int, *, limit: int = 100) -> list[LinkRecord]:
    """Return a person's own links, newest first. Nobody else may see this list."""
    return _records((Link.kind == SHARE) & Link.sharer_id.in_(same_human(person_id)), limit=limit)


def _records(mine: object, *, limit: int) -> list[LinkRecord]:
    ordered = select(Link).where(mine).order_by(Link.made_at.desc(), Link.link_id).limit(limit)  # type: ignore[arg-type]  # an expression over links
    return records_of(db.session.scalars(ordered).all())

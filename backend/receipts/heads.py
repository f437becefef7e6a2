"""What all papers of a project state alike, kept as it was when they were issued, so that no old paper ever changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select

from backend.core.db import db
from backend.orgs.models import Organisation
from backend.projects.models import Project
from backend.receipts.models import ReceiptHead
from backend.regions.queries import views_of

PLATFORM_HANDLER = "幸福家园平台"
"""Who stands as 经办人 until the organisation has named a person."""
_FACTS = (
    "organisation_id",
    "organisation_name",
    "uscc",
    "certificate",
    "handler",
    "filing_number",
    "project_title",
    "village",
    "is_demo",
)


@dataclass(frozen=True, kw_only=True)
class Head:
    """The head of a project's papers now."""

    id: int
    version: int
    facts: dict[str, Any]


def heads_of(pairs: Sequence[tuple[Project, Organisation]]) -> dict[int, Head]:
    """Return by project the head that states what is true now; one that is new is written down as the next version.

    Only under the lock of `receipt_state`: two that write the same version would meet.
    """
    projects = {project.id: (project, organisation) for project, organisation in pairs}
    if not projects:
        return {}
    newest = select(ReceiptHead).where(ReceiptHead.project_id.in_(sorted(projects))).order_by(ReceiptHead.version)
    kept = {row.project_id: _head(row) for row in db.session.scalars(newest)}
    places = _places([project.village_code for project, _ in projects.values()])
    return {
        project_id: _kept_or_next(kept.get(project_id), project_id, _facts(project, organisation, places))
        for project_id, (project, organisation) in sorted(projects.items())
    }


def _kept_or_next(kept: Head | None, project_id: int, facts: dict[str, Any]) -> Head:
    if kept is not None and kept.facts == facts:
        return kept
    version = 1 if kept is None else kept.version + 1
    row = insert(ReceiptHead).values(project_id=project_id, version=version, **facts).returning(ReceiptHead.id)
    return Head(id=db.session.execute(row).scalar_one(), version=version, facts=facts)


def _head(row: ReceiptHead) -> Head:
    return Head(id=row.id, version=row.version, facts={name: getattr(row, name) for name in _FACTS})


def _facts(project: Project, organisation: Organisation, places: dict[str, str]) -> dict[str, Any]:
    return {
        "organisation_id": organisation.id,
        "organisation_name": organisation.name,
        "uscc": organisation.uscc,
        "certificate": organisation.fundraising_certificate,
        "handler": organisation.receipt_handler or PLATFORM_HANDLER,
        "filing_number": project.filing_number,
        "project_title": project.title,
        "village": places.get(project.village_code, project.village_code),
        "is_demo": project.is_demo,
    }


def _places(codes: Sequence[str]) -> dict[str, str]:
    """Return the full names of the villages by code, from the province down."""
    views = views_of(codes)
    return {code: "".join([*(parent.name for parent in view.parents), view.name]) for code, view in views.items()}

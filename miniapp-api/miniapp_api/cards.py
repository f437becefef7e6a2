"""A project on a card: the same few facts wherever a project is named, its figures from one query of the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from marshmallow import Schema, fields

from backend.ledger.queries import PurseFigures, purse_figures
from backend.projects.rules import KINDS, ProjectRecord, state_of
from backend.regions.queries import called
from miniapp_api.media import media_url


class ProjectCardSchema(Schema):
    """A project, or a village's fund, in a list; `demo` marks what is not real."""

    code = fields.String(required=True)
    title = fields.String(required=True)
    kind = fields.String(required=True, metadata={"enum": list(KINDS)})
    village_code = fields.String(required=True)
    village_name = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": ["collecting", "ended", "closed"]})
    target_fen = fields.Integer(required=True, allow_none=True)
    received_fen = fields.Integer(required=True)
    gift_count = fields.Integer(required=True)
    ends_on = fields.Date(required=True, allow_none=True)
    cover_url = fields.String(required=True, allow_none=True)
    demo = fields.Boolean(required=True)


def cards_of(projects: Sequence[ProjectRecord], *, now: datetime) -> list[dict[str, Any]]:
    """Return the cards of projects, names and figures each read in one statement."""
    names = called({project.village_code for project in projects})
    figures = purse_figures((project.code, project.village_code) for project in projects)
    return [
        card(project, village_name=names.get(project.village_code, ""), figures=figures[project.code], now=now)
        for project in projects
    ]


def card_of(project: ProjectRecord, *, now: datetime) -> dict[str, Any]:
    """Return the card of one project."""
    return cards_of([project], now=now)[0]


def card(project: ProjectRecord, *, village_name: str, figures: PurseFigures, now: datetime) -> dict[str, Any]:
    """Return a card from what has been read already."""
    return {
        "code": project.code,
        "title": project.title,
        "kind": project.kind,
        "village_code": project.village_code,
        "village_name": village_name,
        "state": state_of(project, now=now),
        "target_fen": project.target_fen,
        "received_fen": figures.received_fen,
        "gift_count": figures.gift_count,
        "ends_on": project.ends_on,
        "cover_url": media_url(project.cover_media),
        "demo": project.is_demo,
    }

"""Regions over HTTP: the tree to walk, one unit with its parents, and the search for a village."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from backend.projects.queries import funds_of
from backend.regions import queries
from backend.regions.queries import LEVEL_NAMES, RegionChild, RegionView
from backend.regions.search import LIMIT_MAX, search
from miniapp_api.edge import reads
from miniapp_api.etag import etagged

bp = Blueprint("regions", __name__, description="行政区划：逐级浏览，按名称查找村和社区。")
CODE = validate.Regexp(r"\d{2,12}\Z")


class RegionNameSchema(Schema):
    """A unit as a line shows it."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    level = fields.String(required=True, validate=validate.OneOf(list(LEVEL_NAMES)))


class RegionSchema(RegionNameSchema):
    """A unit with those that it lies in, from the province down."""

    parents = fields.List(fields.Nested(RegionNameSchema), required=True)


class RegionChildSchema(RegionNameSchema):
    """A unit of the tree."""

    has_children = fields.Boolean(required=True)


class RegionFoundSchema(RegionSchema):
    """A unit that the search found; `has_fund`: the village has a mutual-aid fund here."""

    has_fund = fields.Boolean(required=True)


class RegionChildrenSchema(Schema):
    """The units right below one, by code."""

    items = fields.List(fields.Nested(RegionChildSchema), required=True)


class RegionsFoundSchema(Schema):
    """What the search found, best first."""

    items = fields.List(fields.Nested(RegionFoundSchema), required=True)


class ChildrenQuery(Schema):
    """Whose children; the provinces without it."""

    parent = fields.String(validate=CODE)


class SearchQuery(Schema):
    """The text to look for, two characters at least, and how many answers at most."""

    q = fields.String(required=True)
    limit = fields.Integer(load_default=20, validate=validate.Range(1, LIMIT_MAX))


@bp.get("/regions")
@etagged
@bp.arguments(ChildrenQuery, location="query")
@bp.response(200, RegionChildrenSchema)
@reads
def list_children(asked: dict[str, Any]) -> dict[str, list[RegionChild]]:
    """List the units right below one, the provinces without a parent."""
    return {"items": queries.children_of(asked.get("parent"))}


@bp.get("/regions/search")
@etagged
@bp.arguments(SearchQuery, location="query")
@bp.response(200, RegionsFoundSchema)
@reads
def search_regions(asked: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Find places by a part of their name, with their parents: exact names first, villages before larger units."""
    found = search(asked["q"], limit=asked["limit"])
    funds = funds_of([region.code for region in found])
    return {"items": [vars(region) | {"has_fund": region.code in funds} for region in found]}


@bp.get("/regions/<string:code>")
@etagged
@bp.response(200, RegionSchema)
@reads
def show_region(code: str) -> RegionView:
    """Show one unit with those that it lies in."""
    return queries.find_region(code)

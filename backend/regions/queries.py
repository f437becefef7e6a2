"""Reading the regions: a unit, its parents, its children, and the names of many at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from backend.core.db import db
from backend.regions.models import Region
from backend.regions.names import village_name
from backend.regions.refusals import NotAVillage, RegionUnknown

LEVELS = {2: "province", 4: "city", 6: "county", 9: "township", 12: "village"}
LEVEL_NAMES = {"province": "省", "city": "市", "county": "县", "township": "乡镇", "village": "村"}


@dataclass(frozen=True, kw_only=True)
class RegionName:
    """A unit as a line shows it; `level` is a key of `LEVEL_NAMES`."""

    code: str
    name: str
    level: str


@dataclass(frozen=True, kw_only=True)
class RegionView(RegionName):
    """A unit with the units that it lies in, from the province down."""

    parents: list[RegionName]


@dataclass(frozen=True, kw_only=True)
class RegionChild(RegionName):
    """A unit in the tree; `has_children` says whether one can walk on."""

    has_children: bool


def level_of(code: str) -> str:
    """Return the level of a code by its length. Refuses `RegionUnknown` for any other length."""
    if len(code) not in LEVELS:
        raise RegionUnknown()
    return LEVELS[len(code)]


def codes_above(code: str) -> list[str]:
    """Return the codes of the units that this one lies in, from the province down."""
    return [code[:length] for length in LEVELS if length < len(code)]


def find_region(code: str) -> RegionView:
    """Return a unit with its parents. Refuses `RegionUnknown`."""
    found = views_of([code])
    if code not in found:
        raise RegionUnknown()
    return found[code]


def village_or_refuse(code: str) -> RegionView:
    """Return a village or community with its parents. Refuses `RegionUnknown`, and `NotAVillage` for a larger unit."""
    found = find_region(code)
    if found.level != "village":
        raise NotAVillage()
    return found


def parents_of(code: str) -> list[RegionName]:
    """Return the units that this one lies in, from the province down. Refuses `RegionUnknown`."""
    return find_region(code).parents


def names_of(codes: Iterable[str]) -> dict[str, str]:
    """Return the names of the units by code, in one query; codes that no unit has are left out."""
    wanted = sorted({code for code in codes if len(code) in LEVELS})
    if not wanted:
        return {}
    rows = db.session.execute(select(Region.code, Region.name).where(Region.code.in_(wanted)))
    return {row.code: row.name for row in rows}


def called(codes: Iterable[str]) -> dict[str, str]:
    """Return by code what people call the villages: 众心村, where the register has 众心村委会. One query."""
    return {code: village_name(name) for code, name in names_of(codes).items()}


def views_of(codes: Iterable[str]) -> dict[str, RegionView]:
    """Return the units with their parents by code, in one query; codes that no unit has are left out."""
    wanted = list(dict.fromkeys(codes))
    names = names_of([*wanted, *(above for code in wanted for above in codes_above(code))])
    return {
        code: RegionView(
            code=code,
            name=names[code],
            level=LEVELS[len(code)],
            parents=[
                RegionName(code=above, name=names[above], level=LEVELS[len(above)])
                for above in codes_above(code)
                if above in names
            ],
        )
        for code in wanted
        if code in names
    }


def children_of(parent: str | None) -> list[RegionChild]:
    """Return the units right below `parent`, by code; the provinces for None. Refuses `RegionUnknown`."""
    if parent is not None and parent not in names_of([parent]):
        raise RegionUnknown()
    below = aliased(Region)
    has_children = exists(select(below.code).where(below.parent_code == Region.code))
    statement = select(Region.code, Region.name, has_children.label("has_children"))
    rows = db.session.execute(statement.where(Region.parent_code == (parent or "")).order_by(Region.code))
    return [
        RegionChild(code=row.code, name=row.name, level=LEVELS[len(row.code)], has_children=bool(row.has_children))
        for row in rows
    ]

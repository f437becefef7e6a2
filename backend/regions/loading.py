"""Loading the official list of regions: all of it at once, or the few units that a story needs."""

from __future__ import annotations

import functools
import hashlib
import lzma
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, select, update

from backend.core.db import db, insert_once
from backend.regions.bulk import gather_statistics, insert_endings, upsert_regions
from backend.regions.models import Region, RegionEnding, RegionsState
from backend.regions.names import RULES_VERSION, endings_of
from backend.regions.queries import codes_above
from backend.regions.refusals import RegionUnknown

FILE = Path(__file__).parent / "data" / "regions.csv.xz"
PARENT_LENGTHS = {2: 0, 4: 2, 6: 4, 9: 6, 12: 9}
Unit = tuple[str, str]
"""Code and name."""
Progress = Callable[[int, int], None]
"""Called with how many rows are written and how many there will be."""


def parent_code_of(code: str) -> str:
    """Return the code of the unit that this one lies in; empty for a province."""
    return code[: PARENT_LENGTHS[len(code)]]


def is_loaded(file: Path = FILE) -> bool:
    """Say whether this very file is loaded, under the present rules of the search."""
    return db.session.scalar(select(RegionsState.edition)) == _edition(file)


def load_all(*, now: datetime, progress: Progress = lambda done, total: None, file: Path = FILE) -> int:
    """Load every unit of the file; return how many. Nothing is written when this file is loaded already.

    Runs in the caller's one transaction: a load that dies leaves what was there before. A unit that a newer file
    no longer names stays, because gifts may point to it, but the search does not find it any more. Two loads at
    once: the second waits, then finds nothing to do.
    """
    state = db.session.scalars(select(RegionsState).with_for_update().execution_options(populate_existing=True)).one()
    edition = _edition(file)
    if state.edition == edition:
        return 0
    units = list(_units(file))
    by_place = _endings_by_place(units)
    told = _counted(progress, len(units) + sum(len(codes) for found in by_place for codes in found.values()))
    upsert_regions(((code, name, parent_code_of(code)) for code, name in units), told)
    db.session.execute(delete(RegionEnding))
    # Sorted as the index is: the database appends and never splits a page.
    for place, found in enumerate(by_place):
        insert_endings(((place, ending, code) for ending in sorted(found) for code in found[ending]), told)
    gather_statistics()
    kept = {"edition": edition, "unit_count": len(units), "loaded_at": now}
    db.session.execute(update(RegionsState).values(kept))
    return len(units)


def load_some(codes: Iterable[str]) -> None:
    """Load these units with all their parents, under their real names, and leave the others out.

    For stories and tests that need a few villages. Refuses `RegionUnknown` for a code that is not in the file.
    """
    wanted = {part for code in codes for part in (code, *codes_above(code))}
    units = [(code, _name_in_file(code)) for code in sorted(wanted)]
    if not units:
        return
    regions = [{"code": code, "name": name, "parent_code": parent_code_of(code)} for code, name in units]
    endings = [
        {"place": place, "ending": ending, "code": code}
        for code, name in units
        for place, ending in endings_of(code, name)
    ]
    db.session.execute(insert_once(Region).on_conflict_do_nothing(), regions)
    db.session.execute(insert_once(RegionEnding).on_conflict_do_nothing(), endings)


def _edition(file: Path) -> str:
    return hashlib.sha256(RULES_VERSION.encode() + b"\n" + file.read_bytes()).hexdigest()


def _units(file: Path) -> Iterator[Unit]:
    """Yield the units in the order of the file, which is that of the codes."""
    with lzma.open(file, "rt", encoding="utf-8", newline="\n") as lines:
        next(lines)
        for line in lines:
            code, _, name = line.rstrip("\n").partition(",")
            yield code, name


def _endings_by_place(units: list[Unit]) -> list[dict[str, list[str]]]:
    by_place: list[dict[str, list[str]]] = [{}, {}, {}, {}]
    for code, name in units:
        for place, ending in endings_of(code, name):
            by_place[place].setdefault(ending, []).append(code)
    return by_place


def _counted(progress: Progress, total: int) -> Callable[[int], None]:
    done = 0

    def told(rows: int) -> None:
        nonlocal done
        done += rows
        progress(done, total)

    return told


@functools.cache
def _file_bytes() -> bytes:
    with lzma.open(FILE) as file:
        return file.read()


@functools.cache
def _name_in_file(code: str) -> str:
    data = _file_bytes()
    start = data.find(f"\n{code},".encode())
    if start < 0 or not code.isdigit():
        raise RegionUnknown(code=code)
    start += len(code) + 2
    return data[start : data.index(b"\n", start)].decode()

"""Every text of every answer carries a mark that says who may read it; the public reads nothing that is not public.

The list of operations and fields comes from the contract: a field that is added without a mark makes this test fail.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from miniapp_api import marks
from miniapp_api.personal import Personal

from backend.vault.fields import BY_NAME, EVERYBODY, OPENID, OWN, STAFF, VOLUNTEER_NAME

Contract = dict[str, Any]
TOLD = "told"
READERS = (
    (EVERYBODY, marks.EVERYBODY_READS),
    (EVERYBODY, marks.IN_OFFICE),
    (OWN, marks.ITS_PERSON_READS),
    (STAFF, marks.STAFF_READ),
    (TOLD, marks.IS_TOLD),
)
WORDS = {f"{schema}.{name}": to for to, table in READERS for schema, names in table.items() for name in names.split()}
OWN_PLACES = re.compile(r"\w+ /(me|gifts|session|shares|login)(/|$)|post /projects/\{code\}/gifts$")
"""Where a person acts on what is his: by his session, or by the secret of his receipt link."""
MAY_SEE = {EVERYBODY: {EVERYBODY}, OWN: {EVERYBODY, OWN}, STAFF: {EVERYBODY, STAFF}}
OPENS = {
    # Each of these writes down who saw what and why: tests/spec/test_who_looked_at_my_data.py and its neighbour.
    "get /desk/words",
    "post /desk/activities/{code}/volunteers/{person}/openings",
    "post /desk/activities/{code}/volunteers/{person}/guardian-name/openings",
    "post /desk/activities/{code}/volunteers/{person}/guardian-phone/openings",
    "post /desk/refunds/{code}/openings",
}
METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture
def contract(app: Flask) -> Contract:
    """The contract as it is answered now."""
    found: Contract = app.test_client().get("/api/v1/openapi.json").json
    return found


def is_text(told: dict[str, Any]) -> bool:
    """Whether anything could be typed into it: a text of no fixed form, a list of such, or whatever an object holds."""
    kinds = told.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if "array" in kinds:
        return "$ref" not in told["items"] and is_text(told["items"])
    return "object" in kinds or ("string" in kinds and "enum" not in told and "format" not in told)


def texts(contract: Contract, schema: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The texts of one schema, by name."""
    properties = contract["components"]["schemas"][schema].get("properties", {})
    yield from ((f"{schema}.{name}", told) for name, told in properties.items() if is_text(told))


def reader(field: str, told: dict[str, Any]) -> str | None:
    """Who may read a text, or None where nobody has said."""
    if "x-personal" in told:
        return str(told["x-personal"]["to"])
    return EVERYBODY if field.rpartition(".")[2] in marks.NO_WORDS else WORDS.get(field)


def named(part: Any) -> set[str]:
    """The schemas that a part of the contract names."""
    if isinstance(part, list):
        return set().union(*map(named, part))
    if not isinstance(part, dict):
        return set()
    here = {str(part["$ref"]).rpartition("/")[2]} if "$ref" in part else set()
    return here.union(*(named(value) for key, value in part.items() if key != "$ref"))


def reached(contract: Contract, part: Any) -> set[str]:
    """The schemas that a part of the contract names, and those that they name."""
    known = contract["components"]["schemas"]
    found: set[str] = set()
    waiting = named(part) & set(known)
    while waiting:
        found |= waiting
        waiting = (named([known[name] for name in waiting]) & set(known)) - found
    return found


def answers(contract: Contract) -> Iterator[tuple[str, str, set[str]]]:
    """Every operation: its name, who stands before it, and the schemas of what it answers."""
    shared = contract["components"]["responses"]
    for path, methods in contract["paths"].items():
        place = path.removeprefix("/api/v1")
        for method in METHODS:
            is_own = OWN_PLACES.match(f"{method} {place}")
            who = STAFF if place.startswith("/desk/") else OWN if is_own else EVERYBODY
            told = methods.get(method, {}).get("responses", {})
            both = [told, [shared[name] for name in named(told) if name in shared]]
            if told:
                yield f"{method} {place}", who, reached(contract, both)


def unmarked(contract: Contract) -> list[str]:
    """Texts of which nobody has said who may read them."""
    schemas = contract["components"]["schemas"]
    return sorted(field for one in schemas for field, told in texts(contract, one) if reader(field, told) is None)


def shown_too_widely(contract: Contract) -> list[str]:
    """Texts in an answer to somebody who may not read them, or whole where they must be masked."""
    found = []
    for operation, who, schemas in answers(contract):
        for field, told in (row for schema in schemas for row in texts(contract, schema)):
            to, is_masked = reader(field, told), told.get("x-personal", {}).get("is_masked", True)
            is_whole = to == STAFF and not is_masked and operation not in OPENS
            if to not in MAY_SEE[who] or is_whole:
                found.append(f"{operation}: {field} is for {to}")
    return sorted(found)


def test_every_text_of_the_contract_says_who_may_read_it(contract: Contract) -> None:
    assert unmarked(contract) == []


def test_nobody_is_answered_what_is_not_for_him(contract: Contract) -> None:
    assert shown_too_widely(contract) == []


def test_no_mark_stands_for_what_is_no_longer_there(contract: Contract) -> None:
    schemas = contract["components"]["schemas"]
    there = {field for one in schemas for field, told in texts(contract, one) if "x-personal" not in told}
    assert sorted(set(WORDS) - there) == []
    assert {field.rpartition(".")[2] for field in there} >= marks.NO_WORDS


def test_every_operation_that_opens_is_there_and_what_it_shows_is_marked(contract: Contract) -> None:
    shown = {
        operation
        for operation, who, schemas in answers(contract)
        for _, told in (row for schema in schemas for row in texts(contract, schema))
        if who == STAFF and not told.get("x-personal", {}).get("is_masked", True)
    }
    assert shown == OPENS


def test_what_is_a_person_s_own_is_answered_to_nobody_without_a_session(app: Flask, contract: Contract) -> None:
    nobody: FlaskClient = app.test_client()
    places = [
        path for path, methods in contract["paths"].items() if path.startswith("/api/v1/me/") and "get" in methods
    ]
    assert len(places) > 5
    for path in places:
        assert nobody.get(path.replace("{year}", "2026")).status_code == 401, path


NEW = {"type": "string"}
MINE = {"type": "string", "x-personal": {"field": VOLUNTEER_NAME, "to": OWN, "is_masked": False}}
WHOLE = {"type": "string", "x-personal": {"field": VOLUNTEER_NAME, "to": STAFF, "is_masked": False}}
LEAKS = [
    ("GiftLine", "giver_name", NEW, "a name that nobody has marked, on a public list"),
    ("RollLine", "nickname", {"type": ["string", "null"]}, "one that may be null, at the desk"),
    ("GiftLine", "names", {"type": "array", "items": NEW}, "a list of names"),
    ("GiftLine", "more", {"type": "object"}, "whatever somebody puts into an object"),
    ("GiftOrder", "nickname", NEW, "a name in a form"),
]
TOO_WIDE = [
    ("GiftLine", MINE, "get /projects/{code}/gifts", "a person's own name on a public list"),
    ("RollLine", MINE, "get /desk/activities/{code}/roll", "a person's own answer at the desk"),
    ("RollLine", WHOLE, "get /desk/activities/{code}/roll", "a whole name on the roll"),
    ("Region", WHOLE, "get /regions/{code}", "a staff field in public"),
]


@pytest.mark.parametrize(("schema", "name", "told", "reason"), LEAKS, ids=[row[-1] for row in LEAKS])
def test_a_new_text_without_a_mark_would_be_found(
    contract: Contract, schema: str, name: str, told: dict[str, Any], reason: str
) -> None:
    changed = copy.deepcopy(contract)
    changed["components"]["schemas"][schema]["properties"][name] = told
    assert unmarked(changed) == [f"{schema}.{name}"], reason


@pytest.mark.parametrize(("schema", "told", "operation", "reason"), TOO_WIDE, ids=[row[-1] for row in TOO_WIDE])
def test_a_mark_in_the_wrong_answer_would_be_found(
    contract: Contract, schema: str, told: dict[str, Any], operation: str, reason: str
) -> None:
    changed = copy.deepcopy(contract)
    changed["components"]["schemas"][schema]["properties"]["name_of_his"] = told
    assert any(found.startswith(f"{operation}: ") for found in shown_too_widely(changed)), reason


def test_a_schema_cannot_show_a_field_to_whom_its_mark_does_not_name() -> None:
    for field, to in ((VOLUNTEER_NAME, EVERYBODY), (OPENID, STAFF)):
        with pytest.raises(ValueError, match="is not shown to"):
            Personal(field, to=to)


def test_a_field_for_staff_is_masked_wherever_it_is_dumped() -> None:
    rows = {"王志愿": "王*", None: None}
    for value, shown in rows.items():
        field = Personal(VOLUNTEER_NAME, to=STAFF, allow_none=True)
        assert field.serialize("name", {"name": value}) == shown
    assert {mark.field for mark in BY_NAME.values() if STAFF not in mark.shown_to} == {OPENID, "account.phone"}

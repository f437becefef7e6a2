"""Codes that people's phones hand out: for one use, for five minutes, for one app."""

from __future__ import annotations

from datetime import timedelta

from wechat_sim.books import Code, Person, World
from wechat_sim.errors import ServerError
from wechat_sim.keys import random_text

LOGIN, PHONE, OAUTH = "login", "phone", "oauth"
CODE_MINUTES, VISIT_HOURS = 5, 2


def make_code(world: World, kind: str, person: Person, app_id: str, *, scope: str = "") -> str:
    """Return a new code of a person."""
    ends_at = world.now() + timedelta(minutes=CODE_MINUTES)
    text = ("0" if kind != PHONE else "p") + random_text(31 if kind != PHONE else 63)
    world.books.codes[text] = Code(kind=kind, person=person.id, app_id=app_id, ends_at=ends_at, scope=scope)
    return text


def use_code(world: World, kind: str, text: object, app_id: str) -> tuple[Person, Code]:
    """Use a code up and return whose it was. Raises `ServerError`: 40029, or 40163 when it was used before."""
    code = world.books.codes.get(text) if isinstance(text, str) else None
    if code is None or code.kind != kind or code.app_id != app_id or world.now() >= code.ends_at:
        raise ServerError(40029, "invalid code")
    if code.is_used:
        raise ServerError(40163, "code been used")
    code.is_used = True
    return world.books.people[code.person], code


def has_visited(world: World, person: Person, app_id: str) -> bool:
    """Whether a person opened the app within the last two hours."""
    at = person.visits.get(app_id)
    return at is not None and world.now() - at <= timedelta(hours=VISIT_HOURS)

"""Making, finding and revoking links. A code is sealed and read at the edge; here a link has an id."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from backend.content import service as content
from backend.content.queries import hidden_among
from backend.core import audit
from backend.core.db import db, insert_once
from backend.core.errors import NotFound, Refusal
from backend.core.ids import new_code
from backend.core.text import clean_line
from backend.people.humans import is_same_human, same_human
from backend.projects.queries import find_project
from backend.sharing.models import Link
from backend.vault import consent
from backend.vault import service as vault
from backend.vault.fields import SHARE_NAME
from backend.vault.queries import values_of

PROJECT, VILLAGE, POSTER, SHARE = "project", "village", "poster", "share"
TARGET_KINDS = (PROJECT, VILLAGE)
CURRENT_KEY_ID = "1"
"""The key that seals new links; the edge draws it, and those of older links, from the installation's secret."""
NAME_CHARS_MAX, PLACE_CHARS_MAX, REASON_CHARS_MAX = 20, 60, 100


class LinkUnknown(NotFound):
    """The code was never issued: mistyped, forged, or sealed with a key that is retired."""

    code = "LINK_UNKNOWN"
    detail = "这个码不是本平台发出的，请核对后再试。请不要付款。"


class LinkRevoked(Refusal):
    """The link was issued once and has been stopped; nobody gives through it any more (bad input 41)."""

    status = 410
    code = "LINK_REVOKED"
    detail = "这个码已经停用，不能再通过它捐赠。"


@dataclass(frozen=True, kw_only=True)
class LinkRecord:
    """One link; `key_id` names the key that seals its code. `sharer_name` is the nickname on the card, or None."""

    link_id: str
    key_id: str
    kind: str
    target_kind: str
    target_code: str
    poster_number: str | None
    poster_place: str | None
    sharer_id: int | None
    sharer_name: str | None
    made_at: datetime
    revoked_at: datetime | None
    revoked_for: str | None


def standing_link(*, target_kind: str, target_code: str, now: datetime) -> LinkRecord:
    """Return the one link of a project or village that belongs to no poster and no sharer; make it when missing."""
    row = {"kind": target_kind, "target_kind": target_kind, "target_code": target_code}
    made = _insert(row, now=now)
    mine = (Link.kind == target_kind) & (Link.target_kind == target_kind) & (Link.target_code == target_code)
    return _made_or_found(made, mine)


def share(
    *, person_id: int, target_kind: str, target_code: str, nickname: str | None, now: datetime
) -> tuple[LinkRecord, bool]:
    """Return a person's own link to a target, and whether it is new; one a human and target (features 10).

    A nickname replaces the one before; without one the card names nobody. The caller has checked the target.
    Refuses `LinkRevoked`: a link that was stopped stays stopped, and another is not made in its place.
    """
    row = {"kind": SHARE, "target_kind": target_kind, "target_code": target_code, "sharer_id": person_id}
    mine = (Link.kind == SHARE) & Link.sharer_id.in_(same_human(person_id))
    mine &= (Link.target_kind == target_kind) & (Link.target_code == target_code)
    living_first = select(Link.link_id).where(mine).order_by(Link.revoked_at.is_not(None), Link.made_at, Link.link_id)
    before = db.session.scalar(living_first.limit(1))
    made = _insert(row, now=now) if before is None else None
    link = find_link(before) if before is not None else _made_or_found(made, mine)
    if link.revoked_at is not None:
        raise LinkRevoked()
    _keep_name(link.link_id, person_id, nickname, now=now)
    return find_link(link.link_id), made is not None


def make_poster(*, project_code: str, place: str, actor: str, now: datetime) -> LinkRecord:
    """Make the link of one printed poster, with a number of its own and the place where it will hang (D9)."""
    kept = clean_line(place, limit=PLACE_CHARS_MAX, field="place")
    made = None
    while made is None:  # Two posters draw the same number once in a hundred million.
        number = f"{secrets.randbelow(10**8):08d}"
        row = {"kind": POSTER, "target_kind": PROJECT, "target_code": project_code}
        made = _insert(row | {"poster_number": number, "poster_place": kept}, now=now)
    audit.record(action="poster.make", actor=actor, subject=made, now=now, project=project_code)
    return find_link(made)


def revoke(*, link_id: str, reason: str, actor: str, now: datetime) -> None:
    """Stop a link at once; to stop it again changes nothing. Gifts that came by it stay (R100)."""
    kept = clean_line(reason, limit=REASON_CHARS_MAX, field="reason")
    living = (Link.link_id == link_id) & Link.revoked_at.is_(None)
    stopping = update(Link).where(living).values(revoked_at=now, revoked_for=kept).returning(Link.link_id)
    if db.session.execute(stopping.execution_options(synchronize_session="fetch")).first() is not None:
        audit.record(action="link.revoke", actor=actor, subject=link_id, now=now)


def find_link(link_id: str) -> LinkRecord:
    """Return the link of this id, also when it is revoked. Refuses `LinkUnknown`."""
    return _one(Link.link_id == link_id)


def living_link(link_id: str) -> LinkRecord:
    """Return the link of this id when it may be used. Refuses `LinkUnknown` and `LinkRevoked`."""
    link = find_link(link_id)
    if link.revoked_at is not None:
        raise LinkRevoked()
    return link


def credited_link(link_id: str | None, *, project_code: str) -> str | None:
    """Return the link to credit a gift to, softly (features 49), or None when it leads elsewhere.

    Refuses `LinkUnknown` and `LinkRevoked` before any money moves: the giver is warned and may go on without it.
    """
    if link_id is None:
        return None
    link = living_link(link_id)
    if link.target_kind == PROJECT:
        return link.link_id if link.target_code == project_code else None
    project = find_project(project_code)
    return link.link_id if project is not None and project.village_code == link.target_code else None


def rename(*, link_id: str, person_id: int, nickname: str, now: datetime) -> None:
    """Change the nickname on the card of a person's own link; an empty one names nobody. Refuses `LinkUnknown`."""
    link = find_link(link_id)
    if link.sharer_id is None or not is_same_human(link.sharer_id, person_id):
        raise LinkUnknown()
    _keep_name(link_id, link.sharer_id, nickname, now=now)


def forget_names(*, person_id: int) -> None:
    """Delete every nickname that a person put on a card (law 12)."""
    vault.drop_all(person_id=person_id, fields=(SHARE_NAME,))
    content.forget_all(kind=content.SHARE, person_id=person_id)


def _insert(row: Mapping[str, object], *, now: datetime) -> str | None:
    """Write a link and return its id, or None when the UNIQUE rule of its kind has one already."""
    statement = insert_once(Link).values(link_id=new_code(10), key_id=CURRENT_KEY_ID, made_at=now, **row)
    return db.session.execute(statement.on_conflict_do_nothing().returning(Link.link_id)).scalar()


def _made_or_found(made: str | None, mine: object) -> LinkRecord:
    return _one(mine if made is None else Link.link_id == made)


def _one(mine: object) -> LinkRecord:
    fresh = select(Link).execution_options(populate_existing=True)
    row = db.session.scalars(fresh.where(mine)).first()  # type: ignore[arg-type]  # an expression over links
    if row is None:
        raise LinkUnknown()
    return records_of([row])[0]


def records_of(links: Sequence[Link]) -> list[LinkRecord]:
    """Return rows as records; a sharer's nickname as everybody may see it: none while the words are held back."""
    fields = [field for field in LinkRecord.__dataclass_fields__ if field != "sharer_name"]
    told = values_of((SHARE_NAME,), [link.link_id for link in links if link.kind == SHARE])
    hidden = hidden_among(content.SHARE, [link_id for _, link_id in told]) if told else set()
    names = {link_id: name for (_, link_id), name in told.items() if link_id not in hidden}
    return [
        LinkRecord(sharer_name=names.get(link.link_id), **{field: getattr(link, field) for field in fields})
        for link in links
    ]


def _keep_name(link_id: str, person_id: int, nickname: str | None, *, now: datetime) -> None:
    is_told = bool(nickname and nickname.strip())
    name = clean_line(nickname or "", limit=NAME_CHARS_MAX, field="nickname") if is_told else None
    vault.put(person_id=person_id, row=link_id, values={SHARE_NAME: name}, now=now)
    if name is not None:
        consent.give(person_id=person_id, purpose=consent.PUBLIC_NAME, now=now)

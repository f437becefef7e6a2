"""What people write for everybody: handed in for the check with the deed itself, and how far it has come."""

from __future__ import annotations

from datetime import datetime

from marshmallow import Schema, fields

from backend.content import service
from backend.content.queries import state_of
from backend.content.worker import checks_words
from backend.donations.service import Showing
from backend.donations.wording import ANONYMOUS
from miniapp_api.edge import settings

STATES = ("shown", "waiting", "rejected")


class WordsStateSchema(Schema):
    """How far my words have come: shown, waiting for the check or a person, or rejected with a reason."""

    state = fields.String(required=True, metadata={"enum": list(STATES)})
    reason = fields.String(required=True, allow_none=True)


def hand_in_gift(code: str, shown: Showing, *, person_id: int, region_code: str, now: datetime) -> None:
    """Hand in the name and message of a gift, in the transaction that keeps them."""
    name = shown.name if shown.display != ANONYMOUS else None
    _hand_in(service.GIFT, code, [name, shown.message], person_id=person_id, region_code=region_code, now=now)


def hand_in_nickname(link_id: str, nickname: str | None, *, person_id: int, region_code: str, now: datetime) -> None:
    """Hand in the nickname on the card of a link, in the transaction that keeps it."""
    _hand_in(service.SHARE, link_id, [nickname], person_id=person_id, region_code=region_code, now=now)


def gift_words(code: str) -> dict[str, str | None]:
    """Return how far the words of a gift have come."""
    return dict(vars(state_of(service.GIFT, code)))


def _hand_in(
    kind: str, subject: str, words: list[str | None], *, person_id: int, region_code: str, now: datetime
) -> None:
    if checks_words(settings()):
        text = "\n".join(word or "" for word in words)
        service.submit(kind=kind, subject=subject, person_id=person_id, region_code=region_code, words=text, now=now)

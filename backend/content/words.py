"""The words themselves, read where they live: with the gift, and with the link's card."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from backend.core.db import db
from backend.donations.models import Gift
from backend.donations.wording import ANONYMOUS
from backend.vault.fields import GIFT_MESSAGE, GIFT_NAME, SHARE_NAME
from backend.vault.queries import values_of

Named = tuple[str, str]
"""A kind, and the code of the thing that bears the words."""
Words = tuple[str | None, str | None]
"""The name that everybody would see, and the message."""


def words_of(wanted: Iterable[Named]) -> dict[Named, Words]:
    """Return what stands on each thing; what is no longer there is left out."""
    gifts: list[str] = []
    links: list[str] = []
    for kind, subject in wanted:
        (gifts if kind == "gift" else links).append(subject)
    return _of_gifts(gifts) | _of_links(links)


def _of_gifts(codes: list[str]) -> dict[Named, Words]:
    displays = db.session.execute(select(Gift.code, Gift.display).where(Gift.code.in_(codes)))
    told = values_of((GIFT_NAME, GIFT_MESSAGE), codes)
    found: dict[Named, Words] = {}
    for code, display in displays:
        name, message = told.get((GIFT_NAME, code)), told.get((GIFT_MESSAGE, code))
        if name is not None or message is not None:
            found["gift", code] = (None if display == ANONYMOUS else name, message)
    return found


def _of_links(link_ids: list[str]) -> dict[Named, Words]:
    return {("share", link_id): (name, None) for (_, link_id), name in values_of((SHARE_NAME,), link_ids).items()}

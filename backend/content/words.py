"""The words themselves, read where they live: with the gift, and with the link's card."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from backend.core.db import db
from backend.donations.models import Gift, GiftWords
from backend.donations.wording import ANONYMOUS
from backend.sharing.models import LinkWords

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
    statement = select(Gift.code, Gift.display, GiftWords.name, GiftWords.message)
    rows = db.session.execute(statement.join(GiftWords, GiftWords.gift_id == Gift.id).where(Gift.code.in_(codes)))
    return {("gift", code): (None if display == ANONYMOUS else name, text) for code, display, name, text in rows}


def _of_links(link_ids: list[str]) -> dict[Named, Words]:
    rows = db.session.execute(select(LinkWords.link_id, LinkWords.name).where(LinkWords.link_id.in_(link_ids)))
    return {("share", link_id): (name, None) for link_id, name in rows}

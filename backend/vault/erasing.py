"""Forgetting a person: his key is destroyed, his rows are shredded, the ledger stays as it is (PIPL 47, ADR-0022)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import aliased

from backend.content import service as content
from backend.content.models import WordCheck
from backend.core import audit, idempotency
from backend.core.db import db, insert_once
from backend.core.ids import new_code
from backend.donations.models import Gift
from backend.donations.wording import REAL_NAME
from backend.messages.service import forget_messages
from backend.people.humans import same_human
from backend.people.models import DeviceSession, LoginAccount, Person
from backend.receipts.models import Receipt, ReceiptWaiver
from backend.refunds.repair_records import forget_cards
from backend.vault import keyring
from backend.vault.consent import LABELS, take_back
from backend.vault.fields import GIFT_NAME, RECEIPT_DONOR
from backend.vault.models import VaultKey, VaultValue
from backend.vault.queries import values_of
from backend.volunteers.joining import free_coming_seats

KEPT_YEARS = 30
"""会计档案管理办法, annex 1: vouchers, and a receipt is one, are kept thirty years from the end of their year."""


def erase(person_id: int, *, actor: str, now: datetime) -> int:
    """Forget a human, under all rows of his; return how many receipts keep his name for their term.

    Destroys his keys, so that what any copy of the database holds of him is noise; deletes values, accounts, sessions,
    messages, checks and kept answers; wipes the ends of cards that refunds went to; gives seats in coming activities
    back. Gifts, receipts' numbers and hours stay under his public code. Of a receipt that was issued under his real
    name and not waived, the name is sealed anew, under a key of its own with a term (慈善法 38, PIPL 47 para. 2). Again
    changes nothing.
    """
    rows = list(db.session.scalars(same_human(person_id)))
    free_coming_seats(person_id, now=now)
    held = select(VaultKey).where(VaultKey.person_id.in_(rows)).order_by(VaultKey.person_id)
    keys = db.session.scalars(held.with_for_update().execution_options(populate_existing=True)).all()
    kept = _keep_for_its_term(rows, now=now)
    mine = [key.key_id for key in keys]
    db.session.execute(delete(VaultValue).where(VaultValue.key_id.in_(mine)))
    _destroy_keys(rows, now=now)
    take_back(person_id=person_id, purposes=tuple(LABELS), now=now)
    for kind in (content.GIFT, content.SHARE):
        content.forget_all(kind=kind, person_id=person_id)
    db.session.execute(delete(WordCheck).where(WordCheck.person_id.in_(rows)))
    db.session.execute(delete(DeviceSession).where(DeviceSession.person_id.in_(rows)))
    db.session.execute(delete(LoginAccount).where(LoginAccount.person_id.in_(rows)))
    forget_messages(rows)
    forget_cards(rows)
    for code in db.session.scalars(select(Person.code).where(Person.id.in_(rows))):
        idempotency.forget_scope(f"person:{code}")
    audit.record(action="people.erase", actor=actor, subject=actor, now=now, receipts_kept=kept)
    return kept


def receipts_to_keep(person_id: int) -> list[tuple[str, int]]:
    """Return the gifts whose receipts keep their giver's real name, with the year of the first paper."""
    return _named_receipts(list(db.session.scalars(same_human(person_id))))


def end_terms(*, today: date, limit: int = 200) -> int:
    """Destroy the keys of names whose term is over; return how many. For the scheduler."""
    over = select(VaultKey.key_id).where(VaultKey.keep_until < today).limit(limit)
    ended = list(db.session.scalars(over))
    db.session.execute(delete(VaultValue).where(VaultValue.key_id.in_(ended)))
    db.session.execute(delete(VaultKey).where(VaultKey.key_id.in_(ended)))
    return len(ended)


def _named_receipts(rows: list[int]) -> list[tuple[str, int]]:
    word = aliased(ReceiptWaiver)
    said = select(func.max(word.id)).where(word.gift_id == Gift.id).scalar_subquery()
    statement = (
        select(Gift.code, func.min(Receipt.year))
        .join(Receipt, Receipt.gift_id == Gift.id)
        .outerjoin(ReceiptWaiver, ReceiptWaiver.id == said)
        .where(Gift.person_id.in_(rows), Gift.display == REAL_NAME, ReceiptWaiver.is_waived.is_not(True))
        .group_by(Gift.code)
        .order_by(Gift.code)
    )
    return [(str(code), int(year)) for code, year in db.session.execute(statement)]


def _keep_for_its_term(rows: list[int], *, now: datetime) -> int:
    papers = dict(_named_receipts(rows))
    names = values_of((GIFT_NAME,), papers)
    keys = keyring.here()
    for (_, code), name in names.items():
        key_id = new_code(12)
        wrapped = keyring.new_wrapped_key(keys=keys, key_id=key_id)
        until = date(papers[code] + KEPT_YEARS, 12, 31)
        told = {"key_id": key_id, "wrapped": wrapped, "kek_id": keys.current, "made_at": now, "keep_until": until}
        db.session.execute(insert_once(VaultKey).values(**told))
        key = keyring.unwrapped(wrapped, kek_id=keys.current, keys=keys, key_id=key_id)
        sealed = keyring.seal(name, key=key, key_id=key_id, field=RECEIPT_DONOR, row=code)
        value = {"field": RECEIPT_DONOR, "row": code, "key_id": key_id, "sealed": sealed, "changed_at": now}
        db.session.execute(insert_once(VaultValue).values(**value))
    return len(names)


def _destroy_keys(rows: list[int], *, now: datetime) -> None:
    """Destroy what keys there are; a row that had none gets a destroyed one, so that nothing is kept for it."""
    gone = {"wrapped": None, "kek_id": None, "destroyed_at": now}
    living = VaultKey.person_id.in_(rows) & VaultKey.destroyed_at.is_(None)
    db.session.execute(update(VaultKey).where(living).values(**gone))
    for row in rows:
        told = {"key_id": new_code(12), "person_id": row, "made_at": now, **gone}
        db.session.execute(insert_once(VaultKey).values(**told).on_conflict_do_nothing())

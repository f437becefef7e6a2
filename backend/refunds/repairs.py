"""Sending an abnormal refund to another card of the giver's own: one person enters it, another confirms (ADR 0028)."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Protocol

from sqlalchemy import select

from backend.core import audit
from backend.core.db import db, insert_once
from backend.core.failpoints import failpoint
from backend.core.ids import new_code
from backend.core.text import clean_line
from backend.donations.models import Gift
from backend.messages.service import tell
from backend.outbox.models import OWED, OutboxItem
from backend.outbox.service import locked_letter, put
from backend.payments.providers import SealedCard
from backend.people.rights import NATION, Attempt, StaffMember, authorise
from backend.refunds import workflow
from backend.refunds.models import Refund
from backend.refunds.refusals import (
    CardDecided,
    CardFourEyes,
    CardInvalid,
    CardMayHaveGone,
    CardUnknown,
    CardWaits,
    NotAbnormal,
)
from backend.refunds.repair_ends import end_card, for_update
from backend.refunds.repair_models import CONFIRMED, ENTERED, KIND, WITHDRAWN, RefundRepair
from backend.refunds.repair_rules import BANKS, NAME_LENGTH_MAX, card_number, goes_at, is_of_new_card, tail_of
from backend.refunds.service import locked_refund
from backend.refunds.wording import told_of_card, told_of_card_back
from backend.vault.queries import is_erased


class Seals(Protocol):
    """What seals a card for the provider (`Repairing.seal_card`). Calls nobody."""

    def __call__(self, *, bank_account: str, real_name: str, now: datetime) -> SealedCard:
        """Return the card as only the provider can read it."""
        ...


def enter_card(
    *, refund: str, bank_type: str, bank_account: str, real_name: str, seal: Seals, staff: StaffMember, now: datetime
) -> None:
    """Write down the giver's own card for an abnormal refund. Nothing is sent before somebody else confirms it.

    Number and name are sealed before anything is written; of the number its last four digits stay. Refuses
    `CardInvalid`, `NotAbnormal`, and `CardWaits` while another card is under way.
    """
    authorise(staff, "refunds.decide", NATION, subject=refund)
    number = card_number(bank_account)
    if number is None:
        raise CardInvalid(field="bank_account")
    name = clean_line(real_name, limit=NAME_LENGTH_MAX, field="real_name")
    row = locked_refund(refund)
    if row.state != workflow.ABNORMAL or row.provider_refund_no is None:
        raise NotAbnormal()
    sealed, code = seal(bank_account=number, real_name=name, now=now), new_code()
    told = {"bank_type": bank_type, "card_tail": tail_of(number), "key_serial": sealed.key_serial}
    told |= {"sealed_account": sealed.bank_account, "sealed_name": sealed.real_name}
    made = insert_once(RefundRepair).values(
        code=code, refund_id=row.id, state=ENTERED, entered_by=staff.id, entered_at=now, **told
    )
    if db.session.scalar(made.on_conflict_do_nothing().returning(RefundRepair.id)) is None:
        raise CardWaits()
    audit.record(action="refunds.card", actor=staff.code, subject=refund, now=now, card=code)
    failpoint("repair_entered")


def confirm_card(*, refund: str, card: str, staff: StaffMember, now: datetime) -> None:
    """Let the refund go to the card a day later, as the second of two people; its giver is told in this transaction.

    Refuses `CardUnknown`, `CardDecided`, `CardFourEyes`.
    """
    authorise(staff, "refunds.decide", NATION, subject=refund)
    row, repair = _locked(refund, card)
    if repair.state != ENTERED:
        raise CardDecided(state=repair.state)
    if repair.entered_by == staff.id:
        raise CardFourEyes(Attempt(staff_code=staff.code, action="refunds.decide", subject=refund))
    repair.state, repair.confirmed_by, repair.confirmed_at = CONFIRMED, staff.id, now
    put(
        kind=KIND, subject=str(row.refund_no), key=repair.code, body=json.dumps({"card": repair.code}), now=goes_at(now)
    )
    _tell_of_card(row, repair, now=now)
    audit.record(action="refunds.card_confirm", actor=staff.code, subject=refund, now=now, card=repair.code)
    failpoint("repair_confirmed")


def is_to_be_asked(*, refund: str, card: str, staff: StaffMember) -> str | None:
    """Return the number under which the provider is asked before a card is taken back; None when nobody need be asked.

    For `withdraw_card`: asking is a network call, so it comes before its transaction.
    """
    authorise(staff, "refunds.decide", NATION, subject=refund)
    named = select(Refund.refund_no, Refund.state).join(RefundRepair, RefundRepair.refund_id == Refund.id)
    letter = OutboxItem.key == RefundRepair.code
    tried = named.join(OutboxItem, letter & (OutboxItem.kind == KIND) & OutboxItem.tried_at.is_not(None))
    mine = (Refund.code == refund) & (RefundRepair.code == card) & (RefundRepair.state == CONFIRMED)
    wanted = tried.where(mine, OutboxItem.state != OWED, Refund.state == workflow.ABNORMAL)
    number: str | None = db.session.scalar(wanted)
    return number


def withdraw_card(*, refund: str, card: str, stands: str | None, staff: StaffMember, now: datetime) -> None:
    """Take a card back that was not sent: a wrong one, or one that the provider did not take and that nobody sends.

    The message to the provider is locked, so that no worker takes it in hand at the same moment.

    `stands` is how the provider told the refund just now, where `is_to_be_asked` says so. Refuses `CardUnknown`,
    `CardDecided` for one that may be with the provider at this moment, and `CardMayHaveGone` for one of which every
    answer was lost, unless the refund is abnormal still: else another card would be told as the one that got the money.
    """
    authorise(staff, "refunds.decide", NATION, subject=refund)
    row, repair = _locked(refund, card)
    letter = locked_letter(kind=KIND, key=repair.code)
    is_in_hand = letter is not None and letter.is_owed and letter.tried_at is not None
    if repair.state not in (ENTERED, CONFIRMED) or is_in_hand:
        raise CardDecided(state=repair.state)
    tried_at = None if letter is None or row.state != workflow.ABNORMAL else letter.tried_at
    is_free = tried_at is None or (stands == workflow.TOLD_ABNORMAL and is_of_new_card(asked_at=now, taken_at=tried_at))
    if not is_free:
        raise CardMayHaveGone(stands=stands)
    if repair.state == CONFIRMED and row.state == workflow.ABNORMAL:  # Its giver was told that it goes there.
        title, text = told_of_card_back(amount_fen=row.amount_fen, tail=repair.card_tail)
        _tell(row, kind="refund.card_back", key=repair.code, title=title, text=text, now=now)
    end_card(row, repair, WITHDRAWN, now=now)
    audit.record(action="refunds.card_withdraw", actor=staff.code, subject=refund, now=now, card=repair.code)


def _tell_of_card(row: Refund, repair: RefundRepair, *, now: datetime) -> None:
    bank = BANKS.get(repair.bank_type, "")
    title, text = told_of_card(amount_fen=row.amount_fen, bank=bank, tail=repair.card_tail, at=goes_at(now))
    _tell(row, kind="refund.card", key=repair.code, title=title, text=text, now=now)


def _tell(row: Refund, *, kind: str, key: str, title: str, text: str, now: datetime) -> None:
    gift = db.session.get_one(Gift, row.gift_id)
    if not is_erased(gift.person_id):  # Nobody reads it any more, and it would stay.
        tell(
            person_id=gift.person_id,
            kind=kind,
            key=key,
            title=title,
            text=text,
            link=f"/gift?code={gift.code}",
            now=now,
        )


def _locked(refund: str, card: str) -> tuple[Refund, RefundRepair]:
    row = locked_refund(refund)
    of_row = select(RefundRepair).where(RefundRepair.code == card, RefundRepair.refund_id == row.id)
    repair = db.session.scalars(for_update(of_row)).first()
    if repair is None:
        raise CardUnknown()
    return row, repair

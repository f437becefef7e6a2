"""Sending an abnormal refund to another card of the giver's own: one person enters it, another confirms (ADR 0028)."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy import Select, select

from backend.core import audit
from backend.core.db import db, insert_once
from backend.core.failpoints import failpoint
from backend.core.ids import new_code
from backend.core.text import clean_line
from backend.donations.models import Gift
from backend.messages.service import tell
from backend.outbox.queries import is_owed
from backend.outbox.service import put
from backend.payments.alerts import end_alert
from backend.payments.providers import QUERY, RefundTold, SealedCard
from backend.people.rights import NATION, Attempt, StaffMember, authorise
from backend.refunds import rules, workflow
from backend.refunds.models import Refund
from backend.refunds.refusals import CardDecided, CardFourEyes, CardInvalid, CardUnknown, CardWaits, NotAbnormal
from backend.refunds.repair_models import (
    CONFIRMED,
    DONE,
    ENTERED,
    FORGOTTEN_BANK,
    FORGOTTEN_TAIL,
    OPEN,
    REFUSED,
    TAKEN,
    WITHDRAWN,
    RefundRepair,
)
from backend.refunds.repair_rules import BANKS, NAME_LENGTH_MAX, card_number, is_of_new_card, tail_of
from backend.refunds.service import locked_refund
from backend.refunds.wording import told_of_card
from backend.vault.queries import is_erased

Row = TypeVar("Row", Refund, RefundRepair)
KIND = "refund_repair"
TAKES_NOTHING = "ABNORMAL"
"""The code of a card that was taken and then found closed as well."""
ALERT_REASON = "已改退到捐赠人本人的另一张银行卡"


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
    """Let the refund go to the card, as the second of two people; its giver is told of it in the same transaction.

    Refuses `CardUnknown`, `CardDecided`, `CardFourEyes`.
    """
    authorise(staff, "refunds.decide", NATION, subject=refund)
    row, repair = _locked(refund, card)
    if repair.state != ENTERED:
        raise CardDecided(state=repair.state)
    if repair.entered_by == staff.id:
        raise CardFourEyes(Attempt(staff_code=staff.code, action="refunds.decide", subject=refund))
    repair.state, repair.confirmed_by, repair.confirmed_at = CONFIRMED, staff.id, now
    put(kind=KIND, subject=str(row.refund_no), key=repair.code, body=json.dumps({"card": repair.code}), now=now)
    _tell_of_card(row, repair, now=now)
    audit.record(action="refunds.card_confirm", actor=staff.code, subject=refund, now=now, card=repair.code)
    failpoint("repair_confirmed")


def withdraw_card(*, refund: str, card: str, staff: StaffMember, now: datetime) -> None:
    """Take a card back that was not sent: a wrong one, or one that nobody took to the provider and nobody will.

    Refuses `CardUnknown`, and `CardDecided` for one that may be with the provider at this moment.
    """
    authorise(staff, "refunds.decide", NATION, subject=refund)
    row, repair = _locked(refund, card)
    if repair.state not in (ENTERED, CONFIRMED) or is_owed(kind=KIND, key=repair.code):
        raise CardDecided(state=repair.state)
    _end(row, repair, WITHDRAWN, now=now)
    audit.record(action="refunds.card_withdraw", actor=staff.code, subject=refund, now=now, card=repair.code)


def note_answer(card: str, told: RefundTold, *, now: datetime) -> None:
    """Keep in the present transaction what the provider said of a card, and wipe what was sealed for it."""
    refund_id = db.session.scalar(select(RefundRepair.refund_id).where(RefundRepair.code == card))
    row = db.session.scalars(_for_update(select(Refund).where(Refund.id == refund_id))).one()
    repair = db.session.scalars(_for_update(select(RefundRepair).where(RefundRepair.code == card))).one()
    if repair.state != CONFIRMED:
        return
    if told.state == "refused":
        repair.provider_code, repair.provider_words = told.code[:40], told.words[:200] or None
        _end(row, repair, REFUSED, now=now)
    else:
        repair.state, repair.taken_at, row.next_ask_at = TAKEN, now, now + rules.FIRST_ASK
        _wipe(repair)


def end_with_refund(row: Refund, *, became: str, now: datetime) -> str:
    """End the card of a refund that ended; return the last digits of the one that the money went to, if any.

    The caller has locked the refund.
    """
    repair = _open_of(row)
    if repair is None:
        return ""
    if repair.state == ENTERED:
        _end(row, repair, WITHDRAWN, now=now)
        return ""
    if became != workflow.SUCCESS:
        repair.provider_code = became.upper()
        _end(row, repair, REFUSED, now=now)
        return ""
    _end(row, repair, DONE, now=now)
    _end_alert(row, repair, now=now)
    return repair.card_tail


def hear_abnormal_again(row: Refund, told: RefundTold, *, now: datetime) -> bool:
    """Act upon a word that a refund is abnormal, which it was already; say whether that was news: of the new card.

    A notice may be a late one of the old account, so only answers count; `now` is when they were asked for.
    """
    repair = _open_of(row) if told.state == workflow.TOLD_ABNORMAL and told.told_by == QUERY else None
    if repair is None or repair.taken_at is None or not is_of_new_card(asked_at=now, taken_at=repair.taken_at):
        return False
    repair.provider_code = TAKES_NOTHING
    _end(row, repair, REFUSED, now=now)
    return True


def _tell_of_card(row: Refund, repair: RefundRepair, *, now: datetime) -> None:
    gift = db.session.get_one(Gift, row.gift_id)
    if is_erased(gift.person_id):  # Nobody reads it any more, and it would stay.
        return
    bank = BANKS.get(repair.bank_type, "")
    title, text = told_of_card(amount_fen=row.amount_fen, bank=bank, tail=repair.card_tail)
    told = {"title": title, "text": text, "link": f"/gift?code={gift.code}"}
    tell(person_id=gift.person_id, kind="refund.card", key=repair.code, **told, now=now)


def _end_alert(row: Refund, repair: RefundRepair, *, now: datetime) -> None:
    if repair.confirmed_by is not None and row.refund_no is not None:
        by, subject = repair.confirmed_by, row.refund_no
        end_alert(kind="REFUND_ABNORMAL", subject=subject, staff_id=by, reason=ALERT_REASON, now=now)


def _locked(refund: str, card: str) -> tuple[Refund, RefundRepair]:
    row = locked_refund(refund)
    of_row = select(RefundRepair).where(RefundRepair.code == card, RefundRepair.refund_id == row.id)
    repair = db.session.scalars(_for_update(of_row)).first()
    if repair is None:
        raise CardUnknown()
    return row, repair


def _open_of(row: Refund) -> RefundRepair | None:
    of_row = select(RefundRepair).where(RefundRepair.refund_id == row.id, RefundRepair.state.in_(OPEN))
    return db.session.scalars(_for_update(of_row)).first()


def _for_update(statement: Select[Row]) -> Select[Row]:
    return statement.with_for_update().execution_options(populate_existing=True)


def _end(row: Refund, repair: RefundRepair, state: str, *, now: datetime) -> None:
    repair.state, repair.ended_at = state, now
    _wipe(repair)
    if _is_forgotten(row):
        repair.bank_type, repair.card_tail = FORGOTTEN_BANK, FORGOTTEN_TAIL


def _is_forgotten(row: Refund) -> bool:
    return is_erased(db.session.get_one(Gift, row.gift_id).person_id)


def _wipe(repair: RefundRepair) -> None:
    repair.sealed_account = repair.sealed_name = None

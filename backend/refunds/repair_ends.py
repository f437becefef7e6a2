"""What becomes of a card: the provider's answer to it, and the end of its refund, with it or without it (ADR 0028)."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from sqlalchemy import Select, select

from backend.core.db import db
from backend.donations.models import Gift
from backend.messages.service import tell
from backend.outbox.service import Letter, locked_letter
from backend.payments.alerts import end_alert, raise_alert
from backend.payments.providers import QUERY, RefundTold
from backend.refunds import rules, workflow
from backend.refunds.models import Refund
from backend.refunds.repair_models import (
    CONFIRMED,
    DONE,
    ENTERED,
    FORGOTTEN_BANK,
    FORGOTTEN_TAIL,
    KIND,
    OPEN,
    REFUSED,
    TAKEN,
    WITHDRAWN,
    RefundRepair,
)
from backend.refunds.repair_rules import is_of_new_card, went_to
from backend.refunds.wording import told_of_no_card
from backend.vault.queries import is_erased

Row = TypeVar("Row", Refund, RefundRepair)
TAKES_NOTHING = "ABNORMAL"
"""The code of a card that was taken and then found closed as well."""
MOVED_ON = "MOVED_ON"
"""The code of a card whose refund moved on, and nothing says that it did so by this card."""
WENT_TO_US = "WENT_TO_US"
"""The code of a card whose refund was sent back to our own account at the merchant platform."""
ALERT_REASON = "已改退到捐赠人本人的另一张银行卡"


def note_answer(card: str, told: RefundTold, *, now: datetime) -> None:
    """Keep in the present transaction what the provider said of a card, and wipe what was sealed for it.

    `taken` only by the yes to this card, or where the account that the provider names is this card: an earlier attempt
    arrived. A refund that moved on otherwise ends the card, and calls a person; so does a yes to a card that ended.
    """
    refund_id = db.session.scalar(select(RefundRepair.refund_id).where(RefundRepair.code == card))
    row = db.session.scalars(for_update(select(Refund).where(Refund.id == refund_id))).one()
    repair = db.session.scalars(for_update(select(RefundRepair).where(RefundRepair.code == card))).one()
    if repair.state != CONFIRMED:
        if told.is_accepted and (repair.state == WITHDRAWN or repair.provider_code in (MOVED_ON, WENT_TO_US)):
            _call_a_person(row, repair, code="ACCEPTED", now=now)
        return
    if told.state == "refused":
        repair.provider_words = told.words[:200] or None
        _fail(row, repair, code=told.code[:40], now=now)
    elif told.is_accepted or went_to(told.received_by, tail=repair.card_tail):
        _take(row, repair, now=now)
    else:
        _fail(row, repair, code=MOVED_ON, now=now)


def end_with_refund(row: Refund, told: RefundTold, *, became: str, now: datetime) -> str:
    """End the card of a refund that ended; return the last digits of the one that the money went to, if that is known.

    Known it is of a card that the provider took, where it names no other account. The caller has locked the refund,
    which was abnormal. A card in a worker's hand waits for its own answer, where the provider names no account.
    """
    repair = _open_of(row)
    if repair is None:
        return ""
    if repair.state == ENTERED:
        end_card(row, repair, WITHDRAWN, now=now)
        return ""
    if became != workflow.SUCCESS:
        _fail(row, repair, code=became.upper(), now=now)
        return ""
    is_it = went_to(told.received_by, tail=repair.card_tail)
    letter = locked_letter(kind=KIND, key=repair.code)
    if repair.state == CONFIRMED and _is_in_hand(letter) and is_it is None:
        return ""
    if (repair.state == TAKEN and is_it is not False) or (is_it and letter is not None and letter.tried_at is not None):
        _finish(row, repair, now=now)
        return repair.card_tail
    _fail(row, repair, code=MOVED_ON, now=now)
    return ""


def end_gone_to_us(row: Refund, *, now: datetime) -> None:
    """End the card of a refund that somebody sent back to our own account: its giver still waits, for another card."""
    repair = _open_of(row)
    if repair is not None and repair.state != ENTERED:
        _fail(row, repair, code=WENT_TO_US, now=now)


def hear_abnormal_again(row: Refund, told: RefundTold, *, now: datetime) -> bool:
    """Act upon a word that a refund is abnormal, which it was already; say whether that was news: of the new card.

    A notice may be a late one of the old account, so only answers count; `now` is when they were asked for.
    """
    repair = _open_of(row) if told.state == workflow.TOLD_ABNORMAL and told.told_by == QUERY else None
    if repair is None or repair.taken_at is None or not is_of_new_card(asked_at=now, taken_at=repair.taken_at):
        return False
    _fail(row, repair, code=TAKES_NOTHING, now=now)
    return True


def end_card(row: Refund, repair: RefundRepair, state: str, *, now: datetime) -> None:
    """End a card in the present transaction; what was sealed is wiped, and its end too where its giver is forgotten."""
    repair.state, repair.ended_at = state, now
    _wipe(repair)
    if is_erased(db.session.get_one(Gift, row.gift_id).person_id):
        repair.bank_type, repair.card_tail = FORGOTTEN_BANK, FORGOTTEN_TAIL


def for_update(statement: Select[Row]) -> Select[Row]:
    """Lock what a statement finds, and read it anew."""
    return statement.with_for_update().execution_options(populate_existing=True)


def _is_in_hand(letter: Letter | None) -> bool:
    return letter is not None and letter.is_owed and letter.tried_at is not None


def _take(row: Refund, repair: RefundRepair, *, now: datetime) -> None:
    repair.taken_at = now
    if row.state == workflow.SUCCESS:  # The notice overtook the answer.
        _finish(row, repair, now=now)
        return
    repair.state, row.next_ask_at = TAKEN, now + rules.FIRST_ASK
    _wipe(repair)


def _finish(row: Refund, repair: RefundRepair, *, now: datetime) -> None:
    """End the card that the money went to, and what it settles: the alerts of the account and of refused cards."""
    end_card(row, repair, DONE, now=now)
    if repair.confirmed_by is None or row.refund_no is None:
        return
    took_nothing = RefundRepair.provider_code.not_in((MOVED_ON, WENT_TO_US))
    of_refund = (RefundRepair.refund_id == row.id) & (RefundRepair.state == REFUSED)
    cards = db.session.scalars(select(RefundRepair.code).where(of_refund & took_nothing))
    by, reason = repair.confirmed_by, ALERT_REASON
    end_alert(kind="REFUND_ABNORMAL", subject=row.refund_no, staff_id=by, reason=reason, now=now)
    for card in cards:
        end_alert(kind="REFUND_CARD_REFUSED", subject=card, staff_id=by, reason=reason, now=now)


def _fail(row: Refund, repair: RefundRepair, *, code: str, now: datetime) -> None:
    """End a card that the money did not go to, as far as we know; a person is called, and its giver told."""
    repair.provider_code, tail = code, repair.card_tail
    end_card(row, repair, REFUSED, now=now)
    _call_a_person(row, repair, code=code, now=now)
    person_id, gift = _gift_of(row)
    if row.state != workflow.ABNORMAL or code == workflow.CLOSED.upper() or is_erased(person_id):
        return  # What became of the refund he is told anyhow.
    title, text = told_of_no_card(amount_fen=row.amount_fen, tail=tail, is_moved_on=code in (MOVED_ON, WENT_TO_US))
    told = {"title": title, "text": text, "link": f"/gift?code={gift}"}
    tell(person_id=person_id, kind="refund.card_refused", key=repair.code, **told, now=now)


def _call_a_person(row: Refund, repair: RefundRepair, *, code: str, now: datetime) -> None:
    raise_alert(kind="REFUND_CARD_REFUSED", subject=repair.code, now=now, refund=row.refund_no, code=code)


def _gift_of(row: Refund) -> tuple[int, str]:
    gift = db.session.get_one(Gift, row.gift_id)
    return gift.person_id, gift.code


def _open_of(row: Refund) -> RefundRepair | None:
    of_row = select(RefundRepair).where(RefundRepair.refund_id == row.id, RefundRepair.state.in_(OPEN))
    return db.session.scalars(for_update(of_row)).first()


def _wipe(repair: RefundRepair) -> None:
    repair.sealed_account = repair.sealed_name = None

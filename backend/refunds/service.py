"""Asking for a refund, deciding about it by two people, and promising the money (laws 3, 5, 6; ADR 0020)."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import exists, func, insert, select

from backend.core import audit
from backend.core.clock import local_iso
from backend.core.db import db, insert_once
from backend.core.errors import Refusal
from backend.core.failpoints import failpoint
from backend.core.ids import new_code
from backend.core.text import clean_line
from backend.donations.models import Gift
from backend.donations.queries import GiftUnknown
from backend.ledger.accounts import refunds_account
from backend.ledger.posting import check_amount, lock_account, post
from backend.ledger.reasons import REFUND_RESERVED
from backend.messages.service import tell
from backend.outbox.service import put
from backend.payments.models import PAID, PaymentOrder
from backend.payments.providers import RefundToMake
from backend.people.humans import is_same_human
from backend.people.rights import NATION, Attempt, StaffMember, authorise
from backend.refunds import rules, workflow
from backend.refunds.models import Refund, RefundPart
from backend.refunds.queries import GiftMoney, account_of, money_of, reserved_reference
from backend.refunds.refusals import (
    FourEyes,
    GiftNotPaid,
    NotUnderWay,
    RefundDecided,
    RefundTooLarge,
    RefundTooLate,
    RefundTooOften,
    RefundTooSoon,
    RefundUnknown,
    RefundWaits,
)
from backend.refunds.wording import SENT_REASON, told_to_giver
from backend.vault import service as vault
from backend.vault.fields import REFUND_REASON

KIND = "refund"
REASON_LENGTH_MAX = 200


def ask_refund(*, gift: str, person_id: int, amount_fen: int, reason: str, now: datetime) -> str:
    """Ask for a gift of one's own, or a part of it, back; return the refund's code. No money moves yet.

    `amount_fen` at most what of the gift is free now. Refuses `GiftUnknown` for another person's gift, `GiftNotPaid`,
    `RefundTooLarge`, `RefundTooLate`, `RefundTooOften`, and `RefundWaits` while another request is not decided.
    """
    found, order = _gift(gift)
    if not is_same_human(found.person_id, person_id):
        raise GiftUnknown()
    return _ask(found, order, amount_fen=amount_fen, reason=reason, staff=None, now=now)


def ask_for_giver(*, gift: str, amount_fen: int, reason: str, staff: StaffMember, now: datetime) -> str:
    """Ask for a giver who asked us by telephone or at the desk; who writes it down does not decide (`ask_refund`)."""
    authorise(staff, "refunds.ask", NATION, subject=gift)
    found, order = _gift(gift)
    code = _ask(found, order, amount_fen=amount_fen, reason=reason, staff=staff, now=now)
    audit.record(action="refunds.ask", actor=staff.code, subject=code, now=now, gift=gift, amount_fen=amount_fen)
    return code


def refusal_to_ask(gift: str, *, now: datetime) -> Refusal | None:
    """Say why nothing of a gift can be asked back now; None when something can."""
    found, order = _gift(gift)
    try:
        _check_limits(order, gift_id=found.id, now=now)
        _check_free(money_of(order), 1)
    except Refusal as refusal:
        return refusal
    waits = exists().where(Refund.gift_id == found.id, Refund.state.in_(workflow.WAITING))
    return RefundWaits() if db.session.scalar(select(waits)) else None


def withdraw_refund(*, refund: str, person_id: int, now: datetime) -> None:
    """Withdraw one's own request before it is approved; again it changes nothing. Refuses `RefundDecided`."""
    row = locked_refund(refund)
    if not is_same_human(db.session.get_one(Gift, row.gift_id).person_id, person_id):
        raise RefundUnknown()
    if row.state == workflow.WITHDRAWN:
        return
    row.state, row.ended_at = _after(row, workflow.WITHDRAW), now


def approve_refund(*, refund: str, staff: StaffMember, now: datetime, notify_url: str | None = None) -> None:
    """Approve a request: the first person checks it, the second lets the money go (R98, ASVS 2.3.5).

    With the second approval the fen are reserved and the order to the provider is owed, in one transaction. Refuses
    `FourEyes`, `RefundDecided`, and what `ask_refund` refuses: the fen may have moved on since it was asked.
    `notify_url` is the provider's (`Provider.notify_url`): the order to it keeps the address as it is now.
    """
    authorise(staff, "refunds.decide", NATION, subject=refund)
    row = locked_refund(refund)
    if staff.id in (row.asked_by, row.checked_by):
        raise FourEyes(Attempt(staff_code=staff.code, action="refunds.decide", subject=refund))
    if row.state == workflow.ASKED:
        row.state = _after(row, workflow.CHECK)
        row.checked_by, row.checked_at = staff.id, now
    else:
        _let_go(row, became=_after(row, workflow.APPROVE), staff=staff, notify_url=notify_url, now=now)
    audit.record(action="refunds.approve", actor=staff.code, subject=refund, now=now, state=row.state)
    failpoint("refund_decided")


def refuse_refund(*, refund: str, reason: str, staff: StaffMember, now: datetime) -> None:
    """Refuse a request with a reason that its giver reads; no money moves. Refuses `FourEyes`, `RefundDecided`."""
    authorise(staff, "refunds.decide", NATION, subject=refund)
    told = clean_line(reason, limit=REASON_LENGTH_MAX, field="reason")
    row = locked_refund(refund)
    if staff.id == row.asked_by:
        raise FourEyes(Attempt(staff_code=staff.code, action="refunds.decide", subject=refund))
    row.state = _after(row, workflow.REFUSE)
    row.refused_by, row.refuse_reason, row.ended_at = staff.id, told, now
    tell_giver(row, now=now, reason=told)
    audit.record(action="refunds.refuse", actor=staff.code, subject=refund, now=now)


def ask_again(*, refund: str, staff: StaffMember, now: datetime) -> None:
    """Have the provider asked at once what became of a refund, as after an abnormal one was put right with it.

    Refuses `NotUnderWay`.
    """
    authorise(staff, "refunds.decide", NATION, subject=refund)
    row = locked_refund(refund)
    if row.state not in workflow.LIVE:
        raise NotUnderWay()
    row.next_ask_at = now
    audit.record(action="refunds.ask_again", actor=staff.code, subject=refund, now=now)


def locked_refund(code: str) -> Refund:
    """Lock a refund's row for its one next step. Refuses `RefundUnknown`."""
    locked = select(Refund).where(Refund.code == code).with_for_update().execution_options(populate_existing=True)
    row = db.session.scalars(locked).first()
    if row is None:
        raise RefundUnknown()
    return row


def tell_giver(row: Refund, *, now: datetime, reason: str = "", tail: str | None = None) -> None:
    """Tell the giver that his refund reached the state in which it is, once for each (bug 20)."""
    gift = db.session.get_one(Gift, row.gift_id)
    title, text = told_to_giver(row.state, amount_fen=row.amount_fen, reason=reason, tail=tail)
    link = f"/gift?code={gift.code}"
    tell(person_id=gift.person_id, kind=f"refund.{row.state}", key=row.code, title=title, text=text, link=link, now=now)


def _gift(code: str) -> tuple[Gift, PaymentOrder]:
    statement = select(Gift, PaymentOrder).join(PaymentOrder, PaymentOrder.id == Gift.order_id)
    row = db.session.execute(statement.where(Gift.code == code).execution_options(populate_existing=True)).first()
    if row is None:
        raise GiftUnknown()
    return row[0], row[1]


def _ask(
    gift: Gift, order: PaymentOrder, *, amount_fen: int, reason: str, staff: StaffMember | None, now: datetime
) -> str:
    check_amount(amount_fen)
    told = clean_line(reason, limit=REASON_LENGTH_MAX, field="reason")
    _check_limits(order, gift_id=gift.id, now=now)
    _check_free(money_of(order), amount_fen)
    row = {"code": new_code(), "gift_id": gift.id, "amount_fen": amount_fen, "state": workflow.ASKED, "asked_at": now}
    row |= {"asked_by": None if staff is None else staff.id}
    made = db.session.scalar(insert_once(Refund).values(**row).on_conflict_do_nothing().returning(Refund.id))
    if made is None:  # The code is random, so what stands in the way is the request that waits (bug 17).
        raise RefundWaits()
    vault.put(person_id=gift.person_id, row=str(row["code"]), values={REFUND_REASON: told}, now=now)
    failpoint("refund_asked")
    return str(row["code"])


def _after(row: Refund, act: str) -> str:
    became = workflow.after(row.state, act)
    if became is None:
        raise RefundDecided(state=row.state)
    return became


def _check_limits(order: PaymentOrder, *, gift_id: int, now: datetime) -> None:
    """Refuse what the provider would refuse: too late, too many parts, two of them within a minute (bad input 23)."""
    if order.state != PAID or order.paid_at is None:
        raise GiftNotPaid()
    if now > order.paid_at + rules.WITHIN:
        raise RefundTooLate(until=local_iso(order.paid_at + rules.WITHIN))
    sent = select(func.count(), func.max(Refund.approved_at)).where(Refund.gift_id == gift_id)
    count, last_at = db.session.execute(sent.where(Refund.refund_no.is_not(None))).one()
    if count >= rules.PARTS_MAX:
        raise RefundTooOften(limit=rules.PARTS_MAX)
    if last_at is not None and now < last_at + rules.PAUSE:
        raise RefundTooSoon(not_before=local_iso(last_at + rules.PAUSE))


def _check_free(money: GiftMoney, amount_fen: int) -> None:
    free_fen = money.where.free_fen
    if amount_fen > free_fen:
        raise RefundTooLarge(free_fen=free_fen, refunded_fen=money.refunded_fen, refunding_fen=money.refunding_fen)


def _let_go(row: Refund, *, became: str, staff: StaffMember, notify_url: str | None, now: datetime) -> None:
    """Promise the fen and owe the order to the provider: number and body are fixed from now on (bugs 6, 9)."""
    gift = db.session.get_one(Gift, row.gift_id)
    order = db.session.get_one(PaymentOrder, gift.order_id, populate_existing=True)
    account = _locked_account(order)
    _check_limits(order, gift_id=gift.id, now=now)
    money = money_of(order)
    _check_free(money, row.amount_fen)
    refund_no = f"R{new_code(21)}"
    row.state, row.approved_by, row.approved_at, row.account = became, staff.id, now, account
    row.refund_no, row.body = refund_no, _frozen(refund_no, row, order, notify_url=notify_url)
    row.next_ask_at = now + rules.FIRST_ASK
    free = [(credit.transfer_id, credit.where.free_fen) for credit in money.credits]
    parts = rules.take_from_last(free, row.amount_fen)
    told = [{"refund_id": row.id, "transfer_id": name, "amount_fen": fen} for name, fen in parts]
    db.session.execute(insert(RefundPart), told)
    post(
        source=account,
        target=refunds_account(account),
        amount_fen=row.amount_fen,
        reason=REFUND_RESERVED,
        reference=reserved_reference(refund_no),
        now=now,
    )
    put(kind=KIND, subject=refund_no, key=refund_no, body=row.body, now=now)
    tell_giver(row, now=now)


def _locked_account(order: PaymentOrder) -> str:
    """Lock the account that holds the money; a second time when it was given a project while we waited."""
    account = account_of(order)
    lock_account(account)
    if account_of(order) != account:
        account = account_of(order)
        lock_account(account)
    return account


def _frozen(refund_no: str, row: Refund, order: PaymentOrder, *, notify_url: str | None) -> str:
    told = RefundToMake(
        refund_no=refund_no,
        out_trade_no=order.out_trade_no,
        refund_fen=row.amount_fen,
        total_fen=order.paid_fen or 0,
        reason=SENT_REASON,
        notify_url=notify_url,
    )
    return json.dumps(asdict(told), ensure_ascii=False, sort_keys=True)

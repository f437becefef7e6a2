"""The one way to the end of a refund: from an answer, a query, a notice, in any order, any number of times (bugs 5, 6).

A word is kept and acted upon in one short transaction. What it tells is compared with what we ordered; the table of
states says what becomes of it; the ledger says it once, by its reference.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from backend.core.clock import local_day
from backend.core.db import db, insert_once, write_with_retries
from backend.core.failpoints import failpoint
from backend.donations.models import Gift
from backend.ledger.accounts import UNALLOCATED, WORLD, purse_of, refunds_account
from backend.ledger.posting import post
from backend.ledger.reasons import REFUND, REFUND_RETURNED
from backend.payments.alerts import end_alert, raise_alert
from backend.payments.models import PAID, OrderAsk, PaymentOrder
from backend.payments.providers import RefundTold
from backend.projects.models import Project
from backend.projects.queries import get_project
from backend.projects.service import move_leftovers
from backend.receipts.service import cancel_receipt
from backend.refunds import workflow
from backend.refunds.models import HeardRefund, Refund
from backend.refunds.queries import money_of, returned_reference
from backend.refunds.repair_ends import end_gone_to_us, end_with_refund, hear_abnormal_again
from backend.refunds.service import tell_giver
from backend.refunds.wording import PRINTED_CARD_REASON, PRINTED_ELSEWHERE_REASON, PRINTED_REASON

DONE, REPEATED, SET_ASIDE, UNKNOWN = "done", "repeated", "set_aside", "unknown"
SHORT_OF_MONEY = "NOT_ENOUGH"
"""The provider's word that our own account there holds too little: nothing is refused, it is tried again."""
RECEIVED_BY = "received_by"
OUR_OWN_ACCOUNT = "商户"
"""How the account begins that was credited when money went back to us: its giver has nothing of it yet (ADR 0028)."""
WENT_BACK = "已全部退回捐款人"
"""How an alert about money that waited for its project ends when none was found."""


def hear(told: RefundTold, *, now: datetime) -> str:
    """Keep a verified word about a refund and act upon it, in a transaction of its own; return the outcome.

    `absent` and `unknown` are no words: nothing is kept of them; only that our account there is empty calls a person.
    Refuses only when nothing can be stored: then the provider, unanswered, tells it again, and the poller asks all
    the same.
    """
    if told.code == SHORT_OF_MONEY:
        write_with_retries(lambda: raise_alert(kind="REFUND_NO_FUNDS", subject=told.refund_no, now=now))
        return SET_ASIDE
    if told.state not in workflow.WORDS:
        return REPEATED
    return write_with_retries(lambda: settle_refund(told, now=now))


def settle_refund(told: RefundTold, *, now: datetime) -> str:
    """Act upon a verified word in the present transaction and keep it with what became of it; return that."""
    outcome = _act_on(told, now=now)
    # A name is kept with what it tells: a provider that uses one twice is heard twice.
    name = f"{told.notice_id or told.told_by}:{told.refund_no}:{told.state}"
    row = insert_once(HeardRefund).values(
        provider=told.provider,
        notice_id=name[:160],
        told_by=told.told_by,
        refund_no=told.refund_no,
        state=told.state,
        body=told.body,
        heard_at=now,
        outcome=outcome,
    )
    db.session.execute(row.on_conflict_do_nothing())
    failpoint("refund_word_settled")
    return outcome


def contradictions(row: Refund, order: PaymentOrder, told: RefundTold) -> list[str]:
    """Name what a provider's word tells otherwise than we ordered; what it does not tell is not compared (P18).

    That money went back it must tell whole: how much, of which order, and when; and it went to its giver, not to us.
    """
    pairs: dict[str, tuple[object, object]] = {
        "order": (order.out_trade_no, told.out_trade_no),
        "amount": (row.amount_fen, told.refund_fen),
        "total": (order.paid_fen, told.total_fen),
        "transaction": (order.transaction_no, told.transaction_no),
        "provider": (order.provider, told.provider),
        "merchant": (order.merchant, told.merchant),
    }
    wrong = [name for name, (ours, theirs) in pairs.items() if theirs and ours != theirs]
    if told.state == workflow.TOLD_SUCCESS:
        needed = {"order": told.out_trade_no, "amount": told.refund_fen, "success_time": told.success_at}
        wrong += [name for name, value in needed.items() if not value]
        wrong += [RECEIVED_BY] if told.received_by.startswith(OUR_OWN_ACCOUNT) else []
    return wrong


def _act_on(told: RefundTold, *, now: datetime) -> str:
    _lock_project_of(told.refund_no)
    locked = select(Refund).where(Refund.refund_no == told.refund_no).with_for_update()
    row = db.session.scalars(locked.execution_options(populate_existing=True)).first()
    if row is None:
        return _hear_of_a_stranger(told, now=now)
    gift = db.session.get_one(Gift, row.gift_id)
    order = db.session.get_one(PaymentOrder, gift.order_id, populate_existing=True)
    wrong = contradictions(row, order, told)
    if wrong:
        facts = {"state": told.state, "told_by": told.told_by, "wrong": ",".join(wrong)}
        raise_alert(kind="REFUND_MISMATCH", subject=told.refund_no, now=now, **facts)
        if wrong == [RECEIVED_BY]:
            end_gone_to_us(row, now=now)
        return SET_ASIDE
    became = workflow.after(row.state, told.state)
    if became == workflow.OLD_NEWS:
        return DONE if hear_abnormal_again(row, told, now=now) else REPEATED
    if became is None or became == workflow.CONTRADICTS:
        facts = {"stands": row.state, "told": told.state, "told_by": told.told_by}
        raise_alert(kind="REFUND_CONTRADICTED", subject=told.refund_no, now=now, **facts)
        return SET_ASIDE
    _become(row, order, became=became, told=told, now=now)
    return DONE


def _become(row: Refund, order: PaymentOrder, *, became: str, told: RefundTold, now: datetime) -> None:
    if told.provider_refund_no:
        row.provider_refund_no = told.provider_refund_no[:64]
    if told.code:
        row.provider_code = told.code[:40]
    # What was abnormal went to no account that its giver paid from: to a card of ours, or to one that we do not know.
    is_elsewhere = row.state == workflow.ABNORMAL
    is_end = became in (workflow.SUCCESS, workflow.CLOSED)
    tail = end_with_refund(row, told, became=became, now=now) if is_elsewhere and is_end else None
    if became == workflow.SUCCESS:
        row.state, row.ended_at, row.success_at, row.next_ask_at = became, now, told.success_at, None
        _post_success(row, order, tail=tail, now=now)
    elif became == workflow.CLOSED:
        row.state, row.ended_at, row.next_ask_at = became, now, None
        _give_back_to_purse(row, now=now)
    else:
        row.state = became
    if became == workflow.ABNORMAL:
        raise_alert(kind="REFUND_ABNORMAL", subject=told.refund_no, now=now, amount_fen=row.amount_fen)
    if became != workflow.PROCESSING:
        tell_giver(row, now=now, tail=tail)


def _post_success(row: Refund, order: PaymentOrder, *, tail: str | None, now: datetime) -> None:
    account, refund_no = _promised(row)
    assert row.success_at is not None, "its word told when"
    posted = post(
        source=refunds_account(account),
        target=WORLD,
        amount_fen=row.amount_fen,
        reason=REFUND,
        reference=refund_no,
        now=now,
        channel=order.provider,
        provider_date=local_day(row.success_at),
    )
    elsewhere = PRINTED_CARD_REASON if tail else PRINTED_ELSEWHERE_REASON
    reason = PRINTED_REASON if tail is None else elsewhere
    cancel_receipt(transfer_id=posted.id, gift_id=row.gift_id, reason=reason, now=now)
    _end_waiting(row, order, now=now)


def _end_waiting(row: Refund, order: PaymentOrder, *, now: datetime) -> None:
    """Money that waited for a project and went back whole calls nobody any more."""
    went_whole = row.account == UNALLOCATED and money_of(order).refunded_fen == order.paid_fen
    if went_whole and row.approved_by is not None:
        by, subject = row.approved_by, order.out_trade_no
        end_alert(kind="MONEY_WAITS", subject=subject, staff_id=by, reason=WENT_BACK, now=now)


def _give_back_to_purse(row: Refund, *, now: datetime) -> None:
    """The refund failed: its fen stand at the end of the purse's ruler again, and a closed project passes them on."""
    account, refund_no = _promised(row)
    post(
        source=refunds_account(account),
        target=account,
        amount_fen=row.amount_fen,
        reason=REFUND_RETURNED,
        reference=returned_reference(refund_no),
        now=now,
    )
    project = db.session.scalars(select(Project).where(Project.code == purse_of(account))).first()
    if project is not None and project.closed_at is not None:
        move_leftovers(get_project(project.code), now=now)


def _promised(row: Refund) -> tuple[str, str]:
    """Return account and number of a refund that was approved: the database knows none without them."""
    if row.account is None or row.refund_no is None:
        raise RuntimeError(f"refund {row.code} was never approved")
    return row.account, row.refund_no


def _lock_project_of(refund_no: str) -> None:
    """Lock the project before the refund, as closing it does: what comes back must not miss the closing."""
    account = db.session.scalar(select(Refund.account).where(Refund.refund_no == refund_no))
    if account is not None:
        db.session.execute(select(Project.id).where(Project.code == purse_of(account)).with_for_update())


def _hear_of_a_stranger(told: RefundTold, *, now: datetime) -> str:
    """A refund that we did not order calls a person; its payment, should we not know of it, is asked for at once.

    Then both stand in the order in which they happened (bad input 25).
    """
    facts = {"order": told.out_trade_no, "state": told.state, "amount_fen": told.refund_fen or None}
    raise_alert(kind="REFUND_UNKNOWN", subject=told.refund_no, now=now, **facts)
    unpaid = select(PaymentOrder.id).where(PaymentOrder.out_trade_no == told.out_trade_no, PaymentOrder.state != PAID)
    asking = update(OrderAsk).where(OrderAsk.order_id.in_(unpaid)).values(next_at=now)
    db.session.execute(asking.execution_options(synchronize_session=False))
    return UNKNOWN

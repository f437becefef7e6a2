"""Recomputing refunds against the ledger, and naming what is out of joint (P9; bugs 26, 27)."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import func, or_, select, text

from backend.core.db import db, local_date
from backend.donations.models import Gift
from backend.ledger.models import Transfer
from backend.ledger.reasons import REFUND
from backend.payments.models import PaymentOrder
from backend.people.models import Staff
from backend.people.rights import NATION
from backend.refunds.models import APPROVED_RULE, ENDED_RULE, FOUR_EYES_RULE, REFUSED_RULE, Refund, RefundPart
from backend.refunds.repair_checks import check_cards
from backend.refunds.rules import PARTS_MAX
from backend.refunds.workflow import LIVE

SHOWN = 20

# Every case beside the transfers that it must have, and every transfer beside its case.
_CASES = """
    SELECT code, 'refund-reserved:' || refund_no AS reference, 'refund_reserved' AS reason, amount_fen,
           account AS source, account || '#refunds' AS target FROM refunds WHERE refund_no IS NOT NULL
    UNION ALL SELECT code, refund_no, 'refund', amount_fen, account || '#refunds', 'world'
        FROM refunds WHERE state = 'success'
    UNION ALL SELECT code, 'refund-returned:' || refund_no, 'refund_returned', amount_fen,
        account || '#refunds', account FROM refunds WHERE state = 'closed'"""
_WITHOUT_TRANSFER = f"""
    SELECT c.code, c.reason FROM ({_CASES}) c LEFT JOIN transfers t
    ON t.reference = c.reference AND t.reason = c.reason AND t.amount_fen = c.amount_fen
       AND t.source_account = c.source AND t.target_account = c.target
    WHERE t.id IS NULL ORDER BY c.code LIMIT :shown"""
_WITHOUT_CASE = f"""
    WITH cases AS MATERIALIZED ({_CASES})
    SELECT t.reference FROM transfers t LEFT JOIN cases c ON c.reference = t.reference AND c.reason = t.reason
    WHERE t.reason IN ('refund_reserved', 'refund', 'refund_returned') AND c.reference IS NULL
    ORDER BY t.id LIMIT :shown"""
# As it was when a refund was promised: the fen before and of its credit, less what had been taken of them, and all that
# had left the purse otherwise. What left took the earliest fen, so never more may be gone than stood before the rest.
_OF_MOVED_FEN = """
    SELECT r.code FROM refunds r
    JOIN refund_parts p ON p.refund_id = r.id
    JOIN transfers promised ON promised.reference = 'refund-reserved:' || r.refund_no
    JOIN ledger_order place ON place.transfer_id = promised.id
    JOIN ledger_order credit ON credit.transfer_id = p.transfer_id
    WHERE r.account <> '00/unallocated' AND credit.position > place.position
       OR r.account <> '00/unallocated' AND (
        SELECT COALESCE(SUM(t.amount_fen), 0) FROM transfers t JOIN ledger_order o ON o.transfer_id = t.id
        WHERE t.target_account = r.account AND o.position <= credit.position
    ) - (
        SELECT COALESCE(SUM(q.amount_fen), 0) FROM refund_parts q
        JOIN ledger_order o ON o.transfer_id = q.transfer_id
        JOIN transfers qc ON qc.id = q.transfer_id AND qc.target_account = r.account
        JOIN refunds qr ON qr.id = q.refund_id
        JOIN transfers qp ON qp.reference = 'refund-reserved:' || qr.refund_no
        JOIN ledger_order qo ON qo.transfer_id = qp.id
        WHERE o.position <= credit.position AND qo.position <= place.position
    ) < (
        SELECT COALESCE(SUM(t.amount_fen), 0) FROM transfers t JOIN ledger_order o ON o.transfer_id = t.id
        WHERE t.source_account = r.account AND t.reason <> 'refund_reserved' AND o.position < place.position
    ) ORDER BY r.code LIMIT :shown"""


def check_refunds() -> list[str]:
    """Return one sentence for each thing out of joint, at most twenty of a kind; an empty list is clean."""
    checks: tuple[Callable[[], list[str]], ...] = (
        _each_case_has_its_transfers,
        _each_transfer_has_its_case,
        _days_are_those_of_the_rows,
        _parts_are_the_whole,
        _parts_are_of_their_gift,
        _nothing_is_given_back_twice,
        _no_moved_fen_was_promised,
        _decided_by_two_of_the_nation,
        _cases_are_whole,
        _what_is_under_way_is_asked_about,
        _sandbox_agrees,
        check_cards,
    )
    return [finding for check in checks for finding in check()]


def _rows(statement: str) -> list[str]:
    return [str(row[0]) for row in db.session.execute(text(statement), {"shown": SHOWN})]


def _each_case_has_its_transfers() -> list[str]:
    found = db.session.execute(text(_WITHOUT_TRANSFER), {"shown": SHOWN})
    return [f"退款 {row.code} 在账本里没有相符的“{row.reason}”转账" for row in found]


def _each_transfer_has_its_case() -> list[str]:
    return [f"转账 {reference} 没有对应的退款记录" for reference in _rows(_WITHOUT_CASE)]


def _days_are_those_of_the_rows() -> list[str]:
    wrong = (
        select(Transfer.reference)
        .join(Refund, Refund.refund_no == Transfer.reference)
        .join(Gift, Gift.id == Refund.gift_id)
        .join(PaymentOrder, PaymentOrder.id == Gift.order_id)
        .where(Transfer.reason == REFUND)
        .where(or_(Transfer.provider_date != local_date(Refund.success_at), Transfer.channel != PaymentOrder.provider))
    )
    return [f"转账 {reference} 的日期或渠道与退款记录不符" for reference in db.session.scalars(wrong.limit(SHOWN))]


def _parts_are_the_whole() -> list[str]:
    """The fen that a refund took are exactly those that were promised; before its approval it took none."""
    taken = select(func.coalesce(func.sum(RefundPart.amount_fen), 0)).where(RefundPart.refund_id == Refund.id)
    promised = func.coalesce(taken.correlate(Refund).scalar_subquery(), 0)
    is_wrong = or_(
        Refund.refund_no.is_not(None) & (promised != Refund.amount_fen), Refund.refund_no.is_(None) & (promised != 0)
    )
    found = select(Refund.code).where(is_wrong).order_by(Refund.code).limit(SHOWN)
    return [f"退款 {code} 占用的各部分之和不等于退款金额" for code in db.session.scalars(found)]


def _parts_are_of_their_gift() -> list[str]:
    """A refund takes of its own gift only: of its arrival, its reallocation, or what came back of it (bug 26)."""
    own = """
        SELECT r.code FROM refund_parts p JOIN refunds r ON r.id = p.refund_id JOIN gifts g ON g.id = r.gift_id
        JOIN payment_orders o ON o.id = g.order_id JOIN transfers t ON t.id = p.transfer_id
        WHERE t.target_account <> r.account OR NOT (t.reference = o.out_trade_no
            OR t.reference = 'reallocation:' || o.out_trade_no
            OR EXISTS (SELECT 1 FROM refunds f WHERE f.gift_id = r.gift_id
                       AND t.reference = 'refund-returned:' || f.refund_no))
        ORDER BY r.code LIMIT :shown"""
    return [f"退款 {code} 占用了别的款项" for code in _rows(own)]


def _nothing_is_given_back_twice() -> list[str]:
    """Refunds of one payment are never more than it, and at most fifty; no credit gives more than it is."""
    more = """
        SELECT o.out_trade_no FROM refunds r JOIN gifts g ON g.id = r.gift_id JOIN payment_orders o ON o.id = g.order_id
        WHERE r.state IN ('approved', 'processing', 'abnormal', 'success')
        GROUP BY o.out_trade_no, o.paid_fen HAVING SUM(r.amount_fen) > COALESCE(o.paid_fen, 0) LIMIT :shown"""
    drained = """
        SELECT t.reference FROM refund_parts p JOIN transfers t ON t.id = p.transfer_id
        GROUP BY t.reference, t.amount_fen HAVING SUM(p.amount_fen) > t.amount_fen LIMIT :shown"""
    often = select(Gift.code).join(Refund, Refund.gift_id == Gift.id).where(Refund.refund_no.is_not(None))
    often = often.group_by(Gift.code).having(func.count() > PARTS_MAX).limit(SHOWN)
    return [
        *(f"订单 {number} 的退款合计超过了付款" for number in _rows(more)),
        *(f"款项 {reference} 被退款占用的合计超过了它本身" for reference in _rows(drained)),
        *(f"捐赠 {code} 的退款超过 {PARTS_MAX} 次" for code in db.session.scalars(often)),
    ]


def _no_moved_fen_was_promised() -> list[str]:
    return [f"退款 {code} 退的是当时已经拨付或转走的钱" for code in _rows(_OF_MOVED_FEN)]


def _decided_by_two_of_the_nation() -> list[str]:
    hands = Staff.id.in_((Refund.asked_by, Refund.checked_by, Refund.approved_by, Refund.refused_by))
    is_of_nation = (Staff.role == "national") & (Staff.region_code == NATION)
    alone = select(Refund.code).where(text(f"NOT ({FOUR_EYES_RULE})")).limit(SHOWN)
    stranger = select(Refund.code).join(Staff, hands).where(~is_of_nation).distinct().limit(SHOWN)
    return [
        *(f"退款 {code} 没有由两个不同的人审核" for code in db.session.scalars(alone)),
        *(f"退款 {code} 的经办人不是全国账号" for code in db.session.scalars(stranger)),
    ]


def _cases_are_whole() -> list[str]:
    rules = " AND ".join(f"({rule})" for rule in (APPROVED_RULE, REFUSED_RULE, ENDED_RULE))
    broken = select(Refund.code).where(text(f"NOT ({rules})")).limit(SHOWN)
    return [f"退款 {code} 的记录不完整" for code in db.session.scalars(broken)]


def _what_is_under_way_is_asked_about() -> list[str]:
    wrong = or_(
        Refund.state.in_(LIVE) & Refund.next_ask_at.is_(None),
        Refund.state.not_in(LIVE) & Refund.next_ask_at.is_not(None),
    )
    found = select(Refund.code).where(wrong).order_by(Refund.code).limit(SHOWN)
    return [f"退款 {code} 该问支付机构却没有排上，或已了结还在问" for code in db.session.scalars(found)]


def _sandbox_agrees() -> list[str]:
    """The sandbox's book is the bank statement of the demonstration: what we call refunded, it gave back."""
    untrue = """
        SELECT r.refund_no FROM refunds r JOIN gifts g ON g.id = r.gift_id
        JOIN payment_orders o ON o.id = g.order_id AND o.provider = 'sandbox'
        LEFT JOIN sandbox_refunds s ON s.refund_no = r.refund_no AND s.out_trade_no = o.out_trade_no
            AND s.refund_fen = r.amount_fen AND s.ends_as = 'SUCCESS'
        WHERE r.state = 'success' AND s.refund_no IS NULL LIMIT :shown"""
    return [f"退款 {number} 已记为退回，但沙箱没有退这笔钱" for number in _rows(untrue)]

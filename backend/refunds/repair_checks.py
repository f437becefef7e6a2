"""Recomputing the cards of abnormal refunds: two hands each, nothing sealed that nobody needs, none astray."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import or_, select, text

from backend.core.db import db
from backend.outbox.models import OutboxItem
from backend.people.models import Staff
from backend.people.rights import NATION
from backend.refunds.models import Refund
from backend.refunds.repair_models import (
    CONFIRMED,
    CONFIRMED_RULE,
    DONE,
    ENDED_RULE,
    HANDS_RULE,
    KIND,
    OPEN,
    SEALED_RULE,
    RefundRepair,
)
from backend.refunds.workflow import ABNORMAL, SUCCESS

SHOWN = 20


def check_cards() -> list[str]:
    """Return one sentence for each card out of joint, at most twenty of a kind."""
    return [*_hands(), *_not_whole(), *_astray()]


def _hands() -> Iterator[str]:
    alone = select(RefundRepair.code).where(text(f"NOT ({HANDS_RULE})")).limit(SHOWN)
    hands = Staff.id.in_((RefundRepair.entered_by, RefundRepair.confirmed_by))
    is_of_nation = (Staff.role == "national") & (Staff.region_code == NATION)
    stranger = select(RefundRepair.code).join(Staff, hands).where(~is_of_nation).distinct().limit(SHOWN)
    yield from (f"退款银行卡 {code} 没有由两个不同的人办理" for code in db.session.scalars(alone))
    yield from (f"退款银行卡 {code} 的经办人不是全国账号" for code in db.session.scalars(stranger))


def _not_whole() -> Iterator[str]:
    rules = " AND ".join(f"({rule})" for rule in (CONFIRMED_RULE, SEALED_RULE, ENDED_RULE))
    broken = select(RefundRepair.code).where(text(f"NOT ({rules})")).limit(SHOWN)
    yield from (f"退款银行卡 {code} 的记录不完整" for code in db.session.scalars(broken))


def _astray() -> Iterator[str]:
    of_refund = select(RefundRepair.code).join(Refund, Refund.id == RefundRepair.refund_id).limit(SHOWN)
    letter = select(OutboxItem.id).where(OutboxItem.kind == KIND, OutboxItem.key == RefundRepair.code)
    in_hand = (RefundRepair.state == CONFIRMED) & letter.where(OutboxItem.tried_at.is_not(None)).exists()
    wrong = or_(
        RefundRepair.state.in_(OPEN) & (Refund.state != ABNORMAL) & ~(in_hand & (Refund.state == SUCCESS)),
        (RefundRepair.state == DONE) & (Refund.state != SUCCESS),
    )
    unsent = of_refund.where(RefundRepair.state == CONFIRMED, ~letter.exists())
    yield from (f"退款银行卡 {code} 与它的退款对不上" for code in db.session.scalars(of_refund.where(wrong)))
    yield from (f"退款银行卡 {code} 已确认，却没有要发给渠道" for code in db.session.scalars(unsent))

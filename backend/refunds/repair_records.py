"""The cards of abnormal refunds as the desk reads them: bank and last digits, hands, and what the provider said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import aliased

from backend.core.db import db
from backend.donations.models import Gift
from backend.people.models import Staff
from backend.refunds.models import Refund
from backend.refunds.repair_models import CONFIRMED, ENDED, FORGOTTEN_BANK, FORGOTTEN_TAIL, RefundRepair
from backend.refunds.repair_rules import BANKS, goes_at


@dataclass(frozen=True, kw_only=True)
class RepairRecord:
    """The newest card of a refund. `entered_by` and `confirmed_by` are names of staff; nothing sealed is here."""

    code: str
    state: str
    bank_type: str
    card_tail: str
    enterer_id: int
    entered_by: str
    entered_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None
    ended_at: datetime | None
    provider_code: str | None
    provider_words: str | None

    @property
    def goes_at(self) -> datetime | None:
        """When a confirmed card is sent, and cannot be taken back any more; None of any other."""
        return goes_at(self.confirmed_at) if self.state == CONFIRMED and self.confirmed_at else None

    @property
    def bank(self) -> str:
        """The bank's name as people say it, also where it is not known any more."""
        return BANKS.get(self.bank_type, self.bank_type) or "（已删除）"


def forget_cards(person_ids: Iterable[int]) -> None:
    """Wipe bank and last digits of the ended cards of these persons' refunds, when they are forgotten.

    One under way keeps them until it ends: the desk still needs to know where the money goes (`repairs.py`).
    """
    theirs = select(Refund.id).join(Gift, Gift.id == Refund.gift_id).where(Gift.person_id.in_(sorted(set(person_ids))))
    ended = RefundRepair.refund_id.in_(theirs) & RefundRepair.state.in_(ENDED)
    wiping = update(RefundRepair).where(ended).values(bank_type=FORGOTTEN_BANK, card_tail=FORGOTTEN_TAIL)
    db.session.execute(wiping.execution_options(synchronize_session=False))


def newest_cards(refunds: Iterable[str]) -> dict[str, RepairRecord]:
    """Return the newest card of each of these refunds, by the refund's code; most have none."""
    enterer, confirmer = aliased(Staff), aliased(Staff)
    newest = select(func.max(RefundRepair.id)).group_by(RefundRepair.refund_id)
    names = set(RepairRecord.__dataclass_fields__) - {"enterer_id", "entered_by", "confirmed_by"}
    own = [column for column in RefundRepair.__table__.columns if column.name in names]
    statement = (
        select(
            Refund.code.label("refund"),
            *own,
            RefundRepair.entered_by.label("enterer_id"),
            enterer.name.label("entered_by"),
            confirmer.name.label("confirmed_by"),
        )
        .join(Refund, Refund.id == RefundRepair.refund_id)
        .join(enterer, enterer.id == RefundRepair.entered_by)
        .outerjoin(confirmer, confirmer.id == RefundRepair.confirmed_by)
        .where(Refund.code.in_(list(refunds)), RefundRepair.id.in_(newest))
    )
    rows = [dict(row._mapping) for row in db.session.execute(statement)]
    return {str(row.pop("refund")): RepairRecord(**row) for row in rows}

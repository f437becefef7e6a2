"""What a person gave in a year, for the person: every gift, every refund, and sums that equal the ledger's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Integer, Select, cast, extract, func, select
from sqlalchemy.orm import aliased

from backend.core.db import db
from backend.donations.models import Gift
from backend.ledger.models import Transfer
from backend.orgs.models import Organisation
from backend.payments.models import PaymentOrder
from backend.people.humans import same_human
from backend.projects.models import Project
from backend.receipts.models import GIFT, Receipt, ReceiptRefund, ReceiptWaiver
from backend.receipts.wording import receipt_name
from backend.vault.fields import GIFT_NAME
from backend.vault.queries import values_of

GIVEN, RETURNED = "given", "returned"


@dataclass(frozen=True, kw_only=True)
class Line:
    """A gift that came, or money of a gift that went back (`kind` returned). `amount_fen` is above zero in both.

    `receipt` is the number that the gift keeps, or that of the newest paper which the refund caused; None in the first
    seconds.
    """

    on: date
    kind: str
    gift_code: str
    project_title: str
    village_code: str
    organisation: str
    is_demo: bool
    amount_fen: int
    receipt: str | None
    is_waived: bool
    donor: str


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A year of a person: the lines by date, what was given, and what of it or of earlier gifts went back, in fen."""

    year: int
    lines: tuple[Line, ...]

    @property
    def given_fen(self) -> int:
        """What was given in the year."""
        return sum(line.amount_fen for line in self.lines if line.kind == GIVEN)

    @property
    def returned_fen(self) -> int:
        """What went back in the year."""
        return sum(line.amount_fen for line in self.lines if line.kind == RETURNED)


def years_of(person_id: int) -> list[int]:
    """Return the years in which a person gave or was given back, the newest first, by the provider's date."""
    year = cast(extract("year", Transfer.provider_date), Integer)
    came, back = _came().with_only_columns(year), _back().with_only_columns(year)
    mine = Gift.person_id.in_(same_human(person_id))
    return sorted({year for part in (came, back) for year in db.session.scalars(part.where(mine))}, reverse=True)


def statement_of(person_id: int, *, year: int) -> Statement:
    """Return a person's statement of a year by the provider's dates; a year without a gift is empty.

    Read from the transfers, so the sums are the ledger's, also in the seconds before a gift has its receipt.
    """
    mine = Gift.person_id.in_(same_human(person_id))
    within = Transfer.provider_date.between(date(year, 1, 1), date(year, 12, 31))
    parts = ((_came(), GIVEN), (_back(), RETURNED))
    found = [(row, kind) for part, kind in parts for row in db.session.execute(part.where(within, mine))]
    names = values_of((GIFT_NAME,), (row.code for row, _ in found))
    rows = [(_line(row, kind, name=names.get((GIFT_NAME, row.code))), row.id) for row, kind in found]
    return Statement(year=year, lines=tuple(line for line, _ in sorted(rows, key=lambda pair: (pair[0].on, pair[1]))))


def _came() -> Select[Any]:
    found = _told().join(Transfer, Transfer.reference == PaymentOrder.out_trade_no)
    return found.outerjoin(Receipt, (Receipt.gift_id == Gift.id) & (Receipt.kind == GIFT))


def _back() -> Select[Any]:
    paper = aliased(Receipt)
    caused = select(func.max(paper.id)).where(paper.transfer_id == Transfer.id).scalar_subquery()
    found = _told().join(ReceiptRefund, ReceiptRefund.gift_id == Gift.id)
    found = found.join(Transfer, Transfer.id == ReceiptRefund.transfer_id)
    return found.outerjoin(Receipt, Receipt.id == caused)


def _told() -> Select[Any]:
    word = aliased(ReceiptWaiver)
    said = select(func.max(word.id)).where(word.gift_id == Gift.id).scalar_subquery()
    return (
        select(Transfer.id, Transfer.provider_date, Transfer.amount_fen, Gift.code, Gift.display)
        .add_columns(Project.title, Project.village_code, Project.is_demo, Transfer.channel)
        .add_columns(Organisation.name.label("organisation"), Receipt.printed, ReceiptWaiver.is_waived)
        .select_from(Gift)
        .join(PaymentOrder, PaymentOrder.id == Gift.order_id)
        .join(Project, Project.code == PaymentOrder.purse)
        .outerjoin(Organisation, Organisation.id == Project.organisation_id)
        .outerjoin(ReceiptWaiver, ReceiptWaiver.id == said)
    )


def _line(row: Any, kind: str, *, name: str | None) -> Line:
    return Line(
        on=row.provider_date,
        kind=kind,
        gift_code=row.code,
        project_title=row.title,
        village_code=row.village_code,
        organisation=row.organisation or "",
        is_demo=row.is_demo or row.channel == "sandbox",
        amount_fen=row.amount_fen,
        receipt=row.printed,
        is_waived=bool(row.is_waived),
        donor=receipt_name(display=row.display, name=name),
    )

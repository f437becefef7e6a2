"""The receipt job: it reads the ledger in its order and gives each gift, and each refund of one, its papers (law 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select, insert, select, update

from backend.core.db import db, insert_once
from backend.core.failpoints import failpoint
from backend.donations.models import Gift
from backend.ledger.models import OrderedTransfer, Transfer
from backend.orgs.models import Organisation
from backend.payments.models import PaymentOrder
from backend.projects.models import Project
from backend.receipts.heads import Head, heads_of
from backend.receipts.models import CANCELS, GIFT, REST, Receipt, ReceiptRefund, ReceiptSeries, ReceiptState
from backend.receipts.telling import tell_givers
from backend.receipts.wording import printed_number

Place = Row[Any]


@dataclass(frozen=True, kw_only=True)
class Issuer:
    """Who issues a paper and what stands above it: the same for a receipt and for what cancels it."""

    organisation_id: int
    prefix: str
    head_id: int


@dataclass(kw_only=True)
class Book:
    """The papers that one run issues, with the counters that the run holds under its lock."""

    last_id: int
    now: datetime
    series: dict[tuple[int, int], int]
    papers: list[dict[str, Any]] = field(default_factory=list)

    def issue(self, *, issuer: Issuer, cause: Place, **told: Any) -> dict[str, Any]:
        """Write the next paper; its year is that of the provider's date of the transfer that causes it."""
        self.last_id += 1
        year = cause.provider_date.year
        number = self.series.get((issuer.organisation_id, year), 0) + 1
        self.series[issuer.organisation_id, year] = number
        paper = {
            "id": self.last_id,
            "organisation_id": issuer.organisation_id,
            "year": year,
            "number": number,
            "printed": printed_number(issuer.prefix, year=year, number=number),
            "head_id": issuer.head_id,
            "transfer_id": cause.transfer_id,
            "issued_at": self.now,
            "of_id": None,
            "reason": None,
        }
        self.papers.append(paper | told)
        return self.papers[-1]


def issue_receipts(*, limit: int, now: datetime) -> int:
    """Issue the papers of the next `limit` places of the ledger; return how many places were read.

    Runs in a writing transaction, after the order job. Two of them at once are one after the other: both lock the
    single row of `receipt_state`. Numbers have no gap, because number and paper are written together; money that is
    heard of late takes the next number of the year of its own date, and renumbers nothing.
    """
    state = db.session.execute(select(ReceiptState).with_for_update()).scalar_one()
    rows = db.session.execute(_places().where(OrderedTransfer.position > state.last_position).limit(limit)).all()
    if not rows:
        return 0
    book = Book(last_id=state.last_id, now=now, series=_series_of(rows))
    _issue_all(book, rows)
    if book.papers:
        db.session.execute(insert(Receipt), book.papers)
        tell_givers([paper["gift_id"] for paper in book.papers if paper["kind"] == GIFT], now=now)
        _keep_series(book)
    db.session.execute(update(ReceiptState).values(last_position=rows[-1].position, last_id=book.last_id))
    db.session.expire(state)
    failpoint("receipts_written")
    return len(rows)


def has_unread_places() -> bool:
    """Say whether the ledger has places that no receipt was issued for yet."""
    read = select(ReceiptState.last_position).scalar_subquery()
    further = select(OrderedTransfer.position).where(OrderedTransfer.position > read).limit(1)
    return db.session.scalar(further) is not None


def _places() -> Select[Any]:
    """Select what stands at each place: the gift that came, or the gift of which money went back."""
    return (
        select(OrderedTransfer.position, OrderedTransfer.transfer_id, Transfer.provider_date, Transfer.amount_fen)
        .add_columns(Gift.id.label("gift_id"), Project, Organisation)
        .add_columns(ReceiptRefund.gift_id.label("refunded_id"), ReceiptRefund.reason)
        .join(Transfer, Transfer.id == OrderedTransfer.transfer_id)
        .outerjoin(PaymentOrder, PaymentOrder.out_trade_no == Transfer.reference)
        .outerjoin(Gift, Gift.order_id == PaymentOrder.id)
        .outerjoin(Project, Project.code == PaymentOrder.purse)
        .outerjoin(Organisation, Organisation.id == Project.organisation_id)
        .outerjoin(ReceiptRefund, ReceiptRefund.transfer_id == Transfer.id)
        .order_by(OrderedTransfer.position)
    )


def _issue_all(book: Book, rows: Sequence[Place]) -> None:
    gifts = [row for row in rows if row.gift_id is not None and row.Organisation is not None]
    heads = heads_of([(row.Project, row.Organisation) for row in gifts])
    live = _live_papers({row.refunded_id for row in rows if row.refunded_id is not None})
    issuers = {row.gift_id: _issuer(row.Organisation, heads[row.Project.id]) for row in gifts}
    for row in rows:
        if row.gift_id in issuers:
            given = {"kind": GIFT, "gift_id": row.gift_id, "amount_fen": row.amount_fen}
            live[row.gift_id] = book.issue(issuer=issuers[row.gift_id], cause=row, **given)
        elif row.refunded_id in live:
            _cancel(book, row, live)


def _issuer(organisation: Organisation, head: Head) -> Issuer:
    return Issuer(organisation_id=organisation.id, prefix=organisation.receipt_prefix, head_id=head.id)


def _cancel(book: Book, row: Place, live: dict[int, dict[str, Any]]) -> None:
    """Cancel the receipt that stands, by a paper of its own; what is left of the gift gets another."""
    old = live.pop(row.refunded_id)
    prefix = old["printed"].split("-", 1)[0]
    issuer = Issuer(organisation_id=old["organisation_id"], prefix=prefix, head_id=old["head_id"])
    told = {"gift_id": row.refunded_id, "of_id": old["id"], "reason": row.reason}
    book.issue(issuer=issuer, cause=row, kind=CANCELS, amount_fen=-old["amount_fen"], **told)
    rest_fen = old["amount_fen"] - row.amount_fen
    if rest_fen > 0:
        live[row.refunded_id] = book.issue(issuer=issuer, cause=row, kind=REST, amount_fen=rest_fen, **told)


def _live_papers(gift_ids: set[int]) -> dict[int, dict[str, Any]]:
    """Return by gift the receipt that stands; a gift that was given back whole has none."""
    statement = select(Receipt).where(Receipt.gift_id.in_(sorted(gift_ids))).order_by(Receipt.id)
    newest = {paper.gift_id: paper for paper in db.session.scalars(statement)} if gift_ids else {}
    names = ("id", "organisation_id", "printed", "head_id", "amount_fen")
    return {
        gift_id: {name: getattr(paper, name) for name in names}
        for gift_id, paper in newest.items()
        if paper.kind != CANCELS
    }


def _series_of(rows: Sequence[Place]) -> dict[tuple[int, int], int]:
    """Return the last numbers of the years that these places touch."""
    years: set[date] = {row.provider_date.year for row in rows if row.provider_date is not None}
    found = select(ReceiptSeries).where(ReceiptSeries.year.in_(sorted(years))).execution_options(populate_existing=True)
    return {(one.organisation_id, one.year): one.last_number for one in db.session.scalars(found)}


def _keep_series(book: Book) -> None:
    touched = {(paper["organisation_id"], paper["year"]) for paper in book.papers}
    rows = [
        {"organisation_id": organisation, "year": year, "last_number": book.series[organisation, year]}
        for organisation, year in sorted(touched)
    ]
    statement = insert_once(ReceiptSeries)
    kept = {"last_number": statement.excluded.last_number}
    db.session.execute(statement.on_conflict_do_update(index_elements=["organisation_id", "year"], set_=kept), rows)

"""Writing transfers down: once each, never below zero, never twice with two stories."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import Row, select

from backend.core.db import db, insert_once
from backend.core.errors import Refusal
from backend.core.failpoints import failpoint
from backend.core.prepared import Prepared
from backend.ledger.accounts import AMOUNT_FEN_MAX, WORLD, check_account, purse_of
from backend.ledger.models import Account, QueuedTransfer, Transfer
from backend.ledger.queries import balance_fen

transfers = Transfer.__table__


class ReferenceReused(Refusal):
    """The reference stands in the ledger already, with another story (law 6)."""

    code = "REFERENCE_REUSED"
    detail = "这笔款项已经登记过，内容不一致，已拒绝。"


class BalanceTooSmall(Refusal):
    """The account holds less than what should leave it; only `world` may go below zero (law 3)."""

    code = "BALANCE_TOO_SMALL"
    detail = "账户余额不足。"


class AmountInvalid(Refusal):
    """An amount is a whole number of fen, at least one, within the limit of the ledger."""

    status = 422
    code = "AMOUNT_INVALID"
    detail = "金额有误。"


@dataclass(frozen=True, kw_only=True)
class TransferDraft:
    """What one transfer says; two drafts that say the same are one transfer."""

    source_account: str
    target_account: str
    amount_fen: int
    reason: str
    reference: str
    channel: str | None
    provider_date: date | None


_TRANSFER = Prepared(
    lambda: insert_once(Transfer).on_conflict_do_nothing().returning(Transfer.id),
    columns=(*TransferDraft.__dataclass_fields__, "posted_at"),
)
_QUEUE = Prepared(lambda: insert_once(QueuedTransfer), columns=("transfer_id",))


@dataclass(frozen=True, kw_only=True)
class PostedTransfer(TransferDraft):
    """A transfer as it stands in the ledger; `is_new` says whether this call wrote it down."""

    id: int
    posted_at: datetime
    is_new: bool


def post(
    *,
    source: str,
    target: str,
    amount_fen: int,
    reason: str,
    reference: str,
    now: datetime,
    channel: str | None = None,
    provider_date: date | None = None,
) -> PostedTransfer:
    """Append one transfer, or return the one already posted under this reference (law 2, R98, R126).

    A provider repeats its notice until it is answered, so posting twice must equal posting once, also in the same
    instant: the UNIQUE reference decides, not a look before. Refuses `ReferenceReused` for a repeat that tells
    another story, `BalanceTooSmall` for a debit that an account other than `world` cannot bear, `AmountInvalid`.
    `channel` and `provider_date` are for money from or to `world`, and only for it.
    """
    check_amount(amount_fen)
    check_account(source)
    check_account(target)
    draft = TransferDraft(
        source_account=source,
        target_account=target,
        amount_fen=amount_fen,
        reason=reason,
        reference=reference,
        channel=channel,
        provider_date=provider_date,
    )
    if source != WORLD:
        lock_account(source)
        posted = find_transfer(reference)
        if posted is not None:
            return _same_story(draft, posted)
        if balance_fen(source) < amount_fen:
            raise BalanceTooSmall(account=source)
    return _append(draft, now=now)


def lock_account(name: str) -> None:
    """Lock an account for the rest of the transaction, so that no other debit reads the same balance (law 4)."""
    made = insert_once(Account).values(name=name, purse=purse_of(name), balance_fen=0).on_conflict_do_nothing()
    db.session.execute(made)
    db.session.execute(select(Account.name).where(Account.name == name).with_for_update())


def find_transfer(reference: str) -> PostedTransfer | None:
    """Return the transfer posted under `reference`, or None."""
    row = db.session.execute(select(transfers).where(transfers.c.reference == reference)).first()
    return None if row is None else _as_posted(row, is_new=False)


def _append(draft: TransferDraft, *, now: datetime) -> PostedTransfer:
    told = vars(draft)
    new_id = _TRANSFER.execute(told | {"posted_at": now}).scalar()
    if new_id is not None:
        _QUEUE.execute({"transfer_id": new_id})
        failpoint(f"posted_{draft.reason}")
        return PostedTransfer(**told, id=new_id, posted_at=now, is_new=True)
    posted = find_transfer(draft.reference)
    if posted is None:
        raise RuntimeError(f"transfer {draft.reference} was neither written nor found")
    return _same_story(draft, posted)


def _same_story(draft: TransferDraft, posted: PostedTransfer) -> PostedTransfer:
    if any(getattr(posted, name) != told for name, told in asdict(draft).items()):
        raise ReferenceReused(reference=draft.reference)
    return posted


def _as_posted(row: Row[tuple[object, ...]], *, is_new: bool) -> PostedTransfer:
    return PostedTransfer(**row._mapping, is_new=is_new)


def check_amount(amount_fen: int) -> None:
    """Refuse `AmountInvalid` for anything but a whole number of fen, at least one, within the ledger's limit."""
    if type(amount_fen) is not int or not 1 <= amount_fen <= AMOUNT_FEN_MAX:
        raise AmountInvalid(lowest_fen=1, highest_fen=AMOUNT_FEN_MAX)

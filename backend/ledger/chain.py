"""A chain of hashes over the ledger and the audit log: a row changed behind the triggers' back is found (P4).

Each link covers the whole of one row and the link before it, so nobody changes, takes out or slips in a row without
making every later link anew. The ledger is chained in its own order. Acts of the audit log have none that all agree
upon, so they are linked as they are found; a late one stands behind its neighbours.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select, exists, func, insert, select

from backend.core.audit import AuditEntry
from backend.core.clock import in_utc
from backend.core.db import db
from backend.ledger.models import ChainLink, LedgerState, OrderedTransfer, Transfer

BEGINNING = "0" * 64
LEDGER, AUDIT = "ledger", "audit"
LATE_ROWS = 1000
"""So many row ids back an act may still be found that was committed after its neighbours."""
SHOWN = 20


def _rows_of(chain: str) -> Select[*tuple[Any, ...]]:
    """Return every row that a chain covers, its id first: all that the row says, by columns that never change."""
    if chain == LEDGER:
        told = (Transfer.source_account, Transfer.target_account, Transfer.amount_fen, Transfer.reason)
        told += (Transfer.reference, Transfer.channel, Transfer.provider_date, Transfer.posted_at)  # type: ignore[assignment]  # columns of several types
        rows = select(OrderedTransfer.position.label("row_id"), OrderedTransfer.ordered_at, Transfer.id, *told)
        return rows.join(Transfer, OrderedTransfer.transfer_id == Transfer.id)
    entry = AuditEntry
    return select(entry.id.label("row_id"), entry.done_at, entry.actor, entry.action, entry.subject, entry.facts)


def _key_of(chain: str) -> Any:
    return OrderedTransfer.position if chain == LEDGER else AuditEntry.id


def extend(*, limit: int) -> int:
    """Link up to `limit` rows of each chain that have no link yet; return how many. Runs in a writing transaction."""
    db.session.execute(select(LedgerState.id).with_for_update())
    return sum(_extend(chain, limit=limit) for chain in (LEDGER, AUDIT))


def has_unlinked() -> bool:
    """Say whether a row waits for its link."""
    return any(db.session.execute(_unlinked(chain).limit(1)).first() is not None for chain in (LEDGER, AUDIT))


def _unlinked(chain: str) -> Select[*tuple[Any, ...]]:
    key = _key_of(chain)
    newest = db.session.scalar(select(func.max(ChainLink.row_id)).where(ChainLink.chain == chain)) or 0
    if chain == LEDGER:
        return _rows_of(chain).where(key > newest).order_by(key)
    linked = exists().where(ChainLink.chain == chain, ChainLink.row_id == key)
    return _rows_of(chain).where(key > newest - LATE_ROWS, ~linked).order_by(key)


def _extend(chain: str, *, limit: int) -> int:
    last = select(ChainLink.position, ChainLink.sha256).where(ChainLink.chain == chain)
    found = db.session.execute(last.order_by(ChainLink.position.desc()).limit(1)).first()
    position, before = (0, BEGINNING) if found is None else (found.position, found.sha256)
    links = []
    for row in db.session.execute(_unlinked(chain).limit(limit)).all():
        position, before = position + 1, _hash(before, row)
        links.append({"chain": chain, "position": position, "row_id": row.row_id, "sha256": before})
    if links:
        db.session.execute(insert(ChainLink), links)
    return len(links)


def _hash(before: str, row: Row[*tuple[Any, ...]]) -> str:
    told = json.dumps([before, *map(_plain, row)], ensure_ascii=False)
    return hashlib.sha256(told.encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return in_utc(value).isoformat(timespec="microseconds")
    return value.isoformat() if isinstance(value, date) else value


def check_chain() -> list[str]:
    """Return one sentence for each link that does not hold and each old row without a link; at most twenty a chain."""
    return [finding for chain in (LEDGER, AUDIT) for finding in (*_broken(chain), *_without_link(chain))]


def _broken(chain: str) -> list[str]:
    findings: list[str] = []
    place, before = 0, BEGINNING
    for position, row_id, sha256, row in _linked(chain):
        place += 1
        if position != place:
            findings.append(f"{NAMES[chain]}的校验链在第 {place} 环缺失")
        elif row is None:
            findings.append(f"{NAMES[chain]}第 {row_id} 行不见了")
        elif _hash(before, row) != sha256:
            findings.append(f"{NAMES[chain]}第 {row_id} 行与校验链不符，有人改动过")
        place, before = position, sha256
        if len(findings) == SHOWN:
            break
    return findings


def _linked(chain: str) -> Iterator[tuple[int, int, str, Row[*tuple[Any, ...]] | None]]:
    """Walk along a chain, a thousand links at a time, each with its row as it stands now, None when it is gone."""
    after = 0
    while links := _links(chain, after=after):
        ids = [link.row_id for link in links]
        rows = {row.row_id: row for row in db.session.execute(_rows_of(chain).where(_key_of(chain).in_(ids)))}
        for link in links:
            yield link.position, link.row_id, link.sha256, rows.get(link.row_id)
        after = links[-1].position


def _links(chain: str, *, after: int) -> Sequence[Row[*tuple[Any, ...]]]:
    links = select(ChainLink.position, ChainLink.row_id, ChainLink.sha256).where(ChainLink.chain == chain)
    return db.session.execute(links.where(ChainLink.position > after).order_by(ChainLink.position).limit(1000)).all()


def _without_link(chain: str) -> list[str]:
    """A row older than those that may still come late was slipped in, or its link was taken away."""
    key = _key_of(chain)
    newest = db.session.scalar(select(func.max(ChainLink.row_id)).where(ChainLink.chain == chain)) or 0
    linked = exists().where(ChainLink.chain == chain, ChainLink.row_id == key)
    margin = 0 if chain == LEDGER else LATE_ROWS
    slipped_in = select(key).where(key <= newest - margin, ~linked).limit(SHOWN)
    return [f"{NAMES[chain]}第 {row_id} 行没有校验环" for row_id in db.session.scalars(slipped_in)]


NAMES = {LEDGER: "账本", AUDIT: "操作记录"}

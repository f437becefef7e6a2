"""The routes that money may take: for each reason the two accounts between which it moves, and no others (R91, R98)."""

from __future__ import annotations

from sqlalchemy import text

from backend.core.db import db
from backend.ledger.reasons import REASONS

SHOWN = 20

# A closed project's surplus goes to its own village's fund, with the same holder; everything else stays in its purse.
_ALLOWED = """
    SELECT 'gift' AS reason, 'world' AS source, '00/' || code AS target FROM projects
    UNION ALL SELECT 'gift_unallocated', 'world', '00/unallocated'
    UNION ALL SELECT 'own_money', 'world', '00/fees'
    UNION ALL SELECT 'channel_fee', '00/fees', 'world'
    UNION ALL SELECT 'channel_fee_returned', 'world', '00/fees'
    UNION ALL SELECT 'bill_arrival', 'world', '00/unallocated'
    UNION ALL SELECT 'bill_cover', '00/fees', 'world'
    UNION ALL SELECT 'reallocation', '00/unallocated', '00/' || code FROM projects
    UNION ALL SELECT 'payout', '00/' || code, village_code || '/' || code FROM projects
    UNION ALL SELECT 'spending', village_code || '/' || code, 'world' FROM projects
    UNION ALL SELECT 'spending_correction', 'world', village_code || '/' || code FROM projects
    UNION ALL SELECT 'surplus_to_fund', '00/' || p.code, '00/' || f.code FROM projects p
        JOIN projects f ON f.village_code = p.village_code AND f.kind = 'mutual_aid_fund'
        WHERE p.closed_at IS NOT NULL
    UNION ALL SELECT 'surplus_to_fund', p.village_code || '/' || p.code, f.village_code || '/' || f.code FROM projects p
        JOIN projects f ON f.village_code = p.village_code AND f.kind = 'mutual_aid_fund'
        WHERE p.closed_at IS NOT NULL
    UNION ALL SELECT 'refund_reserved', source, source || '#refunds' FROM refundable
    UNION ALL SELECT 'refund', source || '#refunds', 'world' FROM refundable
    UNION ALL SELECT 'refund_returned', source || '#refunds', source FROM refundable"""
# The ledger is read once and grouped; what is compared are routes, a few for each project.
_NOT_ALLOWED = f"""
WITH taken AS MATERIALIZED (
    SELECT reason, source_account AS source, target_account AS target, COUNT(*) AS times, MIN(reference) AS example
    FROM transfers GROUP BY reason, source_account, target_account
), refundable AS (SELECT '00/' || code AS source FROM projects UNION ALL SELECT '00/unallocated'
), allowed AS MATERIALIZED ({_ALLOWED})
SELECT t.reason, t.source, t.target, t.times, t.example FROM taken t
LEFT JOIN allowed a ON a.reason = t.reason AND a.source = t.source AND a.target = t.target
WHERE a.reason IS NULL ORDER BY t.reason, t.source, t.target LIMIT :shown
"""


def check_routes() -> list[str]:
    """Return one sentence for each route that no reason allows, at most twenty: with how many took it, and one of them.

    A purse is thereby held by the nation or by its project's own village, and by nobody else.
    """
    found = db.session.execute(text(_NOT_ALLOWED), {"shown": SHOWN})
    return [
        f"用途“{row.reason}”{_wrong(row.reason, row.source, row.target)}：{row.times} 笔，如转账 {row.example}"
        for row in found
    ]


def _wrong(reason: str, source: str, target: str) -> str:
    return f"不许从 {source} 到 {target}" if reason in REASONS else f"不在清单（{source} 到 {target}）"

"""Names and amounts as givers read them. Pure rules, no database."""

from __future__ import annotations

REAL_NAME, NICKNAME, ANONYMOUS = "real_name", "nickname", "anonymous"
DISPLAYS = (REAL_NAME, NICKNAME, ANONYMOUS)
KIND_PERSON = "爱心人士"


def public_name(*, display: str, name: str | None) -> str:
    """Return the name under which the public sees a giver; an anonymous one is nobody in particular."""
    return KIND_PERSON if display == ANONYMOUS or not name else name


def yuan(amount_fen: int) -> str:
    """Return an amount in yuan with two decimals and separated thousands; below zero with a minus before it."""
    sign, fen = "-" if amount_fen < 0 else "", abs(amount_fen)
    return f"{sign}{fen // 100:,}.{fen % 100:02d}"

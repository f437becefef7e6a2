"""The one table of a refund's states: what each act and each word of the provider makes of it. Pure, no database.

A provider repeats its words and does not keep their order (bugs 5, 16, 26), so every state knows every word. An end
stands: an older word changes it no more, and one that contradicts it calls a person.
"""

from __future__ import annotations

ASKED, CHECKED, APPROVED, PROCESSING = "asked", "checked", "approved", "processing"
SUCCESS, CLOSED, ABNORMAL, WITHDRAWN, REFUSED = "success", "closed", "abnormal", "withdrawn", "refused"
STATES = (ASKED, CHECKED, APPROVED, PROCESSING, SUCCESS, CLOSED, ABNORMAL, WITHDRAWN, REFUSED)
WAITING = (ASKED, CHECKED)
"""Nobody has promised anything yet: it can be withdrawn or refused, and holds no money."""
LIVE = (APPROVED, PROCESSING, ABNORMAL)
"""The money is promised: it stands in the refunds account of its purse until the provider's last word."""
HOLDING = (*LIVE, SUCCESS)

CHECK, APPROVE, REFUSE, WITHDRAW = "check", "approve", "refuse", "withdraw"
TOLD_PROCESSING, TOLD_SUCCESS, TOLD_CLOSED, TOLD_ABNORMAL = "processing", "success", "closed", "abnormal"
TOLD_REFUSED = "refused"
ACTS = (CHECK, APPROVE, REFUSE, WITHDRAW)
WORDS = (TOLD_PROCESSING, TOLD_SUCCESS, TOLD_CLOSED, TOLD_ABNORMAL, TOLD_REFUSED)

OLD_NEWS = "old_news"
"""The word tells nothing new: a repeat, or one that was said before what we know already."""
CONTRADICTS = "contradicts"
"""The word tells of another end than the one that stands: a person must look, and the ledger stays."""

_ENDS = {TOLD_SUCCESS: SUCCESS, TOLD_CLOSED: CLOSED, TOLD_REFUSED: CLOSED, TOLD_ABNORMAL: ABNORMAL}
_STAYS_OPEN = {**_ENDS, TOLD_PROCESSING: PROCESSING}
_UNHEARD = dict.fromkeys(WORDS, CONTRADICTS)
TABLE: dict[str, dict[str, str]] = {
    ASKED: {CHECK: CHECKED, REFUSE: REFUSED, WITHDRAW: WITHDRAWN, **_UNHEARD},
    CHECKED: {APPROVE: APPROVED, REFUSE: REFUSED, WITHDRAW: WITHDRAWN, **_UNHEARD},
    APPROVED: _STAYS_OPEN,
    PROCESSING: {**_STAYS_OPEN, TOLD_PROCESSING: OLD_NEWS, TOLD_REFUSED: CONTRADICTS},
    ABNORMAL: {**_STAYS_OPEN, TOLD_PROCESSING: OLD_NEWS, TOLD_ABNORMAL: OLD_NEWS, TOLD_REFUSED: CONTRADICTS},
    SUCCESS: {
        TOLD_SUCCESS: OLD_NEWS,
        TOLD_PROCESSING: OLD_NEWS,
        TOLD_ABNORMAL: OLD_NEWS,
        TOLD_CLOSED: CONTRADICTS,
        TOLD_REFUSED: CONTRADICTS,
    },
    CLOSED: {
        TOLD_CLOSED: OLD_NEWS,
        TOLD_REFUSED: OLD_NEWS,
        TOLD_PROCESSING: OLD_NEWS,
        TOLD_ABNORMAL: OLD_NEWS,
        TOLD_SUCCESS: CONTRADICTS,
    },
    WITHDRAWN: _UNHEARD,
    REFUSED: _UNHEARD,
}


def after(state: str, event: str) -> str | None:
    """Return what becomes of a refund in `state`: a state, `OLD_NEWS` or `CONTRADICTS`; None: the act is refused."""
    return TABLE[state].get(event)

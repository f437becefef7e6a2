"""How the sandbox sends an abnormal refund to another card: it opens the seal as a real provider would.

A card that ends in 44 is refused as one of another person, so that a demonstration shows that too.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1
from sqlalchemy import select

from backend.core.db import db
from backend.core.errors import Refusal
from backend.outbox.models import OutboxItem
from backend.outbox.service import put
from backend.payments.models import SandboxRefund
from backend.payments.providers import RefundToRepair
from backend.payments.sandbox_book import NOTICE_KIND, SUCCESS, find_trade
from backend.payments.sandbox_refunds import ABNORMAL, TAKES, find_refund, notice_of, refund_of

NOT_HIS_CARD = "44"


class CardRefused(Refusal):
    """The sandbox's plain no to a card: the refund stays abnormal."""

    status = 400
    code = "PARAM_ERROR"
    detail = "收款银行卡的户名与卡号不符（沙箱：尾号44的卡都这样）。"


def repair_refund(repair: RefundToRepair, *, key: RSAPrivateKey, now: datetime) -> tuple[dict[str, Any], bool]:
    """Give an abnormal refund back to another card, after a while; return how it stands, and whether by this card.

    The same sealed card again is the same yes; another one, once the refund moved on, is not taken. Refuses
    `CardRefused`, and `RefundAbsent` for a number that was never told.
    """
    locked = select(SandboxRefund).where(SandboxRefund.refund_no == repair.refund_no).with_for_update()
    db.session.execute(locked.execution_options(populate_existing=True))
    row = find_refund(repair.refund_no)
    by = f"{row.refund_no}:{sha256(repair.card.bank_account.encode()).hexdigest()[:32]}"
    trade = find_trade(row.out_trade_no)
    if row.ends_as == ABNORMAL and now >= row.ends_at:
        account, name = (_opened(text, key=key) for text in (repair.card.bank_account, repair.card.real_name))
        if not name or not account or account.endswith(NOT_HIS_CARD):
            raise CardRefused()
        row.ends_as, row.ends_at = SUCCESS, now + TAKES
        body = notice_of(row, trade, now=row.ends_at)
        put(kind=NOTICE_KIND, subject=row.refund_no, key=by, body=body, now=row.ends_at)
    owed = select(OutboxItem.id).where(OutboxItem.kind == NOTICE_KIND, OutboxItem.key == by)
    return refund_of(row, trade, now=now), db.session.scalar(owed) is not None


def _opened(text: str, *, key: RSAPrivateKey) -> str:
    """Return what was sealed for the sandbox; nothing when it was sealed for somebody else."""
    padding = OAEP(mgf=MGF1(algorithm=SHA1()), algorithm=SHA1(), label=None)  # noqa: S303 - the protocol's choice.
    try:
        return key.decrypt(base64.b64decode(text, validate=True), padding).decode("utf-8")
    except (ValueError, binascii.Error):
        return ""

"""Every table of the house, so that migrations and tests know them all."""

from __future__ import annotations

from backend.core import audit, idempotency
from backend.ledger import models as ledger

ALL = (audit, idempotency, ledger)

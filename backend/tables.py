"""Every table of the house, so that migrations and tests know them all."""

from __future__ import annotations

from backend.content import models as content
from backend.core import audit, idempotency
from backend.disbursements import models as disbursements
from backend.donations import models as donations
from backend.jobs import models as jobs
from backend.ledger import models as ledger
from backend.media import models as media
from backend.messages import models as messages
from backend.notices import models as notices
from backend.openings import models as openings
from backend.orgs import models as orgs
from backend.outbox import models as outbox
from backend.payments import models as payments
from backend.people import models as people
from backend.projects import models as projects
from backend.receipts import models as receipts
from backend.reconciliation import models as reconciliation
from backend.refunds import models as refunds
from backend.refunds import repair_models
from backend.regions import models as regions
from backend.sharing import models as sharing
from backend.vault import models as vault
from backend.volunteers import models as volunteers
from backend.wechat import models as wechat

ALL = (
    audit,
    content,
    disbursements,
    donations,
    idempotency,
    jobs,
    ledger,
    media,
    messages,
    notices,
    openings,
    orgs,
    outbox,
    payments,
    people,
    projects,
    receipts,
    reconciliation,
    refunds,
    repair_models,
    regions,
    sharing,
    vault,
    volunteers,
    wechat,
)

"""Every table of the house, so that migrations and tests know them all."""

from __future__ import annotations

from backend.core import audit, idempotency
from backend.disbursements import models as disbursements
from backend.ledger import models as ledger
from backend.media import models as media
from backend.orgs import models as orgs
from backend.people import models as people
from backend.projects import models as projects
from backend.regions import models as regions

ALL = (audit, disbursements, idempotency, ledger, media, orgs, people, projects, regions)

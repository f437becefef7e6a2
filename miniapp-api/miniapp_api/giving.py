"""Ordering a gift: the order is committed before its provider hears of it, so a crash at any point is healed."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from flask import Response
from flask_smorest import Blueprint

from backend.core import clock, idempotency
from backend.core.db import write_with_retries
from backend.core.failpoints import failpoint
from backend.donations import service
from backend.payments.providers import PayWay, Provider
from backend.projects.queries import get_project
from backend.receipts.service import choose_receipt
from backend.sharing.service import credited_link
from miniapp_api.donations import showing_of
from miniapp_api.gift_schemas import GiftOrderSchema, GiftSchema
from miniapp_api.link_codes import link_id_of
from miniapp_api.once import answer, claim_request
from miniapp_api.paying import Begun, begin, paid_view, pay_way, payer_ref
from miniapp_api.payments import current_provider
from miniapp_api.sessions import require_person
from miniapp_api.words import hand_in_gift

bp = Blueprint("giving", __name__, description="捐赠下单。")


@bp.post("/projects/<code>/gifts")
@bp.arguments(GiftOrderSchema)
@bp.response(201, GiftSchema)
def order_gift(form: dict[str, Any], code: str) -> Response:
    """Order a gift. Two transactions with the provider's call between them; a repeat under the same key goes on.

    The order is committed before the provider hears of it, so a crash at any point is healed by the same request.
    """
    provider, now = current_provider(), clock.now()
    begun = write_with_retries(lambda: _begin(form, code, provider, now=now))
    if isinstance(begun, Response):
        return begun
    way = pay_way(provider, begun, now=now)
    told = write_with_retries(lambda: _finish(provider, begun, way, now=now))
    failpoint("order_told")
    return told


def _begin(form: dict[str, Any], project_code: str, provider: Provider, *, now: datetime) -> Response | Begun:
    """Claim the key and order the gift; give the answer kept before, or go on with the gift noted before.

    Of a gift whose order ended before anybody could pay it, nothing is left to go on with: it is ordered anew.
    """
    person = require_person()
    taken = claim_request(f"person:{person.code}")
    if taken.body is not None and taken.status is not None:
        return answer(taken.status, taken.body)
    if taken.body is not None and not service.is_dead(taken.body):
        return begin(provider, service.resume_gift(taken.body, now=now), person_id=person.id)
    payer_ref(provider, person_id=person.id, app_id=provider.app_id_for(form["channel"]))  # Refuses before the order.
    link_id = credited_link(link_id_of(form.get("via")), project_code=project_code)
    shown = showing_of(form)
    ordered = service.order_gift(
        person_id=person.id,
        project_code=project_code,
        amount_fen=form["amount_fen"],
        shown=shown,
        link_id=link_id,
        provider=provider,
        channel=form["channel"],
        again=form["again"],
        now=now,
    )
    choose_receipt(gift_id=service.find_gift_row(ordered.code).id, is_waived=form["waives_receipt"], now=now)
    hand_in_gift(ordered.code, shown, person_id=person.id, region_code=get_project(project_code).village_code, now=now)
    idempotency.note(taken, body=ordered.code)
    failpoint("order_written")
    return begin(provider, ordered, person_id=person.id)


def _finish(provider: Provider, begun: Begun, way: PayWay | None, *, now: datetime) -> Response:
    """Note how the gift is paid and keep the answer; of several that finish at once, the first one's answer stays."""
    taken = claim_request(f"person:{require_person().code}")
    if taken.status is not None and taken.body is not None:
        return answer(taken.status, taken.body)
    body = json.dumps(GiftSchema().dump(paid_view(provider, begun.ordered, way, now=now)), ensure_ascii=False)
    idempotency.keep(taken, status=201, body=body)
    return answer(201, body)

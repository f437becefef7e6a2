"""Notices of payment providers: verified over their raw bytes, stored, settled; everything else is turned away."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final

from flask import Flask, Response, current_app, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from prometheus_client import Counter
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from backend.core import clock
from backend.core.config import Settings
from backend.core.db import write_with_retries
from backend.core.errors import NotFound
from backend.core.failpoints import failpoint
from backend.payments.alerts import raise_alert
from backend.payments.inbox import hear
from backend.payments.providers import PaymentUnavailable, Provider, RefundTold
from backend.payments.signature import NoticeRefused, ResourceUnreadable
from backend.payments.wechat.reading import NAME as WECHAT
from backend.payments.worker import provider_of
from backend.refunds.hearing import hear as hear_refund
from miniapp_api.edge import settings
from miniapp_api.metrics import OWN

bp = Blueprint("payments", __name__, description="支付机构的回调。验签失败一律拒绝，不做任何事。")
NOTICE_BYTES_MAX: Final = 65_536
NOTICES = Counter("happy_home_payment_words", "words of payment providers", ["outcome"], registry=OWN)


class ToldProviderSchema(Schema):
    """What a provider is told when its notice is turned away; it decides by the HTTP status."""

    code = fields.String(required=True)
    message = fields.String(required=True)


def current_provider() -> Provider:
    """Return the provider of the application that answers now. Refuses `PaymentUnavailable`."""
    found = current_app.extensions.get("payment_provider")
    if found is None:
        found = current_app.extensions["payment_provider"] = provider_of(settings())
    provider: Provider = found
    return provider


def notify_url() -> str | None:
    """Return where the provider tells us of payments and refunds, None where none is set up."""
    try:
        return current_provider().notify_url
    except PaymentUnavailable:
        return None


def install_provider(app: Flask) -> None:
    """Make a provider of real money before the first request: a wrong key file ends the start with one sentence."""
    has: Settings = app.config["SETTINGS"]
    if has.payment_provider == WECHAT:
        app.extensions["payment_provider"] = provider_of(has)


@bp.post("/payments/notices/<provider>")
@bp.response(204)
@bp.alt_response(401, schema=ToldProviderSchema)
@bp.alt_response(500, schema=ToldProviderSchema)
def hear_notice(provider: str) -> Response:
    """Hear a notice of a payment or refund: verify, store, settle. 204 only once it is stored; a repeat is no more.

    A notice that is the provider's, but does not open with our key, calls a person once a day and is told again.
    """
    asked = _provider_named(provider, settings())
    body = _raw_body()
    now = clock.now()
    try:
        told = asked.read_notice(dict(request.headers), body, now=now)
    except (NoticeRefused, ResourceUnreadable) as refusal:
        NOTICES.labels(refusal.code).inc()
        if isinstance(refusal, ResourceUnreadable):
            _call_a_person(provider, now=now)
        text = json.dumps({"code": refusal.code, "message": refusal.detail}, ensure_ascii=False)
        return Response(text, status=refusal.status, mimetype="application/json")
    failpoint("notice_read")
    outcome = hear_refund(told, now=now) if isinstance(told, RefundTold) else hear(told, now=now)
    failpoint("notice_heard")
    NOTICES.labels(outcome).inc()
    return Response(status=204)


def _call_a_person(provider: str, *, now: datetime) -> None:
    subject = f"{provider}:{clock.local_day(now)}"
    write_with_retries(lambda: raise_alert(kind="DECRYPT_FAILED", subject=subject, now=now))


def _provider_named(name: str, has: Settings) -> Provider:
    if name != has.payment_provider or name == "none":
        raise NotFound()
    return current_provider()


def _raw_body() -> bytes:
    """Return the very bytes that were signed (bug 23); too long, packed, or not JSON is refused before reading."""
    if request.mimetype != "application/json" or request.headers.get("Content-Encoding", "identity") != "identity":
        raise UnsupportedMediaType
    if (request.content_length or 0) > NOTICE_BYTES_MAX:
        raise RequestEntityTooLarge
    request.max_content_length = NOTICE_BYTES_MAX
    return request.get_data(cache=False)

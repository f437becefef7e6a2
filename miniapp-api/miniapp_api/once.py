"""`once`: run a handler's act at most once per Idempotency-Key and answer a repeat with the same bytes."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable

from flask import Response, request
from marshmallow import Schema

from backend.core import clock, idempotency
from backend.vault.answers import AnswerSealer
from miniapp_api.edge import settings


def once(*, scope: str, status: int, schema: Schema, act: Callable[[], object], is_secret: bool = False) -> Response:
    """Claim the request's key within `scope`, run `act`, keep and return its dumped answer.

    Runs inside the handler's writing transaction, so effect and answer stand or fall together. `is_secret`: the body
    holds what could be guessed from a plain hash of it, as a card number can.
    """
    taken = claim_request(scope, is_secret=is_secret)
    if taken.status is not None and taken.body is not None:
        return answer(taken.status, taken.body)
    body = json.dumps(schema.dump(act()), ensure_ascii=False)
    idempotency.keep(taken, status=status, body=body)
    return answer(status, body)


def claim_request(scope: str, *, is_secret: bool = False) -> idempotency.Claim:
    """Claim the key of the request at hand; its fingerprint is the hash of method, path and raw body.

    That of a secret body is made with the house's own key: whoever reads the database cannot try numbers against it.
    """
    told = b"\n".join((request.method.encode(), request.full_path.encode(), request.get_data(cache=True)))
    if is_secret:
        fingerprint = hmac.digest(settings().secret_key.encode(), told, "sha256").hex()
    else:
        fingerprint = hashlib.sha256(told).hexdigest()
    key = request.headers.get("Idempotency-Key")
    sealer, now = AnswerSealer(), clock.now()
    return idempotency.claim(scope=scope, key=key, fingerprint=fingerprint, sealer=sealer, now=now)


def answer(status: int, body: str) -> Response:
    """Return a kept answer, the same bytes each time."""
    return Response(body, status=status, mimetype="application/json")

"""While the books are stopped the house is read-only: nobody is asked to pay, nothing is decided; hours go on (P3)."""

from __future__ import annotations

from flask import Flask, request

from backend.core.db import read_with_retries
from backend.ledger import guard
from miniapp_api.edge import SAFE_METHODS

# What a stop of the books must not stop: a provider's word, which waits in the inbox; logging in, to read and to mend;
# the check-ins of volunteers, whose hours are no money; and dealing with the very alert.
GOES_ON = (
    "/api/v1/payments/notices/",
    "/api/v1/session",
    "/api/v1/login/",
    "/api/v1/desk/session",
    "/api/v1/desk/factor",
    "/api/v1/desk/password",
    "/api/v1/desk/alerts/",
    "/api/v1/activities/",
)


def install_read_only(app: Flask) -> None:
    """Ask before each request that would write."""
    app.before_request(_refuse_when_stopped)


def _refuse_when_stopped() -> None:
    if request.method in SAFE_METHODS or not request.path.startswith("/api/") or request.path.startswith(GOES_ON):
        return
    read_with_retries(guard.refuse_when_stopped)

"""Limits on what one phone, one account and one network may ask of us in a minute (ASVS 2.4.1, 6.3.1).

Reading is free; writing, logging in and drawing are counted. A network may be a whole village behind one address, so
its limits are wide, and a phone's are narrow. The counters stand in this process, or in a Redis for several; while that
is away each process counts by itself, and nobody is turned away because a counter is.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, cast

from flask import Flask, request
from flask_limiter import ApplicationLimit, Limiter

from backend.core.config import Settings
from backend.core.ids import token_hash
from miniapp_api.desk.guard import desk_token
from miniapp_api.sessions import session_token

if TYPE_CHECKING:
    from flask.typing import RouteCallable

WRITES_OF_ONE = "120 per minute"
WRITES_OF_A_NETWORK = "1200 per minute"
LOGINS_OF_A_NETWORK = "60 per minute"
PICTURES_OF_A_NETWORK = "600 per minute"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# Where a password or a code is tried, and where a picture is drawn for who asks.
LOGINS = (
    "desk_session.log_in",
    "desk_safety.remove_factor",
    "desk_safety.change_password",
    "logins.send_phone_code",
    "logins.log_in_by_phone",
    "logins.log_in_by_wechat_phone",
)
PICTURES = (
    "sharing.show_code",
    "sharing.show_card",
    "sharing.show_poster",
    "sharing.print_poster",
    "message_pictures.show_project_message",
    "message_pictures.show_village_message",
)


def install_limits(app: Flask, settings: Settings) -> None:
    """Hang the limits on the application, after its routes."""
    limiter = Limiter(
        network,
        app=app,
        storage_uri=settings.security.limits_url,
        strategy="fixed-window",
        enabled=settings.security.limits_writes,
        in_memory_fallback_enabled=True,
        application_limits=[
            ApplicationLimit(WRITES_OF_ONE, key_function=who, exempt_when=_is_free),
            ApplicationLimit(WRITES_OF_A_NETWORK, key_function=network, exempt_when=_is_free),
        ],
    )
    for names, limit in ((LOGINS, LOGINS_OF_A_NETWORK), (PICTURES, PICTURES_OF_A_NETWORK)):
        shared = limiter.shared_limit(limit, scope=names[0], key_func=network)
        for name in names:
            app.view_functions[name] = cast("RouteCallable", shared(app.view_functions[name]))
    app.extensions["limits"] = limiter


def network() -> str:
    """Return the address that this request came from, hashed: the counters hold nobody's address."""
    return f"net:{token_hash(request.remote_addr or '')[:20]}"


def who() -> str:
    """Return the staff session or the phone that this request came from, else its address."""
    token = desk_token() or session_token()
    return network() if token is None else f"one:{token_hash(token)[:20]}"


def wait_seconds(app: Flask) -> int:
    """Return how long the limit just met lasts, in whole seconds; at least one."""
    met = cast("Limiter", app.extensions["limits"]).current_limit
    return 1 if met is None else max(1, math.ceil(met.reset_at - time.time()))


def _is_free() -> bool:
    """Reading is free, and a payment notice is judged by its signature: money that was paid is never turned away."""
    return request.method in SAFE_METHODS or request.path.startswith("/api/v1/payments/notices/")

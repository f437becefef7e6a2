"""Logs as JSON lines, one a request, without personal data: no path, no query, no body, no text of an error.

A path may hold the secret of a receipt, an error's text what somebody typed; so a request is logged by its rule and
an error by its kind and the places in the code that it came through (ASVS 16.2).
"""

from __future__ import annotations

import logging
import sys
import time
import traceback
from types import TracebackType

import structlog
from flask import Flask, Response, g, request
from structlog.typing import EventDict, WrappedLogger

SLOW_MS = 1000
FRAMES = 12
HIDDEN = ("path", "url", "query", "body", "message", "name", "nickname", "phone", "secret", "token", "ip")
log = structlog.get_logger()


def configure_logs() -> None:
    """Write JSON lines to standard error, one for each event; called once, before the application is made."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_personal_data,
            without_error_text,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # Whatever standard error is by then.
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=False,
    )


def without_personal_data(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Drop what may hold personal data or a secret, whoever wrote it into the log."""
    for name in HIDDEN:
        event.pop(name, None)
    return event


def without_error_text(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Keep of an error its kind and where it came through; never its text, which may quote what was typed."""
    given = event.pop("exc_info", None)
    if not given:
        return event
    error = given if isinstance(given, BaseException) else sys.exc_info()[1]
    if error is not None:
        event["error"] = type(error).__name__
        event["came_through"] = places(error.__traceback__)
    return event


def places(trace: TracebackType | None) -> list[str]:
    """Return the last places in the code that an error came through, as file:line function."""
    frames = traceback.extract_tb(trace)[-FRAMES:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def install_logs(app: Flask) -> None:
    """Log every request when it is answered."""
    app.before_request(_start)
    app.after_request(_log_request)


def _start() -> None:
    g.started = time.perf_counter()


def took_ms() -> int:
    """Return for how many milliseconds the present request has been worked on."""
    started: float = g.get("started", time.perf_counter())
    return round((time.perf_counter() - started) * 1000)


def endpoint_of_request() -> str:
    """Return the rule that answers the present request, never its path."""
    return request.url_rule.rule if request.url_rule is not None else "(unknown)"


def _log_request(response: Response) -> Response:
    log_answer(
        request_id=g.get("request_id", ""),
        method=request.method,
        endpoint=endpoint_of_request(),
        status=response.status_code,
        milliseconds=took_ms(),
    )
    return response


def log_answer(*, request_id: str, method: str, endpoint: str, status: int, milliseconds: int) -> None:
    """Write the line of one answered request; a slow or broken one as a warning."""
    told = {"request_id": request_id, "method": method, "endpoint": endpoint, "status": status, "ms": milliseconds}
    is_bad = status >= 500 or milliseconds >= SLOW_MS
    (log.warning if is_bad else log.info)("request", **told)

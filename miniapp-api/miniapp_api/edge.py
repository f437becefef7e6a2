"""The edge of a request: its one transaction, its JSON, its size, its id, and the headers of its answer."""

from __future__ import annotations

import functools
import json
import secrets
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from flask import Flask, Response, current_app, g, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.middleware.proxy_fix import ProxyFix

from backend.core.config import Settings
from backend.core.db import read_with_retries, write_with_retries
from backend.core.errors import Refusal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

P = ParamSpec("P")
R = TypeVar("R")
BODY_BYTES_MAX, PICTURE_BYTES_MAX = 1024 * 1024, 11 * 1024 * 1024
PICTURES = "/api/v1/desk/media"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; script-src 'self'; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
}


class DuplicateKey(Refusal):
    """The JSON names one key twice: which of the two was meant, nobody can know."""

    status = 400
    code = "DUPLICATE_KEY"
    detail = "内容里有重复的项目。"


class CrossSite(Refusal):
    """The request came from another site's page: unsafe requests carry `X-Requested-With: happy-home`."""

    status = 403
    code = "CROSS_SITE"
    detail = "请在本平台的页面上操作。"


def new_request_id() -> str:
    """Return the name of one request in answers and logs."""
    return secrets.token_hex(8)


def settings() -> Settings:
    """Return the settings of the application that answers now."""
    found: Settings = current_app.config["SETTINGS"]
    return found


def reads(handler: Callable[P, R]) -> Callable[P, R]:
    """Run the handler in one read-only transaction that sees one instant of the database."""

    @functools.wraps(handler)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        return read_with_retries(lambda: handler(*args, **kwargs))

    return inside


def writes(handler: Callable[P, R]) -> Callable[P, R]:
    """Run the handler in one writing transaction, repeated when the database dropped it."""

    @functools.wraps(handler)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        return write_with_retries(lambda: handler(*args, **kwargs))

    return inside


class StrictJson(DefaultJSONProvider):
    """JSON as money needs it: no key twice, no NaN or Infinity, Chinese left readable."""

    ensure_ascii = False
    sort_keys = False

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Parse, refusing `DuplicateKey`; anything else that is not JSON raises ValueError, a 400."""
        try:
            return json.loads(s, object_pairs_hook=_without_repeats, parse_constant=_refuse_constant, **kwargs)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise DuplicateKey()
    if any(not name.isprintable() for name in found):
        raise ValueError("a key holds a character that no key has")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def install_edge(app: Flask) -> None:
    """Hang request ids, cross-site refusal and security headers on the application."""
    app.json = StrictJson(app)
    found: Settings = app.config["SETTINGS"]
    hops = found.security.trusted_proxies
    if hops:  # Exactly so many entries of X-Forwarded-* are ours; the others anybody may have written (ASVS 4.1.3).
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]  # as documented
    app.wsgi_app = Headed(app.wsgi_app, _headers_of(found))  # type: ignore[method-assign]  # as documented
    app.before_request(_before)
    app.after_request(_after)


def _before() -> None:
    g.request_id = new_request_id()
    request.max_content_length = PICTURE_BYTES_MAX if request.path == PICTURES else BODY_BYTES_MAX
    if request.method in SAFE_METHODS or not request.path.startswith("/api/") or _comes_from_provider():
        return
    if request.headers.get("X-Requested-With") != "happy-home":
        raise CrossSite()


def _comes_from_provider() -> bool:
    """A provider's notice carries a signature instead; its handler verifies it."""
    return request.path.startswith("/api/v1/payments/notices/")


def _after(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.get("request_id", "")
    return response


def _headers_of(found: Settings) -> list[tuple[str, str]]:
    rows = list(({**HEADERS, **_opened_to(found.wechat.bridge_url)} if found.wechat.bridge_url else HEADERS).items())
    return [*rows, ("Strict-Transport-Security", "max-age=31536000")] if found.is_production else rows


def _opened_to(bridge_url: str) -> dict[str, str]:
    """Let the page load the simulator's script and cashier: a development tool, which production refuses to be set."""
    name = "Content-Security-Policy"
    opened = HEADERS[name].replace("script-src 'self';", f"script-src 'self' {bridge_url};")
    return {name: f"{opened}; frame-src {bridge_url}; connect-src 'self' {bridge_url}"}


class Headed:
    """Adds to every answer the headers that protect its reader; what a page sets itself stays."""

    def __init__(self, app: WSGIApplication, rows: list[tuple[str, str]]) -> None:
        self.app, self.rows = app, rows

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the application does, with the headers."""

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            told = {name for name, _ in headers}
            return start_response(status, [*headers, *(row for row in self.rows if row[0] not in told)], *rest)

        if environ["REQUEST_METHOD"] == "POST" and environ.get("HTTP_X_HTTP_METHOD_OVERRIDE") == "PATCH":
            environ["REQUEST_METHOD"] = "PATCH"  # The mini-program's request knows no PATCH.
        return self.app(environ, start)

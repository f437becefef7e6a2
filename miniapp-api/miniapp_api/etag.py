"""`etagged`: a public read is shared for a second and named by a hash; what a phone has already is not sent again."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ParamSpec

from flask import Flask, Response, current_app, make_response, request
from flask.typing import ResponseReturnValue

from miniapp_api.edge import new_request_id
from miniapp_api.logs import endpoint_of_request, log_answer
from miniapp_api.metrics import count_answer
from miniapp_api.shared import Answer, SharedAnswers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

P = ParamSpec("P")
EXTENSION = "happy-home-shared-answers"
ASK_EACH_TIME = "public, no-cache"


class Front:
    """Stands before Flask: an answer that is on the shelf goes out from here, counted and logged like any other."""

    def __init__(self, app: WSGIApplication, shelf: SharedAnswers) -> None:
        self.app, self.shelf = app, shelf

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer from the shelf, or let Flask answer."""
        is_shared = environ["REQUEST_METHOD"] == "GET" and not asks_anew(environ)
        answer = self.shelf.find(key_of(environ)) if is_shared else None
        if answer is None:
            return self.app(environ, start_response)
        request_id = new_request_id()
        headers = [("ETag", answer.etag), ("Cache-Control", answer.cache), ("X-Request-ID", request_id)]
        asked = environ.get("HTTP_IF_NONE_MATCH", "")
        is_known = answer.etag in asked.replace("W/", "").replace(" ", "").split(",") or asked == "*"
        status = 304 if is_known else 200
        log_answer(request_id=request_id, method="GET", endpoint=answer.endpoint, status=status, milliseconds=0)
        count_answer(method="GET", endpoint=answer.endpoint, status=status, milliseconds=0)
        if is_known:
            start_response("304 NOT MODIFIED", headers)
            return []
        headers += [("Content-Type", answer.media_type), ("Content-Length", str(len(answer.body)))]
        start_response("200 OK", headers)
        return [answer.body]


def install_shared_answers(app: Flask, *, milliseconds: int) -> None:
    """Give the application its shelf of shared answers; nought milliseconds keep nothing."""
    shelf = SharedAnswers(milliseconds=milliseconds)
    app.extensions[EXTENSION] = shelf
    app.wsgi_app = Front(app.wsgi_app, shelf)  # type: ignore[method-assign]  # as Flask's documentation has it.


def key_of(environ: WSGIEnvironment) -> str:
    """Return the key of a request: its path and its query as they came."""
    return f"{environ.get('PATH_INFO', '')}?{environ.get('QUERY_STRING', '')}"


def asks_anew(environ: WSGIEnvironment) -> bool:
    """Tell whether the asker takes no answer made before the question (RFC 9111, 5.2.1.4): he has just given."""
    return "no-cache" in environ.get("HTTP_CACHE_CONTROL", "")


def etagged(handler: Callable[P, ResponseReturnValue]) -> Callable[P, Response]:
    """Share the answer for a second, add an ETag, and answer 304 without a body when the asker holds the same.

    Stands above `@bp.response`, for reads that are the same for everybody; refusals pass it by. Other caches may keep
    the answer but ask each time: a figure on a village's page is at most a second old, and not even that for who asks
    with `Cache-Control: no-cache`.
    """

    @functools.wraps(handler)
    def inside(*args: P.args, **kwargs: P.kwargs) -> Response:
        shelf: SharedAnswers = current_app.extensions[EXTENSION]
        answer = shelf.get(
            key_of(request.environ),
            lambda: _answer(make_response(handler(*args, **kwargs))),
            anew=asks_anew(request.environ),
        )
        response = Response(answer.body, content_type=answer.media_type)
        response.headers["ETag"] = answer.etag
        response.headers["Cache-Control"] = answer.cache
        response.make_conditional(request)  # Turns it into the 304 where it can.
        return response

    return inside


def _answer(response: Response) -> Answer:
    body = response.get_data()
    return Answer(
        body=body,
        cache=response.headers.get("Cache-Control", ASK_EACH_TIME),
        media_type=response.content_type or "application/octet-stream",
        etag=f'"{hashlib.sha256(body).hexdigest()[:32]}"',
        endpoint=endpoint_of_request(),
    )

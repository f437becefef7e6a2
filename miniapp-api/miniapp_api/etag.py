"""`etagged`: a public read names its body by a hash, so that a phone that has it already is not sent it again."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec

from flask import Response, make_response, request
from flask.typing import ResponseReturnValue

P = ParamSpec("P")


def etagged(handler: Callable[P, ResponseReturnValue]) -> Callable[P, Response]:
    """Add an ETag to a 200 answer, and answer 304 without a body when the asker holds the same.

    Stands above `@bp.response`, for reads that are the same for everybody. Caches may keep the answer but ask
    each time: a figure on a village's page is never older than the request.
    """

    @functools.wraps(handler)
    def inside(*args: P.args, **kwargs: P.kwargs) -> Response:
        response = make_response(handler(*args, **kwargs))
        if response.status_code == 200:
            response.headers.setdefault("Cache-Control", "public, no-cache")
            response.add_etag()
            response.make_conditional(request)
        return response

    return inside

"""A refusal on a page for people: one sentence in large type, and that no money has moved."""

from __future__ import annotations

from flask import Response, render_template

from backend.core.errors import Refusal
from miniapp_api.problems import TITLES


def show_refusal(refusal: Refusal) -> Response:
    """Render a refusal as a page; hung on a blueprint of pages as its handler."""
    return refused_page(title=TITLES.get(refusal.status, "现在不能打开"), refusal=refusal)


def refused_page(*, title: str, refusal: Refusal) -> Response:
    """Return the page with a title of its own."""
    page = render_template("refused.html", title=title, detail=refusal.detail)
    response = Response(page, status=refusal.status, mimetype="text/html")
    response.headers["Cache-Control"] = "no-store"
    return response

"""`/s/<code>`: where every QR code leads. A page of the client, or a page that says that this code leads nowhere."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, redirect
from werkzeug.wrappers import Response as AnyResponse

from backend.sharing.service import PROJECT, LinkRecord, LinkRevoked, LinkUnknown
from miniapp_api.edge import reads
from miniapp_api.link_codes import code_of, resolve
from miniapp_api.page_errors import refused_page

pages = Blueprint("links", __name__)
TITLES = {404: "这个码不是我们的", 410: "这个码已经停用"}


@pages.get("/s/<code>")
def follow(code: str) -> AnyResponse:
    """Lead on to the project or village; a forged, mistyped or revoked code gets a page that says so."""
    try:
        return _lead_on(code)
    except (LinkUnknown, LinkRevoked) as refusal:
        return refused_page(title=TITLES[refusal.status], refusal=refusal)


@reads
def _lead_on(code: str) -> AnyResponse:
    response = redirect(client_page(resolve(code)), code=302)
    response.headers["Cache-Control"] = "no-store"  # A code that is revoked now must not live on in a cache.
    return response


def client_page(link: LinkRecord) -> str:
    """Return the client's page that a link leads to: the one place that knows these addresses."""
    page = "/project" if link.target_kind == PROJECT else "/village"
    return f"{page}?{urlencode({'code': link.target_code, 'via': code_of(link)})}"

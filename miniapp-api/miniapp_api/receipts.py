"""The receipt page: printable, reached by a secret link, rendered anew each time (慈善法 38, law 12)."""

from __future__ import annotations

import base64

from flask import Blueprint, Response, render_template, request

from backend.core.clock import local_day
from backend.core.errors import Refusal
from backend.donations.queries import GiftUnknown
from backend.receipts import codes, queries
from backend.receipts.queries import PaperRecord
from miniapp_api import receipt_rows
from miniapp_api.edge import reads, settings
from miniapp_api.page_errors import show_refusal
from qr.codes import png

pages = Blueprint("receipts", __name__)
pages.register_error_handler(Refusal, show_refusal)


class ReceiptWaived(Refusal):
    """The giver said that he wants no receipt; only the stub of it is kept (慈善法 38)."""

    status = 410
    code = "RECEIPT_WAIVED"
    detail = "这笔捐赠选择了不要收据，编号已留底。想要收据时，请在“我的捐赠”里打开这笔捐赠改回来。"


@pages.get("/r/<secret>")
@reads
def show(secret: str) -> Response:
    """Show a receipt to who holds its secret. Not for caches, search engines or the next site's referrer."""
    papers, paper = _asked_for(secret)
    address = f"{settings().public_url}/r/{secret}"
    page = render_template(
        "receipt.html",
        paper=paper,
        papers=papers,
        title=receipt_rows.title_of(paper),
        state=receipt_rows.state_of(paper),
        lines=receipt_rows.lines_of(paper, secret_key=settings().secret_key),
        law=receipt_rows.LAW,
        issued_on=local_day(paper.issued_at),
        demo=receipt_rows.DEMO if receipt_rows.is_demo(paper) else "",
        address=address,
        secret=secret,
        picture="data:image/png;base64," + base64.b64encode(png(address, box=4)).decode("ascii"),
    )
    return private(Response(page, mimetype="text/html"))


def private(response: Response) -> Response:
    """Return an answer that no cache, search engine or next site learns of."""
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _asked_for(secret: str) -> tuple[list[PaperRecord], PaperRecord]:
    """Return the papers of the secret's gift and the one that is asked for: the newest, if none is named."""
    papers = queries.papers_of_gift(codes.gift_of_secret(secret, secret_key=settings().secret_key))
    if not papers:
        raise GiftUnknown("收据还没有开出，请几秒后再试。")
    if papers[0].waived_at is not None:
        raise ReceiptWaived()
    number = request.args.get("number", papers[0].printed)
    found = next((paper for paper in papers if paper.printed == number), None)
    if found is None:
        raise GiftUnknown()
    return papers, found

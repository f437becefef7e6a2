"""The receipt of a gift, reached by a secret link: a page, a PDF, a picture, each drawn anew (慈善法 38, law 12)."""

from __future__ import annotations

import base64
from collections.abc import Callable

from flask import Blueprint, Response, render_template, request

from backend.core.clock import local_day
from backend.core.errors import Refusal
from backend.donations.queries import GiftUnknown
from backend.receipts import codes, queries
from backend.receipts.queries import PaperRecord
from miniapp_api import receipt_rows
from miniapp_api.edge import reads, settings
from miniapp_api.page_errors import show_refusal
from qr.codes import png as code_png
from qr.sheet import Sheet
from qr.sheet_pdf import pdf
from qr.sheet_png import png

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
    page = render_template(
        "receipt.html",
        paper=paper,
        papers=papers,
        title=receipt_rows.title_of(paper),
        state=receipt_rows.state_of(paper),
        lines=receipt_rows.rows_of(paper, secret_key=settings().secret_key),
        law=receipt_rows.LAW,
        issued_on=local_day(paper.issued_at),
        demo=receipt_rows.demo_of(paper),
        secret=secret,
        picture="data:image/png;base64," + base64.b64encode(code_png(_verify_url(paper), box=4)).decode("ascii"),
    )
    return private(Response(page, mimetype="text/html"))


@pages.get("/r/<secret>/receipt.pdf")
def show_pdf(secret: str) -> Response:
    """Send a receipt as a PDF, drawn after its facts were read."""
    return _drawn(secret, pdf, "application/pdf", "pdf")


@pages.get("/r/<secret>/receipt.png")
def show_picture(secret: str) -> Response:
    """Send a receipt as a picture for the album of a phone."""
    return _drawn(secret, png, "image/png", "png")


def private(response: Response) -> Response:
    """Return an answer that no cache, search engine or next site learns of."""
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def attached(body: bytes, *, media_type: str, name: str) -> Response:
    """Return a private file that a browser shows, and keeps under `name` when it is told to keep it."""
    response = Response(body, mimetype=media_type)
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return private(response)


def _drawn(secret: str, draw: Callable[[Sheet], bytes], media_type: str, ending: str) -> Response:
    number, sheet = reads(_sheet)(secret)
    return attached(draw(sheet), media_type=media_type, name=f"receipt-{number}.{ending}")


def _sheet(secret: str) -> tuple[str, Sheet]:
    _, paper = _asked_for(secret)
    sheet = receipt_rows.sheet_of(paper, secret_key=settings().secret_key, code=_verify_url(paper))
    return paper.printed, sheet


def _verify_url(paper: PaperRecord) -> str:
    """Return what the QR code of a paper says: it opens the public facts, never the page with the name."""
    code = codes.check_code(paper.printed, secret_key=settings().secret_key)
    return f"{settings().public_url}/verify/{paper.printed}/{code}"


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

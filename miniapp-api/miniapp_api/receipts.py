"""The receipt page: printable, reached by a secret link, rendered anew each time (慈善法 38, law 12)."""

from __future__ import annotations

import base64

from flask import Blueprint, Response, render_template

from backend.core.clock import local_day
from backend.core.errors import Refusal
from backend.donations import receipts
from backend.donations.wording import capitals, receipt_number, yuan
from backend.projects.queries import get_project
from backend.regions.queries import find_region
from miniapp_api.edge import reads, settings
from miniapp_api.page_errors import show_refusal
from qr import codes

pages = Blueprint("receipts", __name__)
pages.register_error_handler(Refusal, show_refusal)


@pages.get("/r/<secret>")
@reads
def show(secret: str) -> Response:
    """Show a receipt to who holds its secret. Not for caches, search engines or the next site's referrer."""
    gift_code = receipts.gift_of_secret(secret, secret_key=settings().secret_key)
    receipt = receipts.find_receipt(gift_code)
    project = get_project(receipt.project_code)
    village = find_region(project.village_code)
    address = f"{settings().public_url}/r/{secret}"
    page = render_template(
        "receipt.html",
        receipt=receipt,
        number=receipt_number(receipt.number, issued_at=receipt.issued_at),
        project=project,
        now_for=None if receipt.redirected_to is None else get_project(receipt.redirected_to),
        village="".join([*(parent.name for parent in village.parents), village.name]),
        amount=yuan(receipt.amount_fen),
        capitals=capitals(receipt.amount_fen),
        received_on=local_day(receipt.received_at),
        issued_on=local_day(receipt.issued_at),
        is_demo=project.is_demo or settings().payment_provider == "sandbox",
        address=address,
        picture="data:image/png;base64," + base64.b64encode(codes.png(address, box=4)).decode("ascii"),
    )
    response = Response(page, mimetype="text/html")
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response

"""Verifying a receipt by its number and code: public facts for who holds the paper, and no name beyond its mask."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import Blueprint, Response, render_template, request

from backend.core import clock
from backend.core.db import read_with_retries, write_with_retries
from backend.core.errors import Refusal
from backend.receipts import codes
from backend.receipts.queries import PaperRecord, ReceiptUnknown, find_paper
from backend.receipts.service import HOUR, TooManyTries, check_tries, remember_wrong_code
from miniapp_api import receipt_rows
from miniapp_api.edge import settings
from miniapp_api.receipts import private

pages = Blueprint("verify", __name__)
NUMBER = re.compile(r"[0-9A-Z-]{1,40}")


@dataclass(frozen=True, kw_only=True)
class Told:
    """What somebody typed, or what the QR code of a paper said."""

    number: str
    code: str


@pages.get("/verify")
def ask() -> Response:
    """Show the form; with a number and a code, what the receipt says."""
    told = Told(number=request.args.get("number", "").strip(), code=request.args.get("code", "").strip())
    return _answered(told) if told.number or told.code else _page(told)


@pages.get("/verify/<number>/<code>")
def verify(number: str, code: str) -> Response:
    """Show what the receipt says whose QR code was scanned."""
    return _answered(Told(number=number, code=code))


def _answered(told: Told) -> Response:
    try:
        paper = _verified(told)
    except Refusal as refusal:
        return _page(told, refusal=refusal)
    return _page(told, paper=paper)


def _verified(told: Told) -> PaperRecord:
    """Return the paper. Refuses `ReceiptUnknown` alike for a wrong number and a wrong code, and `TooManyTries`.

    A wrong answer is counted in a short transaction of its own, after the reading one has ended.
    """
    number, now, secret_key = codes.plain_number(told.number), clock.now(), settings().secret_key
    bucket = codes.bucket_of(number, secret_key=secret_key)

    def look() -> PaperRecord | None:
        check_tries(bucket, now=now)
        return find_paper(number) if NUMBER.fullmatch(number) else None

    paper = read_with_retries(look)
    printed = number if paper is None else paper.printed
    if not codes.is_code_of(printed, told.code, secret_key=secret_key) or paper is None:
        write_with_retries(lambda: remember_wrong_code(bucket, now=now))
        raise ReceiptUnknown()
    return paper


def _page(told: Told, *, paper: PaperRecord | None = None, refusal: Refusal | None = None) -> Response:
    page = render_template(
        "verify.html",
        told=told,
        refusal=refusal,
        paper=paper,
        rows=[] if paper is None else receipt_rows.public_rows_of(paper),
        standing="" if paper is None else receipt_rows.standing_of(paper),
        demo="" if paper is None else receipt_rows.demo_of(paper),
    )
    response = private(Response(page, status=200 if refusal is None else refusal.status, mimetype="text/html"))
    if isinstance(refusal, TooManyTries):
        response.headers["Retry-After"] = str(HOUR.seconds)
    return response

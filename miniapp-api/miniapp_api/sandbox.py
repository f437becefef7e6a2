"""The sandbox provider's own doors: its payment page for people, its query for our side. Never in production.

Whoever has a trade's number may open its page, as with a real provider's payment link: he reads its amount, and the
way back names its gift. So the number has 125 random bits and is told to the giver alone; no list, no cursor and no
ledger line publishes it (ADR 0013).
"""

from __future__ import annotations

import hmac
import json
from datetime import datetime

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from backend.core import clock
from backend.core.clock import local_iso
from backend.core.errors import NotFound, Refusal
from backend.core.ids import new_token
from backend.donations.wording import yuan
from backend.payments import sandbox_book, sandbox_refunds
from backend.payments.sandbox import NAME, error_body, signed_by_sandbox
from backend.projects.queries import find_project
from miniapp_api.edge import reads, settings, writes
from miniapp_api.page_errors import show_refusal

pages = Blueprint("sandbox", __name__)
pages.register_error_handler(Refusal, show_refusal)
COOKIE = "sandbox_form"


class FormForged(Refusal):
    """The form was not the one that this browser was shown: another site's page, or cookies are off."""

    status = 403
    code = "FORM_FORGED"
    detail = "页面已过期，请返回上一页重新打开；没有付款。"


@pages.before_request
def _only_where_nothing_is_real() -> None:
    if settings().is_production or settings().payment_provider != NAME:
        raise NotFound()


@pages.get("/sandbox/pay/<no>")
def show(no: str) -> Response:
    """Show the payment page of a trade, with a form that only this browser can send."""
    return _page(no)


@reads
def _page(no: str) -> Response:
    now = clock.now()
    trade = sandbox_book.find_trade(no)
    nonce = request.cookies.get(COOKIE) or new_token()
    response = Response(
        render_template(
            "sandbox_pay.html",
            trade=trade,
            payee=_payee(trade.attach),
            state=sandbox_book.state_of(trade, now=now),
            amount=yuan(trade.amount_fen),
            until=local_iso(trade.expires_at)[11:16],
            seal=_seal(nonce, no),
        ),
        mimetype="text/html",
    )
    is_secure = settings().has_secure_cookies
    response.set_cookie(COOKIE, nonce, path="/sandbox/", httponly=True, samesite="Strict", secure=is_secure)
    response.headers["Cache-Control"] = "no-store"
    return response


def _payee(purse: str) -> str | None:
    """Return the organisation that receives the money: the poster tells the payer to look for its name."""
    project = find_project(purse)
    return None if project is None or project.organisation is None else project.organisation.name


@pages.post("/sandbox/pay/<no>/pay")
def pay(no: str) -> AnyResponse:
    """Play the payment, and send the payer back; the notice goes its own way."""
    _check_form(no)
    try:
        return _back(_pay(no, clock.now()))
    except sandbox_book.TradeEnded:
        return _page(no)


@writes
def _pay(no: str, now: datetime) -> str:
    return sandbox_book.pay_trade(no, now=now).return_url


@pages.post("/sandbox/pay/<no>/cancel")
def cancel(no: str) -> AnyResponse:
    """Send the payer back without paying; until its time is over the trade can still be paid."""
    _check_form(no)
    return _back(_return_url(no))


@reads
def _return_url(no: str) -> str:
    return sandbox_book.find_trade(no).return_url


@pages.get("/sandbox/v1/trades/<no>")
@reads
def query(no: str) -> Response:
    """Answer our side's question about a trade, signed like a notice."""
    now, status = clock.now(), 200
    try:
        trade = sandbox_book.find_trade(no)
        told = sandbox_book.transaction_of(trade, now=now)
        body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    except sandbox_book.TradeUnknown as refusal:
        status, body = 404, error_body(refusal.code, refusal.detail)
    headers = signed_by_sandbox(settings(), body, now=now)
    return Response(body, status=status, mimetype="application/json", headers=headers)


@pages.get("/sandbox/v1/refunds/<no>")
@reads
def query_refund(no: str) -> Response:
    """Answer our side's question about a refund, signed like a notice."""
    now, status = clock.now(), 200
    try:
        row = sandbox_refunds.find_refund(no)
        told = sandbox_refunds.refund_of(row, sandbox_book.find_trade(row.out_trade_no), now=now)
        body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    except sandbox_refunds.RefundAbsent as refusal:
        status, body = 404, error_body(refusal.code, refusal.detail)
    headers = signed_by_sandbox(settings(), body, now=now)
    return Response(body, status=status, mimetype="application/json", headers=headers)


def _back(address: str) -> AnyResponse:
    response = redirect(address, code=303)
    response.headers["Cache-Control"] = "no-store"
    return response


def _seal(nonce: str, no: str) -> str:
    """Return what the form must send back: it ties the form to this browser's cookie and to this trade."""
    text = f"sandbox form\n{nonce}\n{no}".encode("utf-8", "surrogatepass")
    return hmac.digest(settings().secret_key.encode(), text, "sha256").hex()


def _check_form(no: str) -> None:
    nonce = request.cookies.get(COOKIE, "")
    told = request.form.get("seal", "").encode("utf-8", "surrogatepass")
    if not nonce or not hmac.compare_digest(_seal(nonce, no).encode(), told):
        raise FormForged()

"""Pages for people on this machine: who am I, the cashier, what a round code holds; and the bridge script."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Blueprint, Response, abort, current_app, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from wechat_sim import oauth, payer, people, tokens
from wechat_sim.books import World
from wechat_sim.pay_api import world
from wechat_sim.rows import yuan
from wechat_sim.shapes import read_json

bp = Blueprint("pages", __name__)


@bp.get("/")
def start() -> AnyResponse:
    """Lead to the people."""
    return redirect("/people")


@bp.get("/people")
def show_people() -> str:
    """Show who there is, and who this browser is."""
    sim = world()
    return render_template(
        "people.html",
        people=sim.books.people.values(),
        me=request.cookies.get(oauth.COOKIE, ""),
        product=sim.product_url,
        code=request.args.get("code", ""),
    )


@bp.post("/people")
def choose() -> AnyResponse:
    """Let this browser be somebody, or hand out a code of his."""
    sim = world()
    person = sim.books.people.get(request.form.get("person", ""))
    if person is None:
        abort(404)
    kind = request.form.get("code", "")
    if kind in (people.LOGIN, people.PHONE):
        with sim.lock:
            code = people.make_code(sim, kind, person, sim.keys.mini.app_id)
        return redirect(f"/people?code={code}", code=303)
    response = redirect("/people", code=303)
    oauth.remember(response, person)
    return response


@bp.get("/cashier")
def cashier() -> str:
    """Show the cashier; what to pay stands after the # of its address, where only the browser sees it."""
    return render_template("cashier.html")


@bp.post("/cashier/open")
def open_cashier() -> Response:
    """Tell the cashier what it shows, once the signed parameters are verified."""
    sim = world()
    try:
        with sim.lock:
            bill = payer.open_cashier(sim, _pay_params())
    except payer.PayRefused as refusal:
        return jsonify({"refused": str(refusal)})
    told = {"payee": bill.payee, "amount": yuan(bill.trade.total_fen), "description": bill.trade.told["description"]}
    return jsonify(told | {"payer": bill.payer, "is_paid_twice": bill.is_paid_twice})


@bp.post("/cashier/act")
def act() -> Response:
    """Pay, or cancel."""
    sim = world()
    try:
        with sim.lock:
            bill = payer.open_cashier(sim, _pay_params())
            person = request.cookies.get(oauth.COOKIE, "")
            wants = str(_told().get("act"))
            return jsonify({"result": payer.act(sim, bill.trade, wants=wants, person=person)})
    except payer.PayRefused as refusal:
        return jsonify({"refused": str(refusal)})


def _told() -> dict[str, Any]:
    try:
        return read_json(request.get_data())
    except (ValueError, RecursionError):
        abort(400)


def _pay_params() -> dict[str, Any]:
    params = _told().get("pay_params")
    return params if isinstance(params, dict) else {}


@bp.get("/bridge.js")
def bridge() -> Response:
    """Hand out the script that puts any browser inside WeChat."""
    response = current_app.send_static_file("bridge.js")
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.route("/jssdk/check", methods=["POST", "OPTIONS"])
def check_jssdk() -> Response:
    """Say whether `wx.config` was signed with the ticket that WeChat lent; pages of other origins may ask."""
    told = _told() if request.method == "POST" else {}
    response = jsonify({"ok": _is_signed(world(), told)})
    response.headers["Access-Control-Allow-Origin"] = request.headers.get("Origin", "*")
    response.headers["Access-Control-Allow-Headers"] = "Content-Type"
    response.headers["Vary"] = "Origin"
    return response


def _is_signed(sim: World, told: dict[str, Any]) -> bool:
    rows = [row for row in sim.books.tokens if row.kind == tokens.TICKET and row.ends_at > sim.now()]
    names = ("nonceStr", "timestamp", "url")
    nonce, timestamp, url = (str(told.get(name, "")) for name in names)
    if told.get("appId") != sim.keys.official.app_id or "#" in url:
        return False
    texts = [f"jsapi_ticket={row.text}&noncestr={nonce}&timestamp={timestamp}&url={url}" for row in rows]
    return told.get("signature") in [hashlib.sha1(text.encode()).hexdigest() for text in texts]  # noqa: S324 - as WeChat asks.


@bp.get("/code")
def scanned() -> str:
    """Show what a scanned round code opens."""
    scene = request.args.get("scene", "")
    told = {name: request.args.get(name, "") for name in ("appid", "page")}
    return render_template("scanned.html", scene=scene, product=world().product_url, **told)

"""The developer's doors: turn knobs, play people, read the simulator's own books. Everything is JSON under `/sim`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import BadRequest, NotFound

from wechat_sim import callbacks, payer, people, refunds, tokens, trades
from wechat_sim.books import Books, Person, Template, World
from wechat_sim.knobs import KNOBS, BadKnob
from wechat_sim.pay_api import world

bp = Blueprint("control", __name__, url_prefix="/sim")


class Refused(Exception):
    """What the developer asked cannot be done; the text says why."""


@bp.errorhandler(Refused)
@bp.errorhandler(payer.PayRefused)
@bp.errorhandler(BadKnob)
def refuse(error: Exception) -> tuple[Response, int]:
    """Answer a refusal."""
    return jsonify({"detail": str(error)}), 409 if isinstance(error, payer.PayRefused) else 422


def _asked() -> Any:
    return request.get_json(force=True, silent=True)


def _told() -> dict[str, Any]:
    told = _asked()
    if not isinstance(told, dict):
        raise BadRequest("JSON object wanted")
    return told


def _plain(row: Any) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(row).items()}


@bp.get("/knobs")
def show_knobs() -> Response:
    """Tell where every knob stands and what it does."""
    sim = world()
    help_ = {name: knob.tells for name, knob in KNOBS.items()}
    return jsonify({"seed": sim.knobs.seed, "knobs": sim.knobs.shown(), "help": help_})


@bp.route("/knobs", methods=["POST", "PATCH"])
def turn_knobs() -> Response:
    """Turn knobs: `{"callback.drop": 0.2}`."""
    sim = world()
    with sim.lock:
        for name, value in _told().items():
            sim.knobs.set(name, value)
    return show_knobs()


@bp.post("/reset")
def reset() -> Response:
    """Empty the books, turn every knob back, and take a new seed when one is told; the keys stay."""
    sim = world()
    with sim.lock:
        sim.books = Books()
        sim.knobs.seed = int((_asked() or {}).get("seed", sim.knobs.seed))
        sim.knobs.values.clear()
        sim.knobs.streams.clear()
        sim.__post_init__()
    return show_knobs()


@bp.get("/people")
def show_people() -> Response:
    """Tell everybody, with the openid at each app."""
    sim = world()
    return jsonify({"people": [_shown(sim, row) for row in sim.books.people.values()]})


def _shown(sim: World, person: Person) -> dict[str, Any]:
    openids = {app_id: sim.openid(person.id, app_id) for app_id in sim.keys.apps}
    return _plain(person) | {"visits": None, "openids": openids, "unionid": sim.unionid(person.id)}


@bp.post("/people")
def add_person() -> Response:
    """Add somebody, or change who is there: `{"id", "nickname", "phone", "is_risky"}`."""
    sim, told = world(), _told()
    with sim.lock:
        name = str(told.get("id") or f"p{sim.next_number() + 100}")
        person = sim.books.people.setdefault(name, Person(id=name, nickname=name, phone=f"138{sim.next_number():08d}"))
        for field in ("nickname", "phone", "is_risky"):
            setattr(person, field, told.get(field, getattr(person, field)))
        return jsonify(_shown(sim, person))


def _person(sim: World, told: dict[str, Any]) -> Person:
    found = sim.books.people.get(str(told.get("person", "p1")))
    if found is None:
        raise NotFound("no such person")
    return found


def _app_id(sim: World, told: dict[str, Any]) -> str:
    app_id = str(told.get("appid", sim.keys.mini.app_id))
    if app_id not in sim.keys.apps:
        raise Refused(f"没有 appid {app_id}")
    return app_id


@bp.post("/login")
def login() -> Response:
    """Play `wx.login`: a code for one use."""
    sim, told = world(), _told()
    with sim.lock:
        person = _person(sim, told)
        return jsonify({"code": people.make_code(sim, people.LOGIN, person, _app_id(sim, told))})


@bp.post("/phone_code")
def phone_code() -> Response:
    """Play the button that hands out the phone number: another code for one use."""
    sim, told = world(), _told()
    with sim.lock:
        person = _person(sim, told)
        return jsonify({"code": people.make_code(sim, people.PHONE, person, _app_id(sim, told))})


@bp.post("/visit")
def visit() -> Response:
    """Play that somebody opens the mini-program."""
    sim, told = world(), _told()
    with sim.lock:
        _person(sim, told).visits[_app_id(sim, told)] = sim.now() - timedelta(seconds=int(told.get("seconds_ago", 0)))
    return jsonify({})


@bp.post("/subscribe")
def subscribe() -> Response:
    """Play one tap on "allow" for a template: one message more may be sent."""
    sim, told = world(), _told()
    with sim.lock:
        quota = _person(sim, told).quota
        template = str(told.get("template_id"))
        quota[template] = quota.get(template, 0) + int(told.get("count", 1))
        return jsonify({"quota": quota})


@bp.put("/templates")
def add_templates() -> Response:
    """Add templates to the mini-program, with the fields of each: `{"id": ["thing1", "amount2"]}`."""
    sim, told = world(), _told()
    with sim.lock:
        for key, names in told.items():
            sim.books.templates[key] = Template(title=key, fields={str(name): str(name) for name in names})
        return jsonify({key: list(row.fields) for key, row in sim.books.templates.items()})


@bp.post("/pay")
def pay() -> Response:
    """Play that the payer of an order pays it, or cancels: `{"out_trade_no", "act", "person"}`."""
    sim, told = world(), _told()
    with sim.lock:
        trade = sim.books.trades.get(str(told.get("out_trade_no")))
        if trade is None:
            raise NotFound("no such order")
        person, wants = str(told.get("person", "")), str(told.get("act", "pay"))
        return jsonify({"result": payer.act(sim, trade, wants=wants, person=person), "trade": trades.tell(sim, trade)})


@bp.post("/request_payment")
def request_payment() -> Response:
    """Play `wx.requestPayment` of the mini-program with signed parameters."""
    sim, told = world(), _told()
    with sim.lock:
        try:
            # The mini-program's own call names no app: it is the one that it runs in.
            params = {"appId": sim.keys.mini.app_id} | dict(told.get("pay_params", {}))
            bill = payer.open_cashier(sim, params)
            person, wants = str(told.get("person", "")), str(told.get("act", "pay"))
            result = payer.act(sim, bill.trade, wants=wants, person=person)
        except payer.PayRefused as refusal:
            return jsonify({"errMsg": f"requestPayment:fail {refusal}"})
    return jsonify({"errMsg": "requestPayment:ok" if result == payer.OK else "requestPayment:fail cancel"})


@bp.get("/trades")
def show_trades() -> Response:
    """Tell every order."""
    sim = world()
    with sim.lock:
        rows = [
            _plain(row) | {"total_fen": row.total_fen, "tells": trades.tell(sim, row)}
            for row in sim.books.trades.values()
        ]
        return jsonify({"trades": rows})


@bp.get("/refunds")
def show_refunds() -> Response:
    """Tell every refund."""
    sim = world()
    with sim.lock:
        refunds.progress(sim)
        return jsonify(
            {"refunds": [_plain(row) | {"refund_fen": row.refund_fen} for row in sim.books.refunds.values()]}
        )


@bp.get("/callbacks")
def show_callbacks() -> Response:
    """Tell every event, and what became of each attempt to tell it."""
    sim = world()
    with sim.lock:
        return jsonify({"callbacks": [_plain(row) for row in sim.books.events.values()]})


@bp.post("/callbacks/resend")
def resend() -> Response:
    """Tell events once more: all of them, or those of `{"out_trade_no"}`."""
    sim, no = world(), (_asked() or {}).get("out_trade_no")
    with sim.lock:
        rows = [row for row in sim.books.events.values() if no in (None, row.out_trade_no)]
        for row in rows:
            callbacks.again(sim, row)
    return jsonify({"count": len(rows)})


@bp.get("/requests")
def show_requests() -> Response:
    """Tell what the merchant asked, how it was answered, and which fault it met."""
    with world().lock:
        return jsonify({"requests": list(world().books.requests)})


@bp.get("/differences")
def show_differences() -> Response:
    """Tell what was changed in each statement when it was last drawn, by day and statement."""
    with world().lock:
        return jsonify({"differences": world().books.differences})


@bp.post("/revoke_tokens")
def revoke() -> Response:
    """Play another system that ends every token of an app."""
    sim, told = world(), _told()
    with sim.lock:
        tokens.end(sim, _app_id(sim, told), tokens.STABLE, tokens.PLAIN)
    return jsonify({})


@bp.get("/messages")
def show_messages() -> Response:
    """Tell every subscribe message that reached somebody."""
    with world().lock:
        return jsonify({"messages": world().books.messages})


@bp.get("/made")
def show_made() -> Response:
    """Tell every round code, link and scheme that was made."""
    with world().lock:
        return jsonify({"made": world().books.made})


@bp.get("/health")
def health() -> Response:
    """Say that the simulator stands."""
    sim = world()
    return jsonify({"now": sim.now().isoformat(), "mchid": sim.keys.mchid, "seed": sim.knobs.seed})

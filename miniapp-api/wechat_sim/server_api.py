"""The doors of api.weixin.qq.com: every answer is HTTP 200, and what went wrong is an errcode in it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, request

from wechat_sim import codes, links, messages, people, tokens, words
from wechat_sim.books import Token, World
from wechat_sim.errors import PayError, ServerError
from wechat_sim.faults import hang
from wechat_sim.keys import App, random_text
from wechat_sim.pay_api import raw_path, world
from wechat_sim.shapes import Flag, Group, Text, read_json

bp = Blueprint("server", __name__)
FAULTS = {
    "busy": ServerError(-1, "system error"),
    "quota": ServerError(45009, "reach max api daily quota limit"),
    "token_revoked": ServerError(40001, "invalid credential, access_token is invalid or not latest"),
    "token_expired": ServerError(42001, "access_token expired"),
}
ABOUT_TOKENS = ("token_revoked", "token_expired")
Told = dict[str, Any]
STABLE_TOKEN = Group(
    {
        "grant_type": Text(longest=32, words=("client_credential",)),
        "appid": Text(longest=32),
        "secret": Text(longest=64),
    },
    {"force_refresh": Flag()},
)
PHONE = Group({"code": Text(longest=128)}, {"openid": Text(longest=128)})


def serve(name: str, act: Callable[[World], Told | codes.Picture], *, carries_token: bool = True) -> Response:
    """Answer one operation."""
    sim = world()
    fault = _fault(sim, name, carries_token=carries_token)
    if fault == "timeout":
        hang(sim)
    if fault == "html_502":
        return Response("<html><head><title>502 Bad Gateway</title></head></html>", 502, mimetype="text/html")
    try:
        if fault:
            raise FAULTS[fault]
        with sim.lock:
            told = act(sim)
    except ServerError as error:
        told = error.body()
    _note(sim, name, told, fault)
    if isinstance(told, codes.Picture):
        return Response(told.data, mimetype=told.media_type)
    return Response(json.dumps(told, ensure_ascii=False), mimetype="application/json")


def _fault(sim: World, name: str, *, carries_token: bool) -> str:
    names = ("timeout", "html_502", *(name for name in FAULTS if carries_token or name not in ABOUT_TOKENS))
    with sim.lock:
        return next((fault for fault in names if sim.knobs.hits(f"server.{fault}", at=name)), "")


def _note(sim: World, name: str, told: Told | codes.Picture, fault: str) -> None:
    errcode = told.get("errcode", 0) if isinstance(told, dict) else 0
    row = {"operation": name, "path": raw_path().partition("?")[0], "status": 200, "errcode": errcode, "fault": fault}
    with sim.lock:
        sim.books.requests.append({"at": sim.now().isoformat(), **row})


def _body(shape: Group) -> Told:
    """Return the JSON of the request, if it has the shape. Raises `ServerError`."""
    raw = request.get_data()
    try:
        told = read_json(raw)
        shape.check(told)
    except (ValueError, RecursionError) as error:
        raise ServerError(47001, f"data format error hint: [{error}]") from error
    except PayError as error:
        raise ServerError(40097, f"invalid args hint: [{error.message}]") from error
    return told


def _mini(sim: World) -> App:
    tokens.check(sim, request.args.get("access_token"), sim.keys.mini)
    return sim.keys.mini


@bp.get("/sns/jscode2session")
def session() -> Response:
    """Exchange the code of `wx.login`."""
    return serve("jscode2session", _session, carries_token=False)


def _session(sim: World) -> Told:
    app = _proven(sim, "authorization_code")
    person, _ = people.use_code(sim, people.LOGIN, request.args.get("js_code"), app.app_id)
    tokens.counted(sim, f"login {person.id}", most=100, within=timedelta(minutes=1))
    if person.is_risky:
        raise ServerError(40226, "code blocked")
    person.visits[app.app_id] = sim.now()
    openid, unionid = sim.openid(person.id, app.app_id), sim.unionid(person.id)
    return {"openid": openid, "session_key": random_text(22) + "==", "unionid": unionid}


def _proven(sim: World, grant_type: str) -> App:
    if request.args.get("grant_type") != grant_type:
        raise ServerError(40002, "invalid grant_type")
    return tokens.app_of(sim, request.args.get("appid"), request.args.get("secret"))


@bp.get("/cgi-bin/token")
def plain_token() -> Response:
    """Lend a plain token, and make the one before old."""

    def act(sim: World) -> Told:
        token = tokens.plain(sim, _proven(sim, "client_credential"))
        return {"access_token": token.text, "expires_in": 7200}

    return serve("token", act, carries_token=False)


@bp.post("/cgi-bin/stable_token")
def stable_token() -> Response:
    """Lend the stable token."""

    def act(sim: World) -> Told:
        told = _body(STABLE_TOKEN)
        app = tokens.app_of(sim, told["appid"], told["secret"])
        token = tokens.stable(sim, app, force=told.get("force_refresh", False))
        return {"access_token": token.text, "expires_in": _left(sim, token)}

    return serve("stable_token", act, carries_token=False)


def _left(sim: World, token: Token) -> int:
    """Return for how many seconds a token lives, begun ones counted."""
    return math.ceil((token.ends_at - sim.now()).total_seconds())


@bp.get("/cgi-bin/ticket/getticket")
def ticket() -> Response:
    """Lend the ticket with which pages of the official account are signed."""

    def act(sim: World) -> Told:
        tokens.check(sim, request.args.get("access_token"), sim.keys.official)
        if request.args.get("type") != "jsapi":
            raise ServerError(40097, "invalid args hint: [type]")
        found = tokens.ticket(sim, sim.keys.official)
        return {"errcode": 0, "errmsg": "ok", "ticket": found.text, "expires_in": _left(sim, found)}

    return serve("getticket", act)


@bp.post("/wxa/getwxacodeunlimit")
def round_code() -> Response:
    """Draw the round code."""

    def act(sim: World) -> codes.Picture:
        app = _mini(sim)
        tokens.counted(sim, "round code", most=5000, within=timedelta(minutes=1))
        return codes.draw(sim, app, _body(codes.ROUND))

    return serve("getwxacodeunlimit", act)


@bp.post("/wxa/generatescheme")
def scheme() -> Response:
    """Make a `weixin://` address."""
    return serve("generatescheme", lambda sim: links.scheme(sim, _mini(sim), _body(links.SCHEME)))


@bp.post("/wxa/generate_urllink")
def url_link() -> Response:
    """Make an https address that opens the mini-program."""
    return serve("generate_urllink", lambda sim: links.url_link(sim, _mini(sim), _body(links.URL_LINK)))


@bp.post("/cgi-bin/message/subscribe/send")
def send() -> Response:
    """Send one message that a person allowed."""
    return serve("subscribe_send", lambda sim: messages.send(sim, _mini(sim), _body(messages.SEND)))


@bp.get("/wxaapi/newtmpl/gettemplate")
def templates() -> Response:
    """Tell which messages the mini-program may send."""

    def act(sim: World) -> Told:
        _mini(sim)
        return messages.templates(sim)

    return serve("gettemplate", act)


@bp.post("/wxa/msg_sec_check")
def check_words() -> Response:
    """Say what WeChat thinks of a text."""
    return serve("msg_sec_check", lambda sim: words.check(sim, _mini(sim), _body(words.SHAPE), request.get_data()))


@bp.post("/wxa/business/getuserphonenumber")
def phone() -> Response:
    """Tell the number that a person let us see."""
    return serve("getuserphonenumber", _phone)


def _phone(sim: World) -> Told:
    app = _mini(sim)
    told = _body(PHONE)
    person, _ = people.use_code(sim, people.PHONE, told["code"], app.app_id)
    if "openid" in told and told["openid"] != sim.openid(person.id, app.app_id):
        raise ServerError(40029, "invalid code hint: [the code is another user's]")
    watermark = {"timestamp": int(sim.now().timestamp()), "appid": app.app_id}
    info = {"phoneNumber": person.phone, "purePhoneNumber": person.phone, "countryCode": "86", "watermark": watermark}
    return {"errcode": 0, "errmsg": "ok", "phone_info": info}


@bp.get("/sns/oauth2/access_token")
def web_token() -> Response:
    """Exchange the code that came back from the login page of the official account."""

    def act(sim: World) -> Told:
        app = _proven(sim, "authorization_code")
        person, code = people.use_code(sim, people.OAUTH, request.args.get("code"), app.app_id)
        person.visits[app.app_id] = sim.now()
        token = tokens.of_person(sim, app, person.id)
        told = {"access_token": token.text, "expires_in": 7200, "refresh_token": random_text(64), "scope": code.scope}
        return told | {"openid": sim.openid(person.id, app.app_id), "unionid": sim.unionid(person.id)}

    return serve("oauth_access_token", act, carries_token=False)


@bp.get("/sns/userinfo")
def user_info() -> Response:
    """Tell the profile of a person who allowed it."""

    def act(sim: World) -> Told:
        text = request.args.get("access_token")
        rows = [row for row in sim.books.tokens if row.kind == tokens.WEB and row.text == text]
        if not rows or rows[0].ends_at <= sim.now():
            raise ServerError(40001, "invalid credential")
        openid = sim.openid(rows[0].person, rows[0].app_id)
        if request.args.get("openid") != openid:
            raise ServerError(40003, "invalid openid")
        person = sim.books.people[rows[0].person]
        told = {"openid": openid, "nickname": person.nickname, "headimgurl": "", "unionid": sim.unionid(person.id)}
        return told | {"sex": 0, "province": "", "city": "", "country": "", "privilege": []}

    return serve("userinfo", act, carries_token=False)

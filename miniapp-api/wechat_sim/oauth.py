"""The login page of the official account (open.weixin.qq.com): somebody says who he is and goes back with a code."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from wechat_sim import people
from wechat_sim.books import Person, World
from wechat_sim.pay_api import world
from wechat_sim.trades import LOOPBACK

bp = Blueprint("oauth", __name__)
COOKIE = "wechat_sim_person"
SCOPES = ("snsapi_base", "snsapi_userinfo")
NAMES = ("appid", "redirect_uri", "response_type", "scope", "state")


@bp.get("/connect/oauth2/authorize")
def authorize() -> Response | tuple[str, int]:
    """Send back who is known already and gives his id alone; ask everybody else."""
    sim = world()
    asked = {name: request.args.get(name, "") for name in NAMES}
    wrong = _wrong(sim, asked)
    if wrong:
        return render_template("wrong.html", text=wrong), 400
    chosen = request.args.get("sim_person") or (request.cookies.get(COOKIE) if asked["scope"] == SCOPES[0] else None)
    person = sim.books.people.get(chosen or "")
    if person is not None:
        return _back(sim, person, asked)
    return Response(
        render_template("authorize.html", people=sim.books.people.values(), asked=asked), mimetype="text/html"
    )


@bp.post("/connect/oauth2/authorize")
def agree() -> Response | tuple[str, int]:
    """Send back whom the person on the page chose to be, and remember it."""
    sim = world()
    asked = {name: request.form.get(name, "") for name in NAMES}
    person = sim.books.people.get(request.form.get("person", ""))
    wrong = _wrong(sim, asked) or ("" if person else "没有这个人")
    if wrong or person is None:
        return render_template("wrong.html", text=wrong), 400
    response = _back(sim, person, asked)
    remember(response, person)
    return response


def remember(response: Response, person: Person) -> None:
    """Let this browser be one person's WeChat."""
    response.set_cookie(COOKIE, person.id, httponly=True, samesite="Lax", max_age=30 * 86_400)


def _wrong(sim: World, asked: dict[str, str]) -> str:
    """Return what WeChat's page would show instead, if anything."""
    parts = urlsplit(asked["redirect_uri"])
    hosts = (urlsplit(sim.product_url).hostname, *LOOPBACK)
    rules = (
        (asked["appid"] == sim.keys.official.app_id, "appid 参数错误（10013）"),
        (asked["response_type"] == "code", "response_type 应为 code"),
        (asked["scope"] in SCOPES, "scope 参数错误或没有 scope 权限（10005）"),
        (re.fullmatch(r"[0-9A-Za-z_-]{0,128}", asked["state"], re.ASCII), "state 应为 128 个以内的字母或数字"),
        (parts.scheme in ("http", "https") and parts.hostname in hosts, "redirect_uri 域名与后台配置不一致（10003）"),
    )
    return next((text for holds, text in rules if not holds), "")


def _back(sim: World, person: Person, asked: dict[str, str]) -> Response:
    with sim.lock:
        code = people.make_code(sim, people.OAUTH, person, asked["appid"], scope=asked["scope"])
    parts = urlsplit(asked["redirect_uri"])
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), ("code", code), ("state", asked["state"])])
    return redirect(urlunsplit(parts._replace(query=query)), code=302)

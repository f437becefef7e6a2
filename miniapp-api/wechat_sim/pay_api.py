"""The doors of WeChat Pay v3: verify the request, act, sign the answer, and the faults on the way."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, current_app, request

from wechat_sim import bills, refunds, trades
from wechat_sim.books import World
from wechat_sim.clock import rfc3339
from wechat_sim.crypto import seal
from wechat_sim.errors import PayError
from wechat_sim.faults import WHAT_FOLLOWS, Cut, fault_before, hang
from wechat_sim.shapes import read_pay_body
from wechat_sim.signing import answers_by_public_key, check_request, platform_headers

bp = Blueprint("pay", __name__, url_prefix="/v3")
OLD_SPELLING = {
    "ORDER_NOT_EXIST": "ORDERNOTEXIST",
    "SYSTEM_ERROR": "SYSTEMERROR",
    "FREQUENCY_LIMITED": "RATELIMIT_EXCEEDED",
}
NO_CONTENT = 204
Act = Callable[[World, bool], dict[str, Any] | bytes | None]


def world() -> World:
    """Return the world that this server simulates."""
    found: World = current_app.config["WORLD"]
    return found


def raw_path() -> str:
    """Return path and query as they came over the wire: that is what was signed."""
    raw = request.environ.get("REQUEST_URI") or request.environ.get("RAW_URI") or request.full_path.rstrip("?")
    return str(raw)


def serve(name: str, act: Act) -> Response:
    """Answer one operation."""
    sim = world()
    fault = fault_before(sim, name)
    told, status, by_public_key = _acted(sim, name, act, fault)
    _note(sim, name, status, fault)
    if fault in ("timeout_before", "timeout_after_commit"):
        hang(sim)
    if fault == "html_502":
        return Response("<html><head><title>502 Bad Gateway</title></head></html>", 502, mimetype="text/html")
    if fault == "202":
        told, status = {}, 202
    body = told if isinstance(told, bytes) else b"" if told is None else _dumped(told)
    return _signed(sim, body, status, fault, by_public_key=by_public_key, is_file=isinstance(told, bytes))


def _acted(sim: World, name: str, act: Act, fault: str) -> tuple[dict[str, Any] | bytes | None, int, bool]:
    by_public_key = False
    try:
        if fault and not WHAT_FOLLOWS[fault]:
            raise _refusal_of(fault)
        with sim.lock:
            _check(sim, name)
            by_public_key = answers_by_public_key(sim, request.headers.get("Wechatpay-Serial", ""))
            told = act(sim, by_public_key)
        if fault == "system_error_after":
            raise _refusal_of("system_error")
        return told, NO_CONTENT if told is None else 200, by_public_key
    except PayError as error:
        body = error.body()
        if sim.knobs.hits("api.old_spelling"):
            body["code"] = OLD_SPELLING.get(error.code, error.code)
        return body, error.status, by_public_key


def _refusal_of(fault: str) -> PayError:
    if fault == "rate_limit":
        return PayError(429, "FREQUENCY_LIMITED", "频率超限，请降低调用频率")
    return PayError(500, "SYSTEM_ERROR", "系统异常，请用相同参数重新调用")


def _check(sim: World, name: str) -> None:
    body = request.get_data()
    if not request.headers.get("User-Agent"):
        raise PayError(403, "PARAM_ERROR", "Http头缺少User-Agent")
    accepts = request.headers.get("Accept", "")
    if name != "download" and not {"application/json", "*/*"} & {part.strip() for part in accepts.split(",")}:
        raise PayError(406, "PARAM_ERROR", "Http头Accept必须为application/json")
    if request.method == "POST" and request.mimetype != "application/json":
        raise PayError(415, "PARAM_ERROR", "Http头Content-Type必须为application/json")
    authorization = request.headers.get("Authorization", "")
    check_request(sim, method=request.method, path=raw_path(), body=body, authorization=authorization)


def _note(sim: World, name: str, status: int, fault: str) -> None:
    with sim.lock:
        told = {"at": sim.now().isoformat(), "operation": name, "path": raw_path(), "status": status, "fault": fault}
        sim.books.requests.append(told)


def _dumped(told: dict[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _signed(sim: World, body: bytes, status: int, fault: str, *, by_public_key: bool, is_file: bool) -> Response:
    response = Response(body, status)
    response.headers["Request-ID"] = secrets.token_hex(16).upper()
    response.headers["Content-Type"] = "text/plain" if is_file else "application/json; charset=utf-8"
    if status == NO_CONTENT:
        del response.headers["Content-Type"]
    if not is_file and status != 401 and fault != "unsigned_200":
        signed = b"something else" if fault == "wrong_sig_200" else body
        response.headers.update(platform_headers(sim, signed, by_public_key=by_public_key))
    if fault == "reset_mid_body":
        response.response = Cut(body)
        response.headers["Content-Length"] = str(len(body) + 100)
    return response


def _body() -> dict[str, Any]:
    return read_pay_body(request.get_data())


@bp.post("/pay/transactions/jsapi")
def prepay() -> Response:
    """Open a trade."""
    return serve("prepay", lambda sim, _: trades.prepay(sim, _body()))


@bp.get("/pay/transactions/out-trade-no/<no>")
def query_by_ours(no: str) -> Response:
    """Tell about a trade by the merchant's number."""
    return serve("query", lambda sim, _: trades.query(sim, request.args.to_dict(), out_trade_no=no))


@bp.get("/pay/transactions/id/<no>")
def query_by_theirs(no: str) -> Response:
    """Tell about a trade by WeChat's number."""
    return serve("query", lambda sim, _: trades.query(sim, request.args.to_dict(), transaction_id=no))


@bp.post("/pay/transactions/out-trade-no/<no>/close")
def close(no: str) -> Response:
    """Close a trade: 204, signed over nothing."""
    return serve("close", lambda sim, _: trades.close(sim, _body(), no))


@bp.post("/refund/domestic/refunds")
def refund() -> Response:
    """Accept a refund."""
    return serve("refund", lambda sim, _: refunds.create(sim, _body()))


@bp.get("/refund/domestic/refunds/<no>")
def query_refund(no: str) -> Response:
    """Tell about a refund."""
    return serve("query_refund", lambda sim, _: refunds.query(sim, no))


@bp.post("/refund/domestic/refunds/<refund_id>/apply-abnormal-refund")
def abnormal_refund(refund_id: str) -> Response:
    """Send an abnormal refund to another card."""
    return serve("abnormal_refund", lambda sim, by: refunds.apply_abnormal(sim, _body(), refund_id, by_public_key=by))


@bp.get("/bill/tradebill")
def trade_bill() -> Response:
    """Promise the statement of payments and refunds."""
    return serve("trade_bill", lambda sim, _: bills.trade_bill(sim, request.args.to_dict()))


@bp.get("/bill/fundflowbill")
def fund_flow_bill() -> Response:
    """Promise the statement of the account."""
    return serve("fund_flow_bill", lambda sim, _: bills.fund_flow_bill(sim, request.args.to_dict()))


@bp.get("/billdownload/file")
def download() -> Response:
    """Hand out a promised file; its answer carries no signature."""
    return serve("download", lambda sim, _: bills.download(sim, request.args.to_dict()))


@bp.get("/certificates")
def certificates() -> Response:
    """Hand out the platform certificates, sealed."""
    return serve("certificates", lambda sim, _: _certificates(sim))


def _certificates(sim: World) -> dict[str, Any]:
    from cryptography.hazmat.primitives.serialization import Encoding

    if sim.knobs.hits("keys.no_certificates"):
        raise PayError(404, "RESOURCE_NOT_EXISTS", "无可用的平台证书，请在商户平台申请使用微信支付公钥")
    cert = sim.keys.cert
    sealed = seal(sim.keys.apiv3_key, cert.public_bytes(Encoding.PEM), associated="certificate")
    told = {"serial_no": sim.keys.cert_serial, "encrypt_certificate": sealed}
    told |= {"effective_time": rfc3339(cert.not_valid_before_utc), "expire_time": rfc3339(cert.not_valid_after_utc)}
    return {"data": [told]}


@bp.route("/<path:anything>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def unknown(anything: str) -> Response:
    """Refuse what WeChat Pay does not have, or what is not simulated."""
    body = {"code": "NOT_FOUND", "message": f"模拟器没有 {request.method} /v3/{anything}"}
    return Response(_dumped(body), 404, mimetype="application/json")

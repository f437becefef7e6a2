"""Every error as application/problem+json with a stable code and a sentence in Chinese (RFC 9457)."""

from __future__ import annotations

import json
from typing import Any

import structlog
from flask import Flask, Response, current_app, g, request
from flask_limiter import RateLimitExceeded
from werkzeug.exceptions import HTTPException

from backend.core.errors import Refusal
from miniapp_api.limits import wait_seconds

TITLES = {400: "请求有误", 401: "需要身份", 403: "没有权限", 404: "没有找到", 405: "方法不对", 409: "现在不能这样做"}
TITLES |= {410: "已停用", 413: "内容太大", 415: "格式不对", 422: "填写有误", 429: "太频繁"}
TITLES |= {500: "系统出错", 503: "暂时不可用"}
CODES = {400: "BAD_REQUEST", 401: "SESSION_NEEDED", 403: "FORBIDDEN", 404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}
CODES |= {413: "TOO_LARGE", 415: "MEDIA_TYPE_UNSUPPORTED", 422: "INVALID_INPUT", 429: "TOO_MANY"}
DETAILS = {404: "没有找到您要的内容。", 405: "这个地址不支持这种操作。", 413: "内容太大。", 415: "请用 JSON 格式发送。"}
FIELD_CODES = {"amount_fen": "AMOUNT_INVALID"}
log = structlog.get_logger()


def problem(
    *, status: int, code: str, detail: str, retryable: bool = False, facts: dict[str, Any] | None = None
) -> Response:
    """Return one problem document; `facts` are shown beside the standard members."""
    body: dict[str, Any] = {"type": "about:blank", "title": TITLES.get(status, "请求有误"), "status": status}
    body |= {"code": code, "detail": detail, "request_id": g.get("request_id"), "retryable": retryable}
    body |= facts or {}
    text = json.dumps(body, ensure_ascii=False, default=str)
    response = Response(text, status=status, mimetype="application/problem+json")
    wait = body.get("wait_seconds", 2 if status == 503 else None)
    if wait is not None:
        response.headers["Retry-After"] = str(wait)
    return response


def install_problem_handlers(app: Flask) -> None:
    """Render every refusal, every HTTP error and every crash as a problem; nothing inside is told to the outside."""
    app.register_error_handler(Refusal, _on_refusal)
    app.register_error_handler(HTTPException, _on_http_error)
    app.register_error_handler(Exception, _on_crash)


def _on_refusal(refusal: Refusal) -> Response:
    response = problem(
        status=refusal.status,
        code=refusal.code,
        detail=refusal.detail,
        retryable=refusal.retryable,
        facts=refusal.facts,
    )
    if "wait_seconds" in refusal.facts:
        response.headers["Retry-After"] = str(refusal.facts["wait_seconds"])
    return response


def _on_http_error(error: HTTPException) -> Response:
    status = error.code or 500
    messages = getattr(error, "data", {}).get("messages") if isinstance(getattr(error, "data", None), dict) else None
    if status == 422 and messages:
        return _on_invalid(messages)
    if isinstance(error, RateLimitExceeded):
        return _on_limit()
    detail = DETAILS.get(status, "请求有误，请检查后再试。" if status < 500 else "系统出错了，请稍后再试。")
    response = problem(status=status, code=CODES.get(status, f"HTTP_{status}"), detail=detail, retryable=status >= 500)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _on_limit() -> Response:
    """Say how long to wait, in the header and in words."""
    seconds = wait_seconds(current_app)
    facts = {"wait_seconds": seconds}
    detail = f"操作太频繁，请 {seconds} 秒后再试。"
    response = problem(status=429, code="TOO_MANY", detail=detail, retryable=True, facts=facts)
    response.headers["Retry-After"] = str(seconds)
    return response


def _on_invalid(messages: dict[str, Any]) -> Response:
    """Name the fields that are wrong; one wrong amount or unknown field decides the code."""
    fields = next(iter(messages.values())) if messages else {}
    fields = fields if isinstance(fields, dict) else {"_schema": fields}
    code, detail = "INVALID_INPUT", "填写的内容有误，请检查后再试。"
    for name, told in fields.items():
        if told == ["Unknown field."]:
            code, detail = "UNKNOWN_FIELD", f"不认识的项目：{str(name)[:40]}"
            break
        if name in FIELD_CODES:
            code, detail = FIELD_CODES[name], "金额应是整数分，并在允许的范围内。"
    return problem(status=422, code=code, detail=detail, facts={"fields": fields})


def _on_crash(error: Exception) -> Response:
    log.exception("crash", path=request.path, method=request.method, kind=type(error).__name__)
    return problem(status=500, code="INTERNAL", detail="系统出错了，请稍后再试。", retryable=True)

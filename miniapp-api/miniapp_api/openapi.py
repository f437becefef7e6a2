"""The contract of the interface: OpenAPI 3.1 as JSON, and a readable page of it without a request to another host."""

from __future__ import annotations

import copy
import json
import threading
from typing import Any

from apispec import APISpec
from flask import Blueprint, Flask, Response, current_app, render_template
from flask_smorest import Api
from flask_smorest import Blueprint as Described

from backend.core.config import HOUSE
from miniapp_api.etag import etagged

bp = Blueprint("openapi", __name__)
FILE = HOUSE / "miniapp-api" / "openapi.json"
PROBLEM = "application/problem+json"
METHODS = ("get", "post", "put", "patch", "delete")
ABOUT = (
    "金额一律是整数分（`*_fen`）；时间是 ISO 8601，带 `+08:00`；列表用 `cursor` 翻页，最新的在前。"
    "改变数据的请求带 `X-Requested-With: happy-home`；动钱、动时长的请求带 `Idempotency-Key`，重复提交只生效一次。"
    "出错时返回 `application/problem+json`，`code` 稳定，`detail` 是中文说明。"
)
PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "code", "detail", "request_id", "retryable"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "稳定的错误代码，如 AMOUNT_INVALID"},
        "detail": {"type": "string", "description": "给人看的中文说明"},
        "request_id": {"type": ["string", "null"]},
        "retryable": {"type": "boolean"},
        "fields": {"type": "object", "description": "有误的字段"},
    },
    "additionalProperties": True,
}


class LateApi(Api):  # type: ignore[misc]  # flask-smorest is untyped.
    """Describes its operations when the contract is first asked for: that is half of what a start would cost."""

    def __init__(self, app: Flask) -> None:
        self._late: list[tuple[Described, str]] = []
        self._one_at_a_time = threading.Lock()
        super().__init__(app)

    def register_blueprint(self, blp: Described, *, parameters: None = None, **options: Any) -> None:
        """Serve the blueprint now."""
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blp.name] = self
        self._app.register_blueprint(blp, **options)
        self._late.append((blp, blp.name))

    def described(self) -> APISpec:
        """Return the specification with every operation in it."""
        with self._one_at_a_time:
            while self._late:
                blp, name = self._late[0]
                blp.register_views_in_doc(self, self._app, self.spec, name=name, parameters=None)
                self.spec.tag({"name": name, "description": blp.description})
                self._late.pop(0)
        spec: APISpec = self.spec
        return spec


@bp.get("/api/v1/openapi.json")
@etagged
def contract() -> Response:
    """Return the contract."""
    return Response(as_text(current_app), mimetype="application/json")


@bp.get("/api/docs")
@etagged
def page() -> str:
    """Return the contract as a page to read."""
    told = document(current_app)
    return render_template("docs.html", document=told, operations=list(_operations(told)), text=_pretty)


def as_text(app: Flask) -> str:
    """Return the contract as the text that is checked in: the same for the same code, on every machine."""
    return json.dumps(document(app), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def document(app: Flask) -> dict[str, Any]:
    """Return the contract as OpenAPI 3.1, every error documented as the problem that it is."""
    api: LateApi = app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
    told: dict[str, Any] = copy.deepcopy(api.described().to_dict())
    told["info"] |= {"description": ABOUT}
    components = told.setdefault("components", {})
    components.setdefault("schemas", {}).pop("Error", None)
    components["schemas"].pop("PaginationMetadata", None)
    components["schemas"]["Problem"] = PROBLEM_SCHEMA
    components.setdefault("headers", {}).clear()
    for response in components.get("responses", {}).values():
        _as_problem(response)
    for path in told["paths"].values():
        for method in METHODS:
            for status, response in path.get(method, {}).get("responses", {}).items():
                if status == "default" or int(status) >= 400:
                    _as_problem(response)
    return told


def _as_problem(response: dict[str, Any]) -> None:
    if "$ref" not in response:
        response["content"] = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _operations(told: dict[str, Any]) -> Any:
    for path, item in sorted(told["paths"].items()):
        for method in METHODS:
            if method in item:
                shared = item.get("parameters", [])
                yield {"method": method.upper(), "path": path, "shared": shared, **item[method]}


def _pretty(part: Any) -> str:
    return json.dumps(part, ensure_ascii=False, indent=2)

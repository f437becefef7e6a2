"""What this installation is: the client asks once and marks what must be marked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache

from flask_smorest import Blueprint
from marshmallow import Schema, fields

from backend.core.config import HOUSE
from backend.core.config_wechat import MessageTemplate
from miniapp_api.edge import settings
from miniapp_api.etag import etagged

bp = Blueprint("about", __name__, description="本系统：环境、版本、是否演示。")


class AboutSchema(Schema):
    """Facts about the installation, none about a person."""

    environment = fields.String(required=True, metadata={"enum": ["development", "test", "production"]})
    demo = fields.Boolean(required=True)
    version = fields.String(required=True)
    currency = fields.String(required=True)
    wechat_mini = fields.Boolean(required=True)
    wechat_official = fields.Boolean(required=True)
    payment = fields.String(required=True, metadata={"enum": ["page", "phone", "none"]})
    """Where one pays: on a page of the provider's, by the cashier in the phone, or nowhere yet."""
    subscribe_templates = fields.List(fields.String(), required=True)


PAYMENT = {"sandbox": "page", "wechat": "phone"}


@cache
def version() -> str:
    """Return the version of the product, as `pyproject.toml` has it."""
    told = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))
    return str(told["project"]["version"])


def offered(templates: Mapping[str, MessageTemplate]) -> list[str]:
    """Return the messages to offer after a gift, the ones about gifts first: WeChat asks for three at once."""
    nearest = sorted(templates, key=lambda name: (not name.startswith("gift"), not name.startswith("refund"), name))
    return list(dict.fromkeys(templates[name].template_id for name in nearest))


@bp.get("/app")
@etagged
@bp.response(200, AboutSchema)
def show_app() -> dict[str, object]:
    """Say which installation answers: where `demo` is true, no real money moves."""
    found = settings()
    wechat = found.wechat
    return {
        "environment": found.app_env,
        "demo": found.demo,
        "version": version(),
        "currency": "CNY",
        "wechat_mini": wechat.mini is not None,
        "wechat_official": wechat.official is not None,
        "payment": PAYMENT.get(found.payment_provider, "none"),
        "subscribe_templates": offered(wechat.templates),
    }

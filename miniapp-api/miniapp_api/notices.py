"""Notices of fund use over HTTP: the list, one notice, and its printable page with a code back to itself."""

from __future__ import annotations

import base64
from datetime import date
from typing import Any

from flask import Blueprint as Pages
from flask import render_template
from flask_smorest import Blueprint
from marshmallow import fields, validate

from backend.core.clock import local_day
from backend.core.errors import Refusal
from backend.notices import queries
from backend.notices.queries import NoticeRecord
from backend.projects.rules import FUND
from miniapp_api.edge import reads, settings
from miniapp_api.etag import etagged
from miniapp_api.media import media_url
from miniapp_api.notice_schemas import NoticeListSchema, NoticeSchema
from miniapp_api.page_errors import show_refusal
from miniapp_api.paging import PageQuery, last_id, listed
from qr import codes

bp = Blueprint("notices", __name__, description="资金使用公示：按月和项目结束时由系统从账本生成，发布后不改。")
pages = Pages("notice_pages", __name__)
pages.register_error_handler(Refusal, show_refusal)
SOURCES = {"gift": "捐赠", "reallocation": "待分配款项转入", "surplus_to_fund": "项目结余转入"}
CHANNELS = {"sandbox": "沙箱支付（演示）", "wechat": "微信支付", "bank": "银行转账"}


class NoticesQuery(PageQuery):
    """Whose notices: a village's, a project's (a fund has its village's), or everybody's."""

    village = fields.String(validate=validate.Regexp(r"\d{12}\Z"))
    project = fields.String(validate=validate.Regexp(r"[0-9A-Za-z]{1,16}\Z"))


@bp.get("/notices")
@etagged
@bp.arguments(NoticesQuery, location="query")
@bp.response(200, NoticeListSchema)
@reads
def list_notices(asked: dict[str, Any]) -> dict[str, Any]:
    """List notices, newest first."""
    scope = queries.scope_of(village=asked.get("village"), project=asked.get("project"))
    limit = asked["limit"]
    rows = queries.list_notices(scope=scope, before_id=last_id(asked), limit=limit + 1)
    return listed(rows, limit=limit, row_id=lambda notice: notice.id, shown=lambda notice: notice)


@bp.get("/notices/<string:code>")
@etagged
@bp.response(200, NoticeSchema)
@reads
def show_notice(code: str) -> dict[str, Any]:
    """Show one notice with its figures, each with its place in the ledger."""
    return _view(queries.get_notice(code))


@pages.get("/n/<string:code>")
@etagged
@reads
def print_notice(code: str) -> str:
    """Show the notice as a page to print."""
    notice = _view(queries.get_notice(code))
    address = f"{settings().public_url}/n/{code}"
    return render_template(
        "notice.html",
        notice=notice,
        figures=notice["figures"],
        rows=purse_rows(notice["figures"]["purses"]),
        names={purse["code"]: purse["title"] for purse in notice["figures"]["purses"]},
        address=address,
        published=local_day(notice["published_at"]),
        picture="data:image/png;base64," + base64.b64encode(codes.png(address, box=4)).decode("ascii"),
        sources=SOURCES,
        channels=CHANNELS,
        yuan=yuan,
    )


def purse_rows(purses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a village's purses as rows that add up, across and down: what moved to the fund is no income of it.

    Every row: opening + received - refunded - spent + corrected + moved = closing. The last row sums the others.
    """
    moved_fen = sum(purse["moved_to_fund_fen"] for purse in purses)
    rows = []
    for purse in purses:
        into_fen = moved_fen if purse["kind"] == FUND else -purse["moved_to_fund_fen"]
        names = ("title", "opening_fen", "refunded_fen", "spent_fen", "corrected_fen", "closing_fen")
        row = {name: purse[name] for name in names}
        known_fen = row["opening_fen"] - row["refunded_fen"] - row["spent_fen"] + row["corrected_fen"] + into_fen
        rows.append(row | {"moved_fen": into_fen, "received_fen": row["closing_fen"] - known_fen})
    sums = {name: sum(row[name] for row in rows) for name in (rows[0] if rows else {}) if name != "title"}
    return [*rows, {"title": "合计", **sums}] if rows else []


def yuan(fen: int) -> str:
    """Return an amount as a notice prints it: 1234.50, with a comma at the thousands, from whole fen alone."""
    sign, digits = ("-" if fen < 0 else ""), f"{abs(fen):03d}"
    return f"{sign}{int(digits[:-2]):,}.{digits[-2:]}"


def _view(notice: NoticeRecord) -> dict[str, Any]:
    told = notice.figures
    lines = {name: [_line(line) for line in told[name]] for name in ("spent", "corrections", "later_corrections")}
    return vars(notice) | {"period": notice.period, "figures": told | lines, "demo": notice.is_demo}


def _line(line: dict[str, Any]) -> dict[str, Any]:
    day = date.fromisoformat(line["spent_on"])
    return line | {"spent_on": day, "voucher_url": media_url(line["voucher_media"])}

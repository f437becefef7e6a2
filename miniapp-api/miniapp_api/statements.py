"""My gifts of a year: the list for the phone, and the same as a PDF to keep."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from backend.core import clock
from backend.core.errors import InvalidInput
from backend.donations.wording import yuan
from backend.receipts.codes import secret_of
from backend.receipts.statement import GIVEN, RETURNED, Line, Statement, statement_of, years_of
from backend.regions.queries import called
from miniapp_api.edge import reads, settings
from miniapp_api.receipts import attached
from miniapp_api.sessions import require_person
from qr.sheet import Column, Row, Sheet
from qr.sheet_pdf import pdf

bp = Blueprint("statements", __name__, description="我的年度捐赠清单。")
FIRST_YEAR, LAST_YEAR = 2000, 2999
COLUMNS = (
    Column(heading="日期", share=13),
    Column(heading="项目", share=33),
    Column(heading="捐赠（元）", share=13, is_number=True),
    Column(heading="退款（元）", share=13, is_number=True),
    Column(heading="收据编号", share=28),
)
NOTE = (
    "本清单依账本编制：日期为支付机构记录的款项日期，合计与账本一致到分。清单便于核对，不能代替收据，也不是财政电子票据；"
    "同一笔捐赠请勿重复用于抵扣税款。"
)
DEMO = "演示数据：没有真实资金，本清单不作任何凭证"


class StatementYearsSchema(Schema):
    """The years that have a statement, the newest first."""

    years = fields.List(fields.Integer(), required=True)


class StatementLineSchema(Schema):
    """A gift that came, or money that went back; `amount_fen` is above zero in both."""

    on = fields.Date(required=True)
    kind = fields.String(required=True, metadata={"enum": [GIVEN, RETURNED]})
    gift_code = fields.String(required=True)
    project_title = fields.String(required=True)
    village_name = fields.String(required=True)
    organisation = fields.String(required=True)
    amount_fen = fields.Integer(required=True)
    receipt = fields.String(required=True, allow_none=True)
    receipt_url = fields.String(required=True, allow_none=True)
    is_waived = fields.Boolean(required=True)


class StatementSchema(Schema):
    """All gifts and refunds of a year, with their sums in fen."""

    year = fields.Integer(required=True)
    items = fields.List(fields.Nested(StatementLineSchema), required=True)
    given_fen = fields.Integer(required=True)
    returned_fen = fields.Integer(required=True)
    demo = fields.Boolean(required=True)


@bp.get("/me/statements")
@bp.response(200, StatementYearsSchema)
@reads
def list_years() -> dict[str, Any]:
    """List the years in which this person gave."""
    return {"years": years_of(require_person().id)}


@bp.get("/me/statements/<int:year>")
@bp.response(200, StatementSchema)
@reads
def show_statement(year: int) -> dict[str, Any]:
    """Show what this person gave in a year, and what went back."""
    statement, names = _stated(year)
    return {
        **vars(statement),
        "items": [_shown(line, names) for line in statement.lines],
        "given_fen": statement.given_fen,
        "returned_fen": statement.returned_fen,
        "demo": any(line.is_demo for line in statement.lines),
    }


@bp.get("/me/statements/<int:year>/statement.pdf")
@bp.response(200, {"type": "string", "format": "binary"}, content_type="application/pdf")
def show_statement_pdf(year: int) -> Response:
    """Send the statement of a year as a PDF, drawn after it was read."""
    statement, names = reads(_stated)(year)
    body = pdf(_sheet(statement, names))
    return attached(body, media_type="application/pdf", name=f"statement-{year}.pdf")


def _stated(year: int) -> tuple[Statement, dict[str, str]]:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise InvalidInput(field="year")
    statement = statement_of(require_person().id, year=year)
    return statement, called({line.village_code for line in statement.lines})


def _shown(line: Line, names: dict[str, str]) -> dict[str, Any]:
    has_receipt = line.receipt is not None and not line.is_waived
    secret = secret_of(line.gift_code, secret_key=settings().secret_key)
    return {
        **vars(line),
        "village_name": names.get(line.village_code, ""),
        "receipt_url": f"/r/{secret}?number={line.receipt}" if has_receipt else None,
    }


def _sheet(statement: Statement, names: dict[str, str]) -> Sheet:
    donors = "、".join(dict.fromkeys(line.donor for line in statement.lines))
    cells = [_cells(line, names) for line in statement.lines]
    total = ("合计", "", yuan(statement.given_fen), yuan(statement.returned_fen), "")
    return Sheet(
        title=f"{statement.year} 年度捐赠清单",
        author="幸福家园",
        facts=(f"捐赠人：{donors or '—'}", f"编制日期：{clock.local_day(clock.now())}"),
        rows=(
            Row(label="本年捐赠", text=f"¥{yuan(statement.given_fen)}", is_large=True),
            Row(label="本年退款", text=f"¥{yuan(statement.returned_fen)}"),
            Row(label="捐赠减退款", text=_net(statement)),
        ),
        columns=COLUMNS,
        table=(*cells, total),
        has_sum=True,
        notes=(NOTE,),
        demo=DEMO if any(line.is_demo for line in statement.lines) else "",
    )


def _net(statement: Statement) -> str:
    net_fen = statement.given_fen - statement.returned_fen
    return ("-" if net_fen < 0 else "") + f"¥{yuan(abs(net_fen))}"


def _cells(line: Line, names: dict[str, str]) -> tuple[str, ...]:
    purpose = f"{line.project_title}（{names.get(line.village_code, '')}，{line.organisation}）"
    told = yuan(line.amount_fen)
    given, back = (told, "") if line.kind == GIVEN else ("", told)
    return (line.on.isoformat(), purpose, given, back, "放弃收据" if line.is_waived else line.receipt or "待开")

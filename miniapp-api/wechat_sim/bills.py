"""Statements of a day, drawn from the books; what the knobs changed in them is written down to be found."""

from __future__ import annotations

import gzip
import hashlib
from datetime import date, timedelta
from typing import Any

from wechat_sim import rows as bill_rows
from wechat_sim.books import World
from wechat_sim.clock import at_hour, day_of
from wechat_sim.errors import PayError, param_error
from wechat_sim.keys import random_text
from wechat_sim.rows import BASIC, TRADE, Row

MONTHS_BACK_DAYS, FILE_MINUTES = 92, 5
READY_HOUR, BEGUN_HOUR = 10, 9
TRADE_TYPES, ACCOUNTS = ("ALL", "SUCCESS", "REFUND"), ("BASIC", "OPERATION", "FEES")


def trade_bill(world: World, args: dict[str, str]) -> dict[str, Any]:
    """Draw the statement of payments and refunds of a day. Raises `PayError`."""
    kind = _one_of(args, "bill_type", TRADE_TYPES)
    day = _day(world, args, ("bill_date", "bill_type", "tar_type"))
    rows = [row for row in bill_rows.of_day(world, day) if kind in ("ALL", row.kind)]
    _check_ready(world, day, is_empty=not rows)
    told, found = _with_differences(world, rows, bill="trade")
    world.books.differences[f"{day} trade"] = found
    return _promise(world, bill_rows.trade_csv(world, told, kind), args)


def fund_flow_bill(world: World, args: dict[str, str]) -> dict[str, Any]:
    """Draw the statement of the merchant's account of a day. Raises `PayError`."""
    account = _one_of(args, "account_type", ACCOUNTS)
    day = _day(world, args, ("bill_date", "account_type", "tar_type"))
    rows = bill_rows.of_day(world, day) if account == BASIC else []
    _check_ready(world, day, is_empty=not rows)
    told, found = _with_differences(world, rows, bill="flow")
    world.books.differences[f"{day} flow"] = found
    return _promise(world, bill_rows.flow_csv(world, told, day), args)


def _one_of(args: dict[str, str], name: str, words: tuple[str, ...]) -> str:
    word = args.get(name, words[0])
    if word not in words:
        raise param_error(f"/{name}", f"应为 {'、'.join(words)} 之一", word, location="query")
    return word


def _day(world: World, args: dict[str, str], known: tuple[str, ...]) -> date:
    for name, value in args.items():
        if name not in known:
            raise param_error(f"/{name}", "是未知的参数", value, location="query")
    if args.get("tar_type", "GZIP") != "GZIP":
        raise param_error("/tar_type", "应为 GZIP", args["tar_type"], location="query")
    text = args.get("bill_date", "")
    try:
        day = date.fromisoformat(text if len(text) == 10 else "")
    except ValueError:
        raise param_error("/bill_date", "应为 yyyy-MM-dd 格式的日期", text, location="query") from None
    today = day_of(world.now())
    if not today - timedelta(days=MONTHS_BACK_DAYS) <= day <= today:
        raise param_error("/bill_date", "只能取三个月以内的账单", text, location="query")
    return day


def _check_ready(world: World, day: date, *, is_empty: bool) -> None:
    now, next_day = world.now(), day + timedelta(days=1)
    at_once = world.knobs.hits("bill.at_once")
    if (now < at_hour(next_day, BEGUN_HOUR) and not at_once) or world.knobs.hits("bill.none"):
        raise PayError(400, "NO_STATEMENT_EXIST", "账单文件不存在")
    if (now < at_hour(next_day, READY_HOUR) and not at_once) or world.knobs.hits("bill.late"):
        raise PayError(400, "STATEMENT_CREATING", "账单生成中，请稍后再试")
    if is_empty:
        raise PayError(400, "NO_STATEMENT_EXIST", "账单文件不存在")


def _with_differences(world: World, rows: list[Row], *, bill: str) -> tuple[list[Row], list[dict[str, Any]]]:
    """Return the rows as they are told, and what was changed; one row is changed in one way at most."""
    told: list[Row] = []
    found: list[dict[str, Any]] = []
    for row in rows:
        no = row.out_refund_no or row.out_trade_no
        names = _changes(row, bill)
        name = next((name for name in names if world.knobs.hits(f"bill.{name}", at=no, subject=row.key)), "")
        shown = bill_rows.changed(world, row, name)
        told += shown
        if name:
            found.append(_difference(row, name, shown))
    return told, found


def _changes(row: Row, bill: str) -> tuple[str, ...]:
    if bill == "flow":
        return ("flow_missing_row", "flow_extra_row", "flow_amount_diff")
    if row.kind == TRADE:
        return ("missing_row", "extra_row", "amount_diff", "fee_diff")
    return ("refund_missing", "refund_extra", "refund_amount")


def _difference(row: Row, name: str, shown: list[Row]) -> dict[str, Any]:
    told = shown[-1] if shown else None
    is_extra = told is not None and told.key != row.key
    subject = told if told is not None and is_extra else row
    return {
        "kind": name,
        "row": subject.kind,
        "out_trade_no": subject.out_trade_no,
        "out_refund_no": subject.out_refund_no,
        "transaction_id": subject.transaction_id,
        "true_fen": 0 if is_extra else row.amount_fen,
        "told_fen": told.amount_fen if told else 0,
        "true_fee_fen": 0 if is_extra else row.fee_fen,
        "told_fee_fen": told.fee_fen if told else 0,
    }


def _promise(world: World, text: str, args: dict[str, str]) -> dict[str, Any]:
    content = text.encode("utf-8-sig")
    hash_value = hashlib.sha1(content).hexdigest()  # noqa: S324 - the hash that WeChat promises.
    if world.knobs.hits("bill.bad_hash"):
        hash_value = hashlib.sha1(b"something else").hexdigest()  # noqa: S324 - the same.
    packed = args.get("tar_type") == "GZIP"
    token = random_text(64)
    world.books.files[token] = (
        gzip.compress(content) if packed else content,
        world.now() + timedelta(minutes=FILE_MINUTES),
    )
    query = f"token={token}" + ("&tartype=gzip" if packed else "")
    url = f"{world.base_url}/v3/billdownload/file?{query}"
    return {"hash_type": "SHA1", "hash_value": hash_value, "download_url": url}


def download(world: World, args: dict[str, str]) -> bytes:
    """Return a file that was promised less than five minutes ago. Raises `PayError`."""
    content, ends_at = world.books.files.get(args.get("token", ""), (b"", world.now()))
    if world.now() >= ends_at:
        raise PayError(400, "PARAM_ERROR", "下载地址无效或已过期，请重新申请账单")
    return content

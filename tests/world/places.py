"""The named places of the product that can be made to fail, read from its source."""

from __future__ import annotations

import ast

from backend.core.config import HOUSE
from backend.ledger.reasons import REASONS


def named_places() -> list[str]:
    """Every place by its name; where the source names one for each reason of a transfer, all of them."""
    files = [path for room in ("backend", "miniapp-api/miniapp_api") for path in (HOUSE / room).rglob("*.py")]
    nodes = [node for path in files for node in ast.walk(ast.parse(path.read_text("utf-8")))]
    calls = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "failpoint"]
    return sorted(name for call in calls for name in _names(ast.unparse(call.args[0])))


def _names(told: str) -> list[str]:
    if told.startswith("f"):
        return [told[2:-1].replace("{draft.reason}", reason) for reason in REASONS]
    return [str(ast.literal_eval(told))]

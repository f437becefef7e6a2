"""The house keeps its own laws: who may import whom, how long things may be, and that every test is collected."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[1]
FUNCTION_LINES_MAX = 40
FILE_LINES_MAX = 300
CODE_ENDINGS = (".py", ".vue", ".ts", ".mjs", ".css")

# Who may not know whom. Arrows point inward: miniapp_api -> backend -> core; qr stands alone.
FORBIDDEN = (
    (
        "backend",
        ("flask", "marshmallow", "flask_smorest", "miniapp_api", "qr", "werkzeug", "wechat_sim"),
        "the domain knows no HTTP",
    ),
    ("backend/core", ("backend.",), "the core knows no feature"),
    ("miniapp-api/miniapp_api", ("wechat_sim",), "a development tool is no part of the product"),
    ("miniapp-api/wechat_sim", ("backend", "miniapp_api", "qr"), "an error of ours must not hide in the simulator too"),
    ("qr", ("backend", "miniapp_api", "flask", "sqlalchemy"), "text in, picture out: nothing of ours"),
)
# Two rooms of the core that are not a feature, and the one concession of law: Flask-SQLAlchemy's handle.
ALLOWED = ("backend.core", "flask_sqlalchemy")

# Law 13: who may open a transaction. The edge, the commands, the job loop; and the two named exceptions,
# flows that call out between two transactions and refusals that must be remembered.
OPENING = ("writing", "write_with_retries", "write_together")
TRANSACTION_OPENERS = (
    "backend/core/db.py",
    "backend/core/together.py",
    "backend/jobs/",
    "backend/demo/",
    "miniapp-api/miniapp_api/",
    "backend/outbox/delivery.py",  # Sends between claiming a message and noting what became of it.
    "backend/payments/announcing.py",  # Announces an order between claiming it and noting the answer.
    "backend/payments/asking.py",  # Asks the provider between claiming a question and settling the answer.
    "backend/payments/inbox.py",  # Remembers a verified word that could not be posted.
    "backend/content/asking.py",  # Asks WeChat between claiming words and noting what it thinks of them.
    "backend/sharing/round_codes.py",  # Asks for a picture between claiming the turn and keeping it.
    "backend/sharing/url_links.py",  # Asks for an address between claiming the turn and keeping it.
    "backend/wechat/tokens.py",  # Keeps the token that it fetched between two transactions.
    "backend/reconciliation/daily.py",  # Fetches bills between claiming a day and storing what came.
    "backend/refunds/hearing.py",  # Keeps a verified word, and acts upon it, as the inbox of payments does.
    "backend/refunds/sending.py",  # Asks the provider between claiming a question and acting upon the answer.
    "backend/refunds/repairing.py",  # Sends a card between reading it and keeping what the provider said of it.
    "backend/payments/sandbox.py",  # Its prepay plays the call to another house.
)


def tracked(*endings: str) -> list[Path]:
    """Return the files of the house that git knows or would take, by ending."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = (HOUSE / name for name in listing.stdout.splitlines())
    return [path for path in paths if path.suffix in endings and path.exists()]


def name_of(path: Path) -> str:
    return str(path.relative_to(HOUSE))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def is_within(module: str, names: tuple[str, ...]) -> bool:
    return any(module == name.rstrip(".") or module.startswith(name.rstrip(".") + ".") for name in names)


@pytest.mark.parametrize(("room", "forbidden", "reason"), FORBIDDEN, ids=[row[0] for row in FORBIDDEN])
def test_arrows_point_inward(room: str, forbidden: tuple[str, ...], reason: str) -> None:
    wrong = [
        f"{name_of(path)} imports {module}"
        for path in tracked(".py")
        if name_of(path).startswith(f"{room}/")
        for module in imports_of(path)
        if is_within(module, forbidden) and not (room.startswith("backend") and is_within(module, ALLOWED))
    ]
    assert wrong == [], reason


def test_only_the_edge_opens_transactions() -> None:
    wrong = []
    for path in tracked(".py"):
        name = name_of(path)
        if not name.startswith(("backend/", "miniapp-api/")) or name.startswith(TRANSACTION_OPENERS):
            continue
        calls = [node for node in ast.walk(parsed(path)) if isinstance(node, ast.Attribute)]
        wrong += [f"{name}:{node.lineno}" for node in calls if node.attr in ("commit", "rollback")]
        wrong += [name for module in imports_from_db(path) if module in OPENING]
    assert wrong == [], "commit at the edge only"


def test_whoever_sends_over_the_network_first_asks_whether_a_transaction_is_open() -> None:
    """Law 13 while the house runs: the wire refuses, and a room with a client of its own refuses as it does."""
    wrong = [
        name_of(path)
        for path in tracked(".py")
        if name_of(path).startswith(("backend/", "miniapp-api/miniapp_api/"))
        and {"httpx", "requests", "urllib.request", "http.client"} & set(imports_of(path))
        and "refuse_calling_out" not in imports_from_db(path)
    ]
    assert wrong == []


def imports_from_db(path: Path) -> list[str]:
    return [
        alias.name
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ImportFrom) and node.module in ("backend.core.db", "backend.core.together")
        for alias in node.names
    ]


def test_no_function_is_longer_than_forty_lines() -> None:
    wrong = [
        f"{name_of(path)}:{node.lineno} {node.name} has {(node.end_lineno or 0) - node.lineno + 1} lines"
        for path in tracked(".py")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert wrong == []


def test_no_file_is_longer_than_three_hundred_lines() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in tracked(*CODE_ENDINGS)}
    assert [f"{name_of(path)} {lines}" for path, lines in lengths.items() if lines > FILE_LINES_MAX] == []


MONEY = re.compile(r"fen\b|_fen|amount|money", re.IGNORECASE)


def floats_near_money(source: str) -> list[int]:
    """Return the lines on which a float, a division or the word `float` stands beside money."""
    lines, found = source.splitlines(), []
    for node in ast.walk(ast.parse(source)):
        is_literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
        is_division = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and MONEY.search(ast.unparse(node))
        is_named = isinstance(node, ast.Name) and node.id == "float"
        if (is_literal or is_division or is_named) and MONEY.search(lines[node.lineno - 1]):
            found.append(node.lineno)
    return found


def test_no_float_stands_near_money() -> None:
    wrong = [
        f"{name_of(path)}:{line}"
        for path in tracked(".py")
        if name_of(path).startswith(("backend/", "miniapp-api/"))
        for line in floats_near_money(path.read_text(encoding="utf-8"))
    ]
    assert wrong == [], "money is whole fen (law 1)"


PLANTED = [
    ("amount_fen = 19.99 * 100", [1], "a literal"),
    ("share = amount_fen / 3", [1], "a division"),
    ("def pay(amount: float) -> None: ...", [1], "a type"),
    ("share_fen = amount_fen // 3\npause = 0.5", [], "whole fen, and a pause elsewhere"),
]


@pytest.mark.parametrize(("source", "lines", "reason"), PLANTED, ids=[row[2] for row in PLANTED])
def test_a_float_near_money_would_be_found(source: str, lines: list[int], reason: str) -> None:
    assert floats_near_money(source) == lines, reason


def test_every_test_is_collected() -> None:
    """A function that looks like a test but is not named so, or sits in a file that pytest passes over, never runs."""
    wrong = []
    for path in tracked(".py"):
        if not name_of(path).startswith("tests/"):
            continue
        tests = [node for node in ast.walk(parsed(path)) if isinstance(node, ast.FunctionDef)]
        named = [node.name for node in tests if node.name.startswith("test_")]
        wrong += [f"{name_of(path)}: {name} is not collected" for name in named if not path.name.startswith("test_")]
        twice = {name for name in named if named.count(name) > 1}
        wrong += [f"{name_of(path)} names {name} twice: only the last one runs" for name in twice]
    assert wrong == []


def test_every_test_file_says_what_it_tells() -> None:
    wrong = [name_of(path) for path in tracked(".py") if not ast.get_docstring(parsed(path)) and path.stat().st_size]
    assert wrong == []


def test_no_test_is_skipped_without_a_reason() -> None:
    bare = re.compile(r"@pytest\.mark\.(skip|xfail)\s*$|pytest\.skip\(\)|mark\.skip\(\)")
    wrong = [
        f"{name_of(path)}:{number}"
        for path in tracked(".py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if bare.search(line.strip())
    ]
    assert wrong == []


def test_every_exclusion_gives_its_reason() -> None:
    bare = re.compile(r"#\s*(noqa|type: ignore|pragma: no (cover|branch))(?!.*[-#]\s*\w+)")
    wrong = [
        f"{name_of(path)}:{number}"
        for path in tracked(".py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if bare.search(line)
    ]
    assert wrong == [], "a comment after the mark says why"


def test_the_word_for_a_present_instant_is_asked_only_at_the_edge() -> None:
    wrong = []
    for path in tracked(".py"):
        name = name_of(path)
        if not name.startswith("backend/") or name.startswith(("backend/core/clock.py", "backend/jobs/")):
            continue
        calls = [node for node in ast.walk(parsed(path)) if isinstance(node, ast.Call)]
        asking = ("clock.now", "now", "datetime.now")
        wrong += [f"{name}:{call.lineno}" for call in calls if ast.unparse(call.func) in asking]
    assert wrong == [], "time enters as an argument (law 9)"


def test_every_test_that_the_table_of_security_names_stands_where_it_says() -> None:
    table = (HOUSE / "backend/docs/SECURITY.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", table)
    assert len(named) > 40
    assert [f"{path}::{name}" for path, name in named if not _has_test(HOUSE / path, name)] == []


def _has_test(path: Path, name: str) -> bool:
    return path.exists() and any(
        isinstance(node, ast.FunctionDef) and node.name == name for node in ast.walk(parsed(path))
    )


DANGEROUS = ("render_template_string", "pickle", "marshal", "shelve", "eval", "exec", "os.system", "yaml.load")
# Where chance decides nothing but a pause, or a story of the demonstration.
MAY_GUESS = ("backend/core/db.py", "backend/outbox/", "miniapp-api/miniapp_api/demo/")
PRODUCT = ("backend/", "miniapp-api/miniapp_api/", "qr/")


def test_what_comes_from_outside_is_never_run_as_code_nor_as_a_pattern() -> None:
    wrong = []
    for path in tracked(".py"):
        if not name_of(path).startswith(PRODUCT):
            continue
        calls = [node for node in ast.walk(parsed(path)) if isinstance(node, ast.Call)]
        wrong += [f"{name_of(path)} imports {name}" for name in imports_of(path) if is_within(name, DANGEROUS)]
        wrong += [f"{name_of(path)}:{one.lineno}" for one in calls if ast.unparse(one.func) in DANGEROUS]
        wrong += [f"{name_of(path)}:{one.lineno}" for one in calls if _is_pattern_of_others(one)]
    assert wrong == []


def _is_pattern_of_others(call: ast.Call) -> bool:
    """Say whether a regular expression is made of anything but our own text and constants (ASVS 1.2.9)."""
    if not re.fullmatch(r"re\.(compile|search|match|fullmatch|sub|findall|finditer|split)", ast.unparse(call.func)):
        return False
    names = [node for node in ast.walk(call.args[0]) if isinstance(node, ast.Name)]
    return any(not node.id.isupper() for node in names)


def test_what_must_not_be_guessed_never_comes_from_the_library_of_games() -> None:
    wrong = [
        name_of(path)
        for path in tracked(".py")
        if name_of(path).startswith(PRODUCT)
        and "random" in imports_of(path)
        and not name_of(path).startswith(MAY_GUESS)
    ]
    assert wrong == [], "tokens, codes and salts come from `secrets` (ASVS 11.5.1)"

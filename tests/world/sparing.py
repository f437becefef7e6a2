"""Work that every test would do anew and alike, done once for each process: a test differs by its data, not by this.

A test has an application and an engine of its own, and with them would compile each statement and each address again,
which took a third of its time. What is kept here depends on the kind of the database and on the text of a rule alone.
A server that a test starts spares itself nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import Dialect, Engine, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Connection
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from backend.people import passwords

CAREFUL = passwords._hasher
"""How the product makes a password slow to guess, on purpose; that is not what a test of the village waits for."""
_statements: LRUCache[Any, Any] = LRUCache(4000)
_rules: dict[tuple[Any, ...], tuple[dict[str, Any], Any, Any]] = {}


def spare() -> None:
    """Keep what was compiled, and hash passwords quickly, from now on and for the whole process."""
    for dialect in (PGDialect_psycopg, SQLiteDialect_pysqlite):
        _is_its_kind(dialect)
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    event.listen(Engine, "engine_connect", _share_statements)
    Rule.compile = _once_for_each_rule(Rule.compile)  # type: ignore[method-assign]


def _is_its_kind(dialect: type[Dialect]) -> None:
    """Let two dialects of one kind be equal: by the dialect SQLAlchemy asks whose a compiled statement is."""
    dialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign, assignment]
    dialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign, assignment]


def _share_statements(connection: Connection) -> None:
    connection.execution_options(compiled_cache=_statements)


def _once_for_each_rule(compile_rule: Callable[[Rule], None]) -> Callable[[Rule], None]:
    @wraps(compile_rule)
    def kept(rule: Rule) -> None:
        told = (rule.rule, rule.subdomain, rule.host, rule.strict_slashes, rule.merge_slashes, repr(rule.defaults))
        if told not in _rules:
            compile_rule(rule)
            build, build_unknown = (vars(rule)[name].__func__ for name in ("_build", "_build_unknown"))
            made = {name: vars(rule)[name] for name in ("_parts", "_trace", "_converters", "arguments")}
            _rules[told] = made, build, build_unknown
        made, build, build_unknown = _rules[told]
        vars(rule).update(made, _build=build.__get__(rule), _build_unknown=build_unknown.__get__(rule))

    return kept

"""A printed sheet, told as text: what a receipt or a statement says, before anybody draws it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line with its label; a newline in the text is a line break. `is_large` for what a reader looks for first."""

    label: str
    text: str
    is_large: bool = False


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table: its heading and its share of the width, in per cent."""

    heading: str
    share: int
    is_number: bool = False


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What stands on a sheet, from top to bottom.

    `demo` is the warning that no real money stands behind it, `state` what a reader must know first (cancelled).
    `code` is the address in its QR code, with `code_hint` below. `table` are the cells of the columns; its last row is
    the sum when `has_sum`.
    """

    title: str
    author: str
    facts: tuple[str, ...]
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    demo: str = ""
    state: str = ""
    code: str = ""
    code_hint: str = ""
    columns: tuple[Column, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()
    has_sum: bool = False

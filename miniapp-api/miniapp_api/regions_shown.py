"""Regions as other pages show them: a village by its name, with the tiers above it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def shown_region(code: str) -> dict[str, Any]:
    """Return code and name of one region; an unknown one shows its code."""
    return {"code": code, "name": names_of([code])[code]}


def names_of(codes: Iterable[str]) -> dict[str, str]:
    """Return the names of regions by code; an unknown one shows its code."""
    return {code: code for code in codes}

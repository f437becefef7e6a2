"""Names of accounts: who holds the money and what for (law 3). Pure rules, no database."""

from __future__ import annotations

import re

WORLD = "world"
NATIONAL = "00"
UNALLOCATED = "00/unallocated"
FEES = "00/fees"
REFUNDS = "#refunds"
AMOUNT_FEN_MAX = 10**13
_HOLDER = r"(?:00|\d{2}|\d{4}|\d{6}|\d{9}|\d{12})"
_ACCOUNT = re.compile(
    rf"^(?P<holder>{_HOLDER})/(?P<purse>[0-9A-Za-z@_-]{{1,40}})(?P<rest>#[0-9A-Za-z]+(?:>{_HOLDER})?)?$"
)


class AccountInvalid(ValueError):
    """The text is not the name of an account; a programming error, never the fault of a person on the phone."""


def account(holder: str, purse: str) -> str:
    """Return the account in which `holder` (a region code, `00` for the nation) keeps the money of `purse`."""
    name = f"{holder}/{purse}"
    check_account(name)
    return name


def check_account(name: str) -> None:
    """Refuse a name that is neither `world` nor `<holder>/<purse>` with an optional reservation and leg."""
    if name != WORLD and not _ACCOUNT.fullmatch(name):
        raise AccountInvalid(name)


def holder_of(name: str) -> str:
    """Return the region code of who holds the account, or `world`."""
    return WORLD if name == WORLD else name.split("/", 1)[0]


def purse_of(name: str) -> str:
    """Return what the money of the account is for, without reservation or leg; `world` has none."""
    return "" if name == WORLD else name.split("/", 1)[1].split("#", 1)[0]


def refunds_account(name: str) -> str:
    """Return the account of what is promised back to givers out of `name`: `<holder>/<purse>#refunds` (ADR 0020)."""
    return account(holder_of(name), f"{purse_of(name)}{REFUNDS}")


def is_in_transit(name: str) -> bool:
    """Say whether the account holds money between two tiers: its name has a leg, `>`."""
    return ">" in name

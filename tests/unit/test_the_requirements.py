"""The list of bad inputs is no promise on paper: each one names tests, and they are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[2]
LIST = HOUSE / "backend" / "docs" / "REQUIREMENTS.md"
OF_MONEY = {*range(1, 26), *range(32, 36), *range(40, 46)}


def rows() -> dict[int, list[str]]:
    """The tests that each bad input names, by its number."""
    text = LIST.read_text(encoding="utf-8").split("## Bad inputs and their outcome")[1].split("\n## ")[0]
    lines = [line.split(" | ") for line in text.splitlines() if re.match(r"\| \d+ \|", line)]
    return {int(line[0].strip("| ")): re.findall(r"`([^`]+)`", line[-1]) for line in lines}


ROWS = rows()


def test_every_bad_input_about_money_is_in_the_list() -> None:
    assert OF_MONEY - ROWS.keys() == set()


@pytest.mark.parametrize("number", sorted(ROWS))
def test_each_bad_input_is_shown_by_tests_that_are_there(number: int) -> None:
    assert ROWS[number], "it names no test"
    for named in ROWS[number]:
        path, _, name = named.partition("::")
        text = (HOUSE / path).read_text(encoding="utf-8")
        found = f"def {name}(" in text if path.endswith(".py") else f"'{name}'" in text
        assert found or not name, f"{named} is not there"

"""Where a test lets a process fail: only what is named, only when it is its turn, and never where money is real."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter

import pytest

from backend.core.config import HOUSE, BadSetting
from backend.core.failpoints import KILLED, FailpointReached, arm, failing, failpoint
from tests.world.places import named_places


def test_nothing_fails_where_nothing_was_named() -> None:
    with failing("somewhere_else=raise"):
        failpoint("here")
    failpoint("somewhere_else")


def test_what_was_named_fails_each_time_or_at_its_turn_alone() -> None:
    with failing("always=raise, third=raise@3"):
        for _ in range(2):
            with pytest.raises(FailpointReached):
                failpoint("always")
            failpoint("third")
        with pytest.raises(FailpointReached):
            failpoint("third")
        failpoint("third")


def test_a_process_can_be_made_to_hang() -> None:
    started = time.monotonic()
    with failing("slow=sleep:0.05"):
        failpoint("slow")
    assert time.monotonic() - started >= 0.05


def test_a_process_dies_as_if_it_were_killed_and_tidies_nothing_up() -> None:
    told = "from backend.core.failpoints import arm, failpoint\narm('here=exit', is_production=False)\n"
    told += "try:\n    failpoint('here')\nfinally:\n    print('tidied up')"
    ended = subprocess.run([sys.executable, "-c", told], check=False, cwd=HOUSE, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (KILLED, "")


@pytest.mark.parametrize(
    "text", ["here", "here=explode", "here=sleep:", "here=raise@0", "Here=raise", "a=raise;b=raise"]
)
def test_a_place_that_is_not_named_well_is_refused(text: str) -> None:
    with pytest.raises(BadSetting, match="FAILPOINTS"):
        arm(text, is_production=False)


def test_where_money_is_real_nothing_can_be_made_to_fail() -> None:
    with pytest.raises(BadSetting, match="production"):
        arm("here=exit", is_production=True)
    arm("", is_production=True)
    failpoint("here")


def test_each_place_has_a_name_of_its_own() -> None:
    twice = [name for name, times in Counter(named_places()).items() if times > 1]
    assert twice == []

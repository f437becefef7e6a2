"""A process dies at each named place of each flow that moves money; the next one ends with each thing once (P5)."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from miniapp_api.app import create_app
from sqlalchemy.engine import make_url

from backend.core import clock
from backend.core.config import Settings
from backend.core.failpoints import KILLED
from backend.payments.keys import sandbox_key
from tests.faults.nursery import Life, Nursery, nursery
from tests.faults.stories import STORIES
from tests.world.databases import PostgresqlMaker, SqliteMaker, dispose
from tests.world.figures import dice, figure, is_quick
from tests.world.places import named_places
from tests.world.refunding import Refunding
from tests.world.striving import BEGINS

Maker = SqliteMaker | PostgresqlMaker


PLACES = named_places()
"""Named places; the issue of each is the same: nothing acknowledged is lost, nothing is there twice."""


@dataclass
class Deaths:
    """A village that is put back as it was for each death, and what every story tells when nobody dies."""

    house: Settings
    village: Path
    nursery: Nursery
    putting_back: Callable[[], None]
    plain: dict[str, Life] = field(default_factory=dict)

    def begins(self) -> None:
        """Let each story be lived to its end, counting the places that it passes."""
        armed = ",".join(f"{place}=sleep:0" for place in PLACES)
        for story in STORIES:
            self.puts_back()
            life = self.plain[story] = self.nursery.lives(story, armed=armed, is_child=False)
            assert (life.code, life.seen["verify"]) == (0, []), story

    def ways_through(self, place: str) -> list[tuple[str, int]]:
        """The stories that pass a place, each with how often it does."""
        return [(name, life.seen["passed"][place]) for name, life in self.plain.items() if place in life.seen["passed"]]

    def dies_at(self, place: str, *, at: int, story: str) -> tuple[list[str], float]:
        """Let a process die at a place, and the next one end the story; return what is wrong, and how long it took."""
        self.puts_back()
        first = self.nursery.lives(story, armed=f"{place}=exit@{at}")
        began = time.monotonic()
        second = self.nursery.lives(story)
        took = time.monotonic() - began
        if (first.code, second.code) != (KILLED, 0):  # pragma: no cover - only a broken product gets here.
            return [f"ended with {first.code} and {second.code}"], took
        seen, plain = second.seen, self.plain[story].seen["told"]
        wrong = [f"half: {finding}" for finding in seen["half"]]
        wrong += [f"verify: {finding}" for finding in seen["verify"]]
        wrong += [
            f"{name}: {told} instead of {plain[name]}" for name, told in seen["told"].items() if told != plain[name]
        ]
        return wrong, took

    def puts_back(self) -> None:
        """Make the house what it was before the story: its folder with the keys, and its database."""
        shutil.rmtree(self.house.data_dir)
        shutil.copytree(self.village, self.house.data_dir)
        self.putting_back()


@contextmanager
def a_house(maker: Maker, folder: Path) -> Iterator[tuple[Settings, Callable[[], None]]]:
    """Found a village; yield its settings, and how its database is put back."""
    folder.mkdir()
    with maker.fresh(folder) as settings:
        app = create_app(settings)
        Refunding(app, clock=BEGINS)
        sandbox_key(settings.data_dir)
        dispose(app)
        with kept_apart(maker, settings) as putting_back:
            yield settings, putting_back


@contextmanager
def kept_apart(maker: Maker, settings: Settings) -> Iterator[Callable[[], None]]:
    """Keep the database as it is; yield how it becomes that again. That of SQLite lies in the folder."""
    if isinstance(maker, SqliteMaker):
        yield lambda: None
        return
    home = make_url(settings.database_url).database  # pragma: no cover - while the measuring is off, to the end.
    with psycopg.connect(
        maker.server_url.replace("+psycopg", ""), autocommit=True
    ) as connection:  # pragma: no cover - the same.

        def puts_back() -> None:
            connection.execute(f'DROP DATABASE "{home}" WITH (FORCE)'.encode())
            connection.execute(f'CREATE DATABASE "{home}" TEMPLATE "{home}_village"'.encode())

        connection.execute(f'CREATE DATABASE "{home}_village" TEMPLATE "{home}"'.encode())
        yield puts_back
        connection.execute(f'DROP DATABASE "{home}_village"'.encode())


@pytest.fixture
def deaths(database: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deaths]:
    """A village on the first of June, and a place where processes are born."""
    monkeypatch.setattr(clock, "now", lambda: BEGINS)
    with a_house(database, tmp_path / "house") as (settings, putting_back):
        shutil.copytree(settings.data_dir, tmp_path / "village")
        with nursery(settings) as born:
            found = Deaths(settings, tmp_path / "village", born, putting_back)
            found.begins()
            yield found


def killed_elsewhere() -> set[str]:
    """The places that move no money, each with a test of its own that kills there."""
    others = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_kill_while_*.py"))
    return {place for place in PLACES if f"{place}=exit" in others}


@pytest.mark.promise(name="P5")
@pytest.mark.timeout(36_000)
def test_who_dies_at_a_place_is_followed_by_one_who_ends_it_all_once(deaths: Deaths) -> None:
    is_sqlite = deaths.house.database_url.startswith("sqlite")
    passed = {place for life in deaths.plain.values() for place in life.seen["passed"]}
    assert set(PLACES) - passed - killed_elsewhere() == set(), "no story passes these places"
    chance = dice(f"deaths {is_sqlite}")
    rounds = figure("P5", slice=len(passed) if is_sqlite else 6, full=250 if is_sqlite else 100)
    order = sorted(passed) if is_sqlite else chance.sample(sorted(passed), len(passed))
    wrong, slowest = {}, 0.0
    for number in range(rounds):
        place = order[number % len(order)]
        ways = deaths.ways_through(place)
        story, times = ways[0] if number < len(order) else chance.choice(ways)
        at = chance.randint(1, times)
        found, took = deaths.dies_at(place, at=at, story=story)
        slowest = max(slowest, took)
        if found:  # pragma: no cover - only a broken product gets here.
            wrong[f"{place}@{at} in {story}"] = found
    told = f"{rounds} deaths; the slowest next process had healed and told its story {slowest:.1f} s after its start"
    assert wrong == {}, told
    assert is_quick("P5", slowest, within=5), told
    print(told)  # noqa: T201 - measured and reported.

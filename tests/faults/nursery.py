"""Where processes are born quickly: one that has opened the house already forks another for each life asked for.

A child is a process of its own: it arms what FAILPOINTS names, opens its own connections and lives one story, to its
end or to its death. Only what every start does alike, reading code and building the application, is not done again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coverage import Coverage
from flask import Flask
from miniapp_api.app import create_app

from backend.core import failpoints
from backend.core.config import HOUSE, Settings, load_settings
from tests.faults.stories import STORIES
from tests.world.databases import dispose
from tests.world.striving import Striving


@dataclass(frozen=True)
class Life:
    """How a process ended and, when it was not killed, what it saw."""

    code: int
    seen: dict[str, Any]


@dataclass
class Nursery:
    """The one that forks, for the house of these settings."""

    process: subprocess.Popen[str]
    report: Path

    def lives(self, story: str, *, armed: str = "", is_child: bool = True) -> Life:
        """Let a process live a story; without `is_child` the one that forks does, and knows the way from then on."""
        self.report.unlink(missing_ok=True)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"story": story, "armed": armed, "is_child": is_child}) + "\n")
        self.process.stdin.flush()
        code = int(self.process.stdout.readline())
        return Life(code, json.loads(self.report.read_text("utf-8")) if self.report.exists() else {})


@contextmanager
def nursery(settings: Settings) -> Iterator[Nursery]:
    """Open it, and close it in the end."""
    own = {"DATA_DIR": str(settings.data_dir), "DATABASE_URL": settings.database_url, "APP_ENV": "test"}
    own |= {"SECRET_KEY": settings.secret_key, "SHARED_ANSWER_MS": "0", "RATE_LIMITS": "off"}
    env = os.environ | own | {"PYTHONPATH": f"{HOUSE}:{HOUSE}/miniapp-api"}
    command = [sys.executable, "-m", "tests.faults.nursery"]
    process = subprocess.Popen(command, cwd=HOUSE, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Nursery(process, settings.data_dir / "report.json")
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=30)


def main() -> None:
    """Open the house, fork a child for each line, and tell how it ended."""
    app = create_app(load_settings(os.environ, house=Path.cwd()))
    for line in sys.stdin:
        told = json.loads(line)
        child = os.fork() if told["is_child"] else 0
        if child == 0:
            if told["is_child"]:  # pragma: no cover - what a child lives is lived by its parent too.
                measure_no_more()
            failpoints.arm(told["armed"], is_production=False)
            live(app, told["story"])
            if told["is_child"]:  # pragma: no cover - the same; to take the house down takes longer than the story.
                os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if child else 0
        sys.stdout.write(f"{code}\n")
        sys.stdout.flush()


def measure_no_more() -> None:  # pragma: no cover - it switches off what would see it.
    """What a child lives its parent has lived; to measure it again makes each death three times as long."""
    measuring = Coverage.current()
    if measuring is not None:
        measuring.stop()


def live(app: Flask, story: str) -> None:
    """Live one story in this process, and write down what the books tell in the end."""
    folder = app.config["SETTINGS"].data_dir
    village = Striving.takes_up(app, folder / "journal")
    half = village.half() if village.done else []
    STORIES[story](village)
    passed = {name: plan.passed for name, plan in failpoints._plans.items() if plan.passed}
    seen = {"half": half, "told": village.told(), "verify": village.half(), "passed": passed}
    (folder / "report.json").write_text(json.dumps(seen, ensure_ascii=False), "utf-8")
    dispose(app)


if __name__ == "__main__":
    main()

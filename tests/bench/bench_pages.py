"""The project page of the interface against a bare Flask route on the same server (aim: 0.6)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.request

from tests.bench.load import HOUSE, say, server, side_by_side


def run() -> None:
    """Tell the demo story into a new folder, then measure."""
    with tempfile.TemporaryDirectory(prefix="happy-home-bench-") as folder:
        environment = {"DATA_DIR": folder, "APP_ENV": "development", "RATE_LIMITS": "off"}
        prepare = [sys.executable, "-m", "flask", "--app", "wsgi", "prepare"]
        subprocess.run(prepare, cwd=HOUSE, env=os.environ | environment, check=True, capture_output=True)
        with server("wsgi:app", environment=environment) as ours:
            page = f"{ours}/api/v1/projects/{a_project(ours)}"
            size = len(urllib.request.urlopen(page).read())
            with server("tests.bench.bare:app", environment={"BARE_BYTES": str(size)}) as limit:
                mine, bare = side_by_side(page, f"{limit}/bare")
    say(f"项目页 project page ({size} B): {mine.per_second}/s, p99 {mine.p99_text}, errors {mine.errors}")
    say(f"裸 Flask bare route: {bare.per_second}/s, p99 {bare.p99_text}")
    say(f"  ratio {mine.per_second / bare.per_second:.2f}  (aim 0.6)")


def a_project(address: str) -> str:
    """Return the code of a project of the demo."""
    with urllib.request.urlopen(f"{address}/api/v1/villages/320904104209") as answer:
        projects = json.load(answer)["projects"]
    return str(projects[0]["code"])


if __name__ == "__main__":
    run()

"""`python -m tools.check test|quick|lint|client|ready|soak [path or promise]`: run checks; 1 when one fails."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.check import suite
from tools.launch.messages import Trouble, say, speak_utf8
from tools.launch.signals import Stop, Stopped

HOUSE = Path(__file__).resolve().parents[2]


def main(words: list[str]) -> int:
    """Run what the words ask for and return the exit code."""
    speak_utf8()
    stop = Stop()
    stop.listen()
    checking = suite.Round(HOUSE, stop)
    try:
        _choose(checking, words)
    except Stopped:
        return stop.exit_code() or 1
    except Trouble as trouble:
        say(trouble.told(), error=True)
        return trouble.exit_code
    if checking.failed:
        say(f"✗ 未通过 / failed: {', '.join(checking.failed)}", error=True)
    return 1 if checking.failed else 0


def _choose(checking: suite.Round, words: list[str]) -> None:
    match words:
        case ["test"]:
            suite.whole(checking)
        case ["test", path]:
            suite.one(checking, path)
        case ["soak", promise]:
            suite.soak(checking, promise)
        case ["quick"]:
            suite.quick(checking)
        case ["lint"]:
            suite.lint(checking)
        case ["client"]:
            suite.ready(checking)
            suite.built_client(checking, "build:h5", "build:mp")
        case ["ready"]:
            suite.ready(checking)
        case _:
            raise Trouble("不认识这个命令。", "Unknown command.", mend="make help")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

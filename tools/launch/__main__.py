"""`python -m tools.launch`: install what is missing, start the installation, and stop it cleanly."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.launch import checks, steps
from tools.launch.messages import Trouble, cause_of, say, speak_utf8
from tools.launch.signals import Stop, Stopped

HOUSE = Path(__file__).resolve().parents[2]


def main(house: Path = HOUSE) -> int:
    """Run the whole start and return the exit code: 0 or 130 after a stop that was asked for, else why it failed."""
    speak_utf8()
    stop = Stop()
    stop.listen()
    try:
        go(house, stop=stop)
    except Stopped:
        say("\n已停止。 / Stopped.")
        return stop.exit_code()
    except Trouble as trouble:
        say(trouble.told(), error=True)
        return trouble.exit_code
    except OSError as error:
        zh, en, mend = cause_of(str(error)) or ("系统拒绝了一个操作。", "The system refused.", "")
        say(Trouble(f"{zh}（{error}）", en, mend=mend).told(), error=True)
        return 1
    return 0


def go(house: Path, *, stop: Stop) -> None:
    """Check, install, prepare, serve."""
    start = steps.begin(house, stop=stop)
    lock = checks.hold_alone(start.place)
    try:
        checks.check_port(start.place)
        steps.install(start)
        steps.show(start, "数据", "data", lambda: steps.prepare(start))
        steps.show(start, "启动", "start", lambda: steps.serve(start))
    finally:
        lock.close()


if __name__ == "__main__":
    sys.exit(main())

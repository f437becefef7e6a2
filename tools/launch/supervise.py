"""One server and one scheduler, started and watched: a dead one is started again, and both stop together."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.launch import children
from tools.launch.children import Child, Command
from tools.launch.messages import Trouble, cause_of, last_sentence, say
from tools.launch.signals import Stop

LOG_BYTES_MAX = 20 * 2**20


@dataclass(frozen=True)
class Program:
    """A process that must always run: its name in both languages, its command, and where its output goes."""

    zh: str
    en: str
    command: Command
    log: Path


@dataclass(frozen=True)
class Patience:
    """How the watch treats death: seconds between attempts, attempts in a row, and what counts as recovered."""

    first_wait: float = 1.0
    longest_wait: float = 30.0
    attempts: int = 5
    calm_after: float = 60.0
    grace: float = 15.0

    def wait_before(self, failure: int) -> float:
        """Return the seconds to wait after the n-th death in a row: 1, 2, 4, … up to the longest."""
        return min(self.first_wait * 2.0 ** (failure - 1), self.longest_wait)


class Watched:
    """A program under watch: its process now, or when the next attempt is due."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.child: Child | None = None
        self.failures = 0
        self.started_at = 0.0
        self.due_at = 0.0

    def start(self, now: float) -> None:
        """Start the program with its output added to its log. Refuses when it cannot be started at all."""
        keep_small(self.program.log)
        try:
            with self.program.log.open("ab") as log:
                self.child = children.start(self.program.command, out=log, err=log)
        except OSError as error:
            raise Trouble(
                f"{self.program.zh}无法启动：{error.strerror}。",
                f"The {self.program.en} cannot be started.",
                log=self.program.log,
            ) from error
        self.started_at = now

    def look(self, now: float, patience: Patience) -> None:
        """Start the program again when it has died and its wait is over; give up after too many deaths in a row."""
        if self.child is None:
            if now >= self.due_at:
                self.start(now)
            return
        if not children.has_ended(self.child):
            return
        children.sweep(self.child)
        self.failures = 1 if now - self.started_at >= patience.calm_after else self.failures + 1
        how = _how_it_ended(self.child)
        self.child = None
        if self.failures >= patience.attempts:
            raise self._given_up(how)
        wait = patience.wait_before(self.failures)
        self.due_at = now + wait
        say(f"! {self.program.zh}意外结束（{how}），{wait:g} 秒后重新启动 / {self.program.en} died, restarting")

    def _given_up(self, how: str) -> Trouble:
        output = children.tail_of(self.program.log)
        known = cause_of(output)
        why = known[0] if known else last_sentence(output) or how
        return Trouble(
            f"{self.program.zh}连续 {self.failures} 次启动失败，已停止：{why}",
            f"The {self.program.en} kept failing ({how}); everything was stopped.",
            mend=known[2] if known else f"tail -n 50 {self.program.log}",
            log=self.program.log,
        )


def _how_it_ended(child: Child) -> str:
    return f"信号 {-child.returncode}" if child.returncode < 0 else f"退出码 {child.returncode}"


def keep_small(log: Path) -> None:
    """Set a log aside when it has grown large; the writer goes on in the emptied file, as it only appends."""
    if log.is_file() and log.stat().st_size > LOG_BYTES_MAX:
        shutil.copyfile(log, log.with_suffix(".log.1"))
        with log.open("r+b") as emptied:
            emptied.truncate(0)


class Watch:
    """All programs of one installation, watched together."""

    def __init__(self, programs: Sequence[Program], *, stop: Stop, patience: Patience | None = None) -> None:
        self.watched = [Watched(program) for program in programs]
        self.stop = stop
        self.patience = patience or Patience()

    def add(self, program: Program) -> None:
        """Start one more program and watch it with the others."""
        self.watched.append(Watched(program))
        self.look()

    def look(self) -> bool:
        """Look after every program once. Always False, so that a wait can go on looking."""
        for watched in self.watched:
            watched.look(time.monotonic(), self.patience)
            keep_small(watched.program.log)
        return False

    def go_on(self) -> None:
        """Watch until somebody asks to stop (`Stopped`) or a program keeps dying (`Trouble`)."""
        while not self.stop.wait_until(self.look, seconds=3600.0):
            pass

    def end(self) -> None:
        """Stop all programs: politely, then by force. Nothing of theirs is left afterwards."""
        alive = [watched.child for watched in self.watched if watched.child is not None]
        children.end(alive, grace_seconds=self.patience.grace)

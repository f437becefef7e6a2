"""The scheduler process: it only ticks; what is due stands in tables (law 10, D4).

Two loops: every second the steps (those that call out apart), every minute the periods. Each step is alone: one that
fails never stops the others, and is tried again after a pause that grows to a minute. APScheduler is the ticker and
nothing more.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from backend.core import clock
from backend.core.db import read_with_retries, write_with_retries
from backend.jobs import clock_guard, publishing, service
from backend.jobs.clock_guard import Beat
from backend.jobs.steps import STEPS, Step

log = structlog.get_logger()
SLOW_SECONDS = 0.2
PAUSE_MAX = 60


def worker_name() -> str:
    """Return a name that no other scheduler process has: host, process and four random bytes."""
    return f"{socket.gethostname()[:50]}:{os.getpid()}:{secrets.token_hex(4)}"


@dataclass(kw_only=True)
class Worker:
    """One scheduler process: its name, its clocks, and when each step may run again."""

    context: Callable[[], AbstractContextManager[object]]
    steps: tuple[Step, ...] = STEPS
    lead: timedelta = service.LEAD
    minute_seconds: int = 60
    name: str = field(default_factory=worker_name)
    host: str = field(default_factory=lambda: socket.gethostname()[:80])
    boot: str = field(default_factory=clock_guard.boot_id)
    now: Callable[[], datetime] = clock.now
    steady_ms: Callable[[], int] = clock_guard.steady_ms
    stopping: threading.Event = field(default_factory=threading.Event)
    is_leader: bool = False
    ask_again_ms: int = -1
    failures: dict[str, int] = field(default_factory=dict)
    next_ms: dict[str, int] = field(default_factory=dict)
    guard: threading.Lock = field(default_factory=threading.Lock)


def leads(worker: Worker) -> bool:
    """Say whether this process is the one that works; asks the table, and gives a sign of life, every quarter lead."""
    with worker.guard:
        if worker.steady_ms() >= worker.ask_again_ms:
            worker.is_leader = False
            worker.is_leader = write_with_retries(lambda: _take_lead(worker))
            worker.ask_again_ms = worker.steady_ms() + worker.lead // timedelta(milliseconds=4)
        return worker.is_leader


def _take_lead(worker: Worker) -> bool:
    now, steady = worker.now(), worker.steady_ms()
    clock_guard.beat(Beat(host=worker.host, worker=worker.name, boot=worker.boot, steady_ms=steady, now=now))
    return service.take_lead(worker=worker.name, now=now, lead=worker.lead)


def turn(worker: Worker, *, only: str | None = None) -> int:
    """Run the due steps once round, chunk after chunk for at most a second each; return what was done.

    Without `only` those that call nobody; with it the one step of that name.
    """
    if not _may_work(worker):
        return 0
    steps = [step for step in worker.steps if (step.name == only if only else not step.calls_out)]
    return sum(_run(worker, step) for step in steps if not worker.stopping.is_set())


def _may_work(worker: Worker) -> bool:
    if worker.steady_ms() < worker.next_ms.get("lead", 0):
        return False
    try:
        with worker.context():
            may = leads(worker)
    except Exception as error:
        _failed(worker, "lead", error)
        return False
    worker.failures.pop("lead", None)
    return may


def _run(worker: Worker, step: Step) -> int:
    if worker.steady_ms() < worker.next_ms.get(step.name, 0):
        return 0
    done, end = 0, worker.steady_ms() + 1000
    try:
        with worker.context():
            while not worker.stopping.is_set():
                did = _chunk(worker, step)
                done += did
                if did == 0 or worker.steady_ms() >= end:
                    break
    except Exception as error:
        _failed(worker, step.name, error)
        return done
    worker.failures.pop(step.name, None)
    worker.next_ms[step.name] = worker.steady_ms() + (step.every_seconds - 1) * 1000
    return done


def _chunk(worker: Worker, step: Step) -> int:
    now = worker.now()
    if step.has_work is not None:
        has_work = step.has_work
        if not read_with_retries(lambda: has_work(now)):
            return 0
    if step.calls_out:
        return step.act(now)
    started = time.monotonic()
    did = write_with_retries(lambda: step.act(now))
    took = time.monotonic() - started
    if took > SLOW_SECONDS:
        log.warning("slow_step", step=step.name, ms=round(took * 1000))
    return did


def _failed(worker: Worker, name: str, error: Exception) -> None:
    """Tell the log which step failed, by its kind alone: the text of an error may hold what people typed."""
    count = worker.failures[name] = worker.failures.get(name, 0) + 1
    worker.next_ms[name] = worker.steady_ms() + min(2**count, PAUSE_MAX) * 1000
    log.error("step_failed", step=name, kind=type(error).__name__, times=count, exc_info=error)


def minute(worker: Worker) -> list[str]:
    """Publish what is due; return the codes of new notices. Never raises: the next minute tries again."""
    if not _may_work(worker):
        return []
    with worker.context():
        try:
            codes = publishing.publish_due(
                now=worker.now(), worker=worker.name, lease=3 * worker.lead, should_stop=worker.stopping.is_set
            )
        except publishing.PeriodsPaused:
            log.warning("periods_paused")
            return []
        except Exception as error:
            _failed(worker, "periods", error)
            return []
    if codes:
        log.info("published", notices=len(codes))
    return codes


def run(worker: Worker) -> None:
    """Tick until `worker.stopping` is set, then stop after the chunk at hand and hand the lead over."""
    threads = {"default": ThreadPoolExecutor(len(worker.steps) + 2)}  # None waits for another's thread.
    ticker = BackgroundScheduler(jobstores={"default": MemoryJobStore()}, executors=threads, timezone=UTC)
    once_each = {"max_instances": 1, "misfire_grace_time": None, "coalesce": True}
    at_once = datetime.now(UTC)
    for round_ in _rounds(worker):
        ticker.add_job(round_, "interval", seconds=1, next_run_time=at_once, **once_each)
    ticker.add_job(minute, "interval", [worker], seconds=worker.minute_seconds, next_run_time=at_once, **once_each)
    ticker.start()
    log.info("scheduler_started", worker=worker.name)
    try:
        worker.stopping.wait()
    finally:
        worker.stopping.set()
        ticker.shutdown(wait=True)
        _hand_over(worker)
        log.info("scheduler_stopped", worker=worker.name)


def _rounds(worker: Worker) -> list[Callable[[], int]]:
    """Return what is run every second: the steps at home one after another, each that calls out beside the others.

    So a provider that hangs holds up its own questions, never the order of the ledger nor another's messages (P22).
    """
    calling = [step for step in worker.steps if step.calls_out]
    return [partial(turn, worker), *(partial(turn, worker, only=step.name) for step in calling)]


def _hand_over(worker: Worker) -> None:
    try:
        with worker.context():
            write_with_retries(lambda: service.give_lead_up(worker=worker.name))
    except Exception as error:
        _failed(worker, "hand_over", error)

"""The checks themselves: which commands each `make` target runs, in which order, and the gates at the end."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools.check import machine
from tools.launch import checks, children, client, node, venv
from tools.launch.children import Command
from tools.launch.messages import say
from tools.launch.node import Node
from tools.launch.signals import Stop, Stopped

PRODUCT = ("backend/*", "miniapp-api/miniapp_api/*", "miniapp-api/wechat_sim/*", "qr/*")
TYPED = ("backend", "miniapp-api/miniapp_api", "miniapp-api/wechat_sim", "qr", "tools")
PRODUCT_PERCENT, TESTS_PERCENT = 95, 100
CHECK_SECONDS = 3600.0
SOAK_SECONDS = 86_400.0
# One process for each core; the tests of a file stay together, and with them what they share. In the order of their
# names: the few tests of faults that take minutes begin early, not alone at the end.
SPREAD = ("--numprocesses=auto", "--maxprocesses=4", "--dist=loadfile", "--no-loadscope-reorder")


@dataclass
class Round:
    """One round of checks: where, and what has failed so far. Every check runs, so that one look shows all."""

    house: Path
    stop: Stop
    failed: list[str] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """Where the output of installing and building goes."""
        return self.house / "var" / "log" / "check.log"

    def python(self, *words: str) -> list[str]:
        """Return a module call in the project's environment."""
        return [str(venv.python_of(self.house)), "-m", *words]

    def check(
        self,
        name: str,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        seconds: float = CHECK_SECONDS,
    ) -> None:
        """Run one check in view of the person, and remember its name when it fails or does not come to an end."""
        say(f"── {name}: {' '.join(argv)}")
        child = children.start(Command(argv, cwd or self.house, os.environ | (env or {})), out=None, err=None)
        try:
            has_ended = self.stop.wait_until(lambda: children.has_ended(child), seconds=seconds)
        except Stopped:
            children.end([child], grace_seconds=5.0)
            raise
        children.sweep(child)
        if not has_ended:
            say(f"✗ {name} 超过 {seconds:.0f} 秒仍未结束，已中止。 ({name} did not end in time.)", error=True)
        if not has_ended or child.returncode != 0:
            self.failed.append(name)


def ready(checking: Round) -> None:
    """Bring the Python side up to date: environment and packages."""
    checks.check_writable(checking.log.parent, mend=f"ls -ld {checking.house}")
    lock = checks.hold_house(checking.house, stop=checking.stop)
    try:
        venv.make_venv(checking.house, log=checking.log, stop=checking.stop)
        venv.install_packages(checking.house, log=checking.log, stop=checking.stop)
    finally:
        os.close(lock)


def built_client(checking: Round, *scripts: str) -> Node:
    """Bring the client's packages and the named builds up to date; return the node that did it."""
    found = node.find_node(checking.house, log=checking.log, stop=checking.stop)
    client.install(client.folder_of(checking.house), node=found, log=checking.log, stop=checking.stop)
    for script in scripts:
        client.refresh(checking.house, node=found, log=checking.log, stop=checking.stop, script=script)
    return found


def lint(checking: Round) -> None:
    """Format, style and types of both languages."""
    ready(checking)
    _written_well(checking, built_client(checking))


def quick(checking: Round) -> None:
    """Run the unit tests and the specification on SQLite."""
    ready(checking)
    words = ("tests/unit", "tests/spec", "-q")
    checking.check("pytest", checking.python("pytest", *words, *SPREAD), env={"TEST_DATABASES": "sqlite"})


def one(checking: Round, path: str) -> None:
    """Run one path of the suite, without gates: a test of the built client by node, any other by pytest."""
    ready(checking)
    if not path.startswith("tests/client"):
        checking.check("pytest", checking.python("pytest", path))
        return
    machine.complete(log=checking.log, stop=checking.stop)
    found = built_client(checking, "build:h5", "build:mp")
    _browser_tests(checking, found, *([] if Path(path) == Path("tests/client") else [Path(path).name]))


def soak(checking: Round, promise: str) -> None:
    """Run every test of one promise with its full figure, as long as it takes; a failure tells its seed."""
    ready(checking)
    machine.complete(log=checking.log, stop=checking.stop)
    words = ("tests", "-m", f"promise(name={promise!r})", "-v", "--timeout=0")
    checking.check(f"soak {promise}", checking.python("pytest", *words), env={"SOAK": promise}, seconds=SOAK_SECONDS)


def whole(checking: Round) -> None:
    """Run everything on both databases, with lint and the gates. pytest comes last: its closing lines stand last."""
    ready(checking)
    machine.complete(log=checking.log, stop=checking.stop)
    found = built_client(checking, "build:h5", "build:mp")
    _written_well(checking, found)
    _npm(checking, "vitest", found, "test")
    _browser_tests(checking, found)
    checking.check("pytest", checking.python("pytest", "tests", "--cov", "--cov-report=", *SPREAD))
    _gate(checking, "coverage of the product", PRODUCT, PRODUCT_PERCENT)
    _gate(checking, "coverage of the tests", ("tests/*",), TESTS_PERCENT)


def _written_well(checking: Round, found: Node) -> None:
    checking.check("ruff", checking.python("ruff", "check", "."))
    checking.check("ruff format", checking.python("ruff", "format", "--check", "."))
    checking.check("mypy", checking.python("mypy", "--strict", *TYPED))
    _npm(checking, "vue-tsc", found, "type-check")


def _npm(checking: Round, name: str, found: Node, script: str) -> None:
    folder = client.folder_of(checking.house)
    checking.check(name, [*found.npm, "run", "--silent", script], cwd=folder, env=found.environment())


def _browser_tests(checking: Round, found: Node, *names: str) -> None:
    folder = checking.house / "tests" / "client"
    client.install(folder, node=found, log=checking.log, stop=checking.stop)
    own = {"PYTHON": str(venv.python_of(checking.house)), "CHROMIUM": machine.browser() or ""}
    argv = ["node", "--test", *names] if names else [*found.npm, "test", "--silent"]
    checking.check("client tests", argv, cwd=folder, env=found.environment() | own)


def _gate(checking: Round, name: str, include: Sequence[str], percent: int) -> None:
    words = ("coverage", "report", f"--include={','.join(include)}", f"--fail-under={percent}")
    checking.check(f"{name} ≥ {percent} %", checking.python(*words))

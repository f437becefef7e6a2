"""Compile requirements.txt from requirements.in, and see that it installs on every machine that we promise."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[1]
PYTHONS = ("3.11", "3.12", "3.13")
MACHINES = ("x86_64", "aarch64")
GLIBC_MINORS = (17, 24, 26, 27, 28, 31, 34)


def compile_pins() -> int:
    """Write requirements.txt anew; versions already pinned there stay unless requirements.in says otherwise."""
    options = ["--quiet", "--strip-extras", "--no-emit-index-url", "--no-emit-find-links"]
    done = subprocess.run(
        [sys.executable, "-m", "piptools", "compile", *options, "--output-file", "requirements.txt", "requirements.in"],
        cwd=HOUSE,
        check=False,
    )
    return done.returncode


def try_pins(python: str, machine: str) -> str:
    """Return pip's last words when a pin has no wheel for this Python and machine, else nothing."""
    platforms = [f"--platform=manylinux_2_{minor}_{machine}" for minor in GLIBC_MINORS]
    with tempfile.TemporaryDirectory() as target:
        tried = subprocess.run(
            [
                *(sys.executable, "-m", "pip", "install", "--dry-run", "--no-deps", "--ignore-installed", "--quiet"),
                *(f"--python-version={python}", "--only-binary=:all:", f"--platform=manylinux2014_{machine}"),
                *(*platforms, f"--target={target}", "-r", "requirements.txt"),
            ],
            cwd=HOUSE,
            capture_output=True,
            text=True,
            check=False,
        )
    return "" if tried.returncode == 0 else tried.stderr.strip()


def main() -> int:
    """Compile, then try every combination; the exit code is 1 when one of them cannot install."""
    if compile_pins() != 0:
        return 1
    failures = 0
    for python in PYTHONS:
        for machine in MACHINES:
            said = try_pins(python, machine)
            print(f"Python {python} {machine}: {said or 'ok'}", flush=True)
            failures += bool(said)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

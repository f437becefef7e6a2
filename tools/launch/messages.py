"""What the launcher says: one clear sentence in Chinese, its gist in English, and the command that mends it."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path

REFUSED = 1
BAD_SETTING = 78  # EX_CONFIG of sysexits.h.


class Trouble(Exception):
    """The launcher cannot go on, and knows why. It is shown as a sentence, never as a traceback."""

    def __init__(self, zh: str, en: str, *, mend: str = "", log: Path | None = None, exit_code: int = REFUSED) -> None:
        super().__init__(zh)
        self.zh, self.en, self.mend, self.log, self.exit_code = zh, en, mend, log, exit_code

    def told(self) -> str:
        """Return the sentence with its mending command and the place of the full log, ready to print."""
        lines = [f"✗ {self.zh} ({self.en})" if self.en else f"✗ {self.zh}"]
        if self.mend:
            lines.append(f"  请运行 / Run:  {self.mend}")
        if self.log is not None:
            lines.append(f"  详细日志 / Log:  {self.log}")
        return "\n".join(lines)


# What a tool wrote before it failed, and what that means. The first line that fits is told.
CAUSES: tuple[tuple[str, str, str, str], ...] = (
    ("no space left on device", "磁盘已满。", "The disk is full.", "df -h ."),
    ("enospc", "磁盘已满。", "The disk is full.", "df -h ."),
    ("database or disk is full", "磁盘已满。", "The disk is full.", "df -h ."),
    ("disk quota exceeded", "磁盘配额已用完。", "The disk quota is used up.", "df -h ."),
    ("read-only file system", "所在的磁盘是只读的。", "The file system is read-only.", "mount | grep ' ro[,)]'"),
    ("readonly database", "数据库文件不可写。", "The database is not writable.", "make run DATA_DIR=$HOME/happy-home"),
    ("permission denied", "没有写入权限。", "Permission denied.", "ls -ld . .venv var"),
    (
        "could not find a version that satisfies",
        "软件源里没有所需的版本，或网络不通。",
        "A pinned package was not found, or there is no network.",
        "PIP_INDEX_URL=https://pypi.tuna.tsinghua.edu.cn/simple make run",
    ),
    (
        "failed to establish a new connection",
        "无法连接 Python 软件源。",
        "The package index cannot be reached.",
        "PIP_INDEX_URL=https://pypi.tuna.tsinghua.edu.cn/simple make run",
    ),
    (
        "read timed out",
        "软件源连接超时。",
        "The package index timed out.",
        "PIP_INDEX_URL=https://pypi.tuna.tsinghua.edu.cn/simple make run",
    ),
    (
        "npm error network",
        "无法连接 npm 软件源。",
        "The npm registry cannot be reached.",
        "npm_config_registry=https://registry.npmmirror.com make run",
    ),
    (
        "can only install packages when your package.json",
        "package-lock.json 与 package.json 不一致。",
        "package-lock.json does not fit package.json.",
        "git checkout -- miniapp-api/client",
    ),
    (
        "enotfound",
        "无法连接 npm 软件源。",
        "The npm registry cannot be reached.",
        "npm_config_registry=https://registry.npmmirror.com make run",
    ),
    (
        "connection refused",
        "数据库或软件源拒绝了连接。",
        "A connection was refused: is the database running?",
        "pg_isready",
    ),
)


def cause_of(output: str) -> tuple[str, str, str] | None:
    """Return (Chinese, English, command) for a known cause in what a tool wrote, or None."""
    lowered = output.lower()
    return next(((zh, en, mend) for sign, zh, en, mend in CAUSES if sign in lowered), None)


def last_sentence(output: str) -> str:
    """Return what a failed command said last; of a traceback, only the message of its exception."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    # npm says what went wrong first, right after its code, and then goes on for a page.
    of_npm = [line.removeprefix("npm error ") for line in lines if line.startswith("npm error ")]
    told_by_npm = [line for line in of_npm if not line.startswith(("code ", "errno ", "syscall ", "path "))]
    if told_by_npm:
        return told_by_npm[0]
    if not lines:
        return ""
    kind, _, message = lines[-1].partition(": ")
    is_exception = "Traceback (most recent call last):" in output and message and " " not in kind
    return message if is_exception else lines[-1]


def failed(what_zh: str, what_en: str, *, output: str, log: Path | None) -> Trouble:
    """Return the trouble of a step whose command failed: its cause where we know it, else its own last words."""
    known = cause_of(output)
    if known:
        zh, en, mend = known
        return Trouble(f"{what_zh}失败：{zh}", f"{what_en} failed. {en}", mend=mend, log=log)
    said = last_sentence(output)
    return Trouble(f"{what_zh}失败：{said or '没有说明原因。'}", f"{what_en} failed.", log=log)


def speak_utf8() -> None:
    """Make Chinese printable whatever the locale of the terminal says."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace", line_buffering=True)


def say(text: str = "", *, error: bool = False) -> None:
    """Print a line at once. A terminal that has gone away must not keep the children from being stopped."""
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.stderr if error else sys.stdout, flush=True)

"""Making a backup and reading it back. Both end in the same trial balance, or say why not (P23)."""

from __future__ import annotations

import os
import shutil
from datetime import datetime
from pathlib import Path

from backend.backups import dumping
from backend.backups.manifest import NAME, Manifest, read_manifest, sha256_of
from backend.core.clock import local_iso
from backend.core.db import reading
from backend.core.ids import new_code
from backend.ledger.trial import trial_balance

# What of the data folder cannot be made again. Cached pictures can, and logs are kept elsewhere.
KEPT = ("secret_key", "sandbox_key.pem", "media")
FILES = "files"


class BackupRefused(Exception):
    """The backup is not made or not read back. The text is one sentence for the operator, in Chinese."""


def make_backup(*, data_dir: Path, into: Path, now: datetime) -> Path:
    """Write a backup into a new folder under `into` and return it; the folder appears whole or not at all.

    The database first, then the pictures: every picture that a row of the snapshot names was there before the row.
    Readable by its owner alone: it holds everything, the secret of the data folder included.
    """
    into.mkdir(parents=True, exist_ok=True)
    stamp = local_iso(now)[:19].replace("-", "").replace(":", "").replace("T", "-")
    half = into / f".half-{new_code(8)}"
    half.mkdir(mode=0o700)
    try:
        revision, balance = dumping.dump_to(half)
        _copy_files(data_dir, half / FILES)
        files = {str(path.relative_to(half)): sha256_of(path) for path in sorted(half.rglob("*")) if path.is_file()}
        manifest = Manifest(
            made_at=local_iso(now), kind=dumping.kind(), revision=revision, balance=balance, files=files
        )
        _write(half / NAME, manifest.as_json())
        whole = into / f"happy-home-{stamp}-{new_code(4)}"
        half.rename(whole)
    except BaseException:
        shutil.rmtree(half, ignore_errors=True)
        raise
    return whole


def restore_backup(*, source: Path, data_dir: Path) -> Manifest:
    """Read a backup back into an empty installation and return its manifest.

    Refuses with `BackupRefused` an installation that holds data, a backup of the other database and one that ends
    in another trial balance; with `ManifestBroken` a damaged one, before anything is written.
    """
    manifest = read_manifest(source)
    data_dir.mkdir(parents=True, exist_ok=True)
    if manifest.kind != dumping.kind():
        raise BackupRefused(f"这份备份来自 {manifest.kind}，现在的数据库是 {dumping.kind()}。")
    if not dumping.is_empty():
        raise BackupRefused("数据库里已有数据，不会覆盖。请恢复到新的数据库和新的 DATA_DIR。")
    _make_room(data_dir)
    _copy_files(source / FILES, data_dir)
    dumping.load_from(source)
    with reading():
        found = trial_balance()
    if found != manifest.balance:
        raise BackupRefused("恢复后的试算平衡与备份清单不一致；不要使用这个数据库。")
    return manifest


def _make_room(data_dir: Path) -> None:
    """Refuse a folder with pictures; put aside the keys that a first start made, with which nothing was signed yet."""
    pictures = data_dir / "media"
    if pictures.is_dir() and any(pictures.iterdir()):
        raise BackupRefused("DATA_DIR 里已有图片，不会覆盖。请恢复到新的 DATA_DIR。")
    for name in KEPT:
        if (data_dir / name).is_file():
            (data_dir / name).replace(data_dir / f"{name}.before-restore")


def _copy_files(source: Path, target: Path) -> None:
    for name in KEPT:
        found = source / name
        if found.is_dir():
            shutil.copytree(found, target / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.part"))
        elif found.exists():
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy2(found, target / name)


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())

"""What a backup says of itself: its files with their hashes, the structure it has, and the balance it must end in."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from backend.ledger.trial import TrialBalance

NAME = "manifest.json"
CHUNK = 1 << 20


class ManifestBroken(Exception):
    """The backup is not what it says. The text is one sentence for the operator, in Chinese."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """One backup. `files` holds the path of each file in it with its SHA-256; `kind` is sqlite or postgresql."""

    made_at: str
    kind: str
    revision: str
    balance: TrialBalance
    files: dict[str, str]

    def as_json(self) -> str:
        """Return it as text, the same for the same backup."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True)


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a backup after comparing every file with its hash. Refuses with `ManifestBroken`."""
    try:
        told = json.loads((folder / NAME).read_text(encoding="utf-8"))
        manifest = Manifest(**told | {"balance": TrialBalance(**told["balance"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ManifestBroken(f"{folder} 里没有完整的备份清单 {NAME}。") from error
    for name, wanted in manifest.files.items():
        path = folder / name
        if not path.is_file() or sha256_of(path) != wanted:
            raise ManifestBroken(f"备份里的 {name} 缺失或已损坏；请换一份备份。")
    return manifest


def sha256_of(path: Path) -> str:
    """Return the hash of a file, read piece by piece."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            digest.update(piece)
    return digest.hexdigest()

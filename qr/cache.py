"""Pictures kept by content: the same inputs and the same drawing code give the same file name.

Several processes may share a directory. A picture appears in it whole or not at all, and a picture that another process
has just pruned is drawn again. The directory may be emptied at any time.
"""

import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import fields, is_dataclass
from pathlib import Path

log = logging.getLogger(__name__)

PRUNE_EVERY = 50
ABANDONED_AFTER_SECONDS = 3600
_TEMPORARY = ".part"


def content_key(kind: str, version: int, inputs: object) -> str:
    """Return the SHA-256 name of a picture: what is drawn, by which version of the drawing, from which inputs.

    Inputs are text, bytes, numbers, None, tuples of these, or dataclasses of these; anything else is refused with
    TypeError, because its text form might not tell two inputs apart.
    """
    digest = hashlib.sha256()
    for part in _parts((kind, version, inputs)):
        digest.update(part)
    return digest.hexdigest()


def _parts(value: object) -> Iterator[bytes]:
    """Write a value so that no two values read alike: every piece says its type and its length first."""
    if value is None or isinstance(value, str | bytes | int):
        content = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
        yield f"{type(value).__name__}:{len(content)}:".encode()
        yield content
    elif isinstance(value, tuple):
        yield f"tuple:{len(value)}:".encode()
        for item in value:
            yield from _parts(item)
    elif is_dataclass(value) and not isinstance(value, type):
        yield from _parts(
            (type(value).__name__, *((field.name, getattr(value, field.name)) for field in fields(value)))
        )
    else:
        raise TypeError(f"cannot name a picture by a {type(value).__name__}")


class PictureCache:
    """A directory of pictures that holds about `max_bytes`, the least recently used going first."""

    def __init__(self, directory: Path, *, max_bytes: int = 512 * 1024 * 1024) -> None:
        self.directory = directory
        self.max_bytes = max_bytes
        self._writes = 0

    def get_or_draw(self, kind: str, version: int, inputs: object, draw: Callable[[], bytes]) -> bytes:
        """Return the picture from the directory, or draw it and keep it.

        A disk that is full or read-only costs time, never the picture.
        """
        path = self.path_of(kind, version, inputs)
        kept = _read(path)
        if kept:
            return kept
        picture = draw()
        try:
            self._keep(path, picture)
        except OSError as error:
            log.warning("picture_not_kept", extra={"reason": str(error)})
        return picture

    def path_of(self, kind: str, version: int, inputs: object) -> Path:
        """Return where a picture is kept: 256 folders, so that none grows too long."""
        key = content_key(kind, version, inputs)
        return self.directory / key[:2] / f"{key}.{kind.rpartition('.')[2]}"

    def prune(self) -> int:
        """Remove the least recently used pictures until four fifths of the bound are left; return how many went."""
        files = []
        for path in self.directory.glob("*/*"):
            try:
                status = path.stat()
            except OSError:
                continue
            if path.suffix != _TEMPORARY:
                files.append((status.st_mtime_ns, status.st_size, path))
            elif time.time() - status.st_mtime > ABANDONED_AFTER_SECONDS:
                path.unlink(missing_ok=True)
        total = sum(size for _, size, _ in files)
        if total <= self.max_bytes:
            return 0
        gone = 0
        for _, size, path in sorted(files):
            if total <= self.max_bytes * 4 // 5:
                break
            path.unlink(missing_ok=True)
            total -= size
            gone += 1
        return gone

    def _keep(self, path: Path, picture: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=_TEMPORARY, dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(picture)
                file.flush()
                # Without this a power cut could leave a name without its content.
                os.fsync(file.fileno())
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        self._writes += 1
        if self._writes % PRUNE_EVERY == 1:
            self.prune()


def _read(path: Path) -> bytes:
    """Return a kept picture and note its use, or nothing."""
    try:
        picture = path.read_bytes()
    except OSError:
        return b""
    with suppress(OSError):
        os.utime(path)
    return picture

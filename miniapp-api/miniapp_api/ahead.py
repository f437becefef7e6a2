"""`Link` headers: what a page of the client will ask for is named with the page, not found out trip by trip."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

MANIFEST = Path(".vite") / "manifest.json"
ENTRY = "index.html"
# The page, and the public read that it begins with.
FIRST_READS = {"project": "projects", "give": "projects", "village": "villages"}
API = "/api/v1"
PAGE = re.compile(r"src/pages(?P<desk>-desk)?/(?P<name>[\w/-]+)/index\.vue")
CODE = re.compile(r"[0-9A-Za-z]{1,32}")


def links_for(built: Path, path: str, code: str) -> list[str]:
    """Return the values of the `Link` headers of the client's page `path`: its scripts, its style, its first read.

    A page that the build does not know has none, nor has any page of a build whose manifest cannot be read; an
    address that is no code is not asked for.
    """
    manifest = built / MANIFEST
    try:
        found = _files_by_page(manifest, manifest.stat().st_mtime_ns).get(path, ())
    except (OSError, ValueError, LookupError, TypeError):
        return []  # The pages come all the same, only a trip later.
    links = [f"</{name}>; rel={'preload; as=style' if name.endswith('.css') else 'modulepreload'}" for name in found]
    if found and path in FIRST_READS and CODE.fullmatch(code):
        links.append(f"<{API}/{FIRST_READS[path]}/{code}>; rel=preload; as=fetch; crossorigin=use-credentials")
    return links


@functools.lru_cache(maxsize=2)
def _files_by_page(manifest: Path, _changed: int) -> dict[str, tuple[str, ...]]:
    """Return, by address, the files of each page that `index.html` does not name itself."""
    chunks: dict[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))
    frame = _files(chunks, ENTRY)
    pages = {address: _files(chunks, name) for name in chunks if (address := _address(name)) is not None}
    return {address: tuple(name for name in files if name not in frame) for address, files in pages.items()}


def _address(source: str) -> str | None:
    """Return the address of a page by its source file, as the client's short routes have it, or None."""
    page = PAGE.fullmatch(source)
    if page is None:
        return None
    name = "" if page["name"] == "index" else page["name"]
    return "/".join(part for part in ("desk" if page["desk"] else "", name) if part)


def _files(chunks: dict[str, Any], name: str) -> dict[str, None]:
    """Return a chunk's files and those of all that it imports, in order and each once."""
    files: dict[str, None] = {}
    names = [name]
    for each in names:  # Grows while it is walked.
        chunk = chunks[each]
        files |= dict.fromkeys([chunk["file"], *chunk.get("css", [])])
        names += [other for other in chunk.get("imports", []) if other not in names]
    return files

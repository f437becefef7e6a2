"""The built H5 client as files: long-cached assets, compressed once, and `index.html` for every page of its own."""

from __future__ import annotations

import functools
import gzip
import hashlib
import html
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from backend.core.config import HOUSE
from miniapp_api.ahead import links_for
from miniapp_api.edge import settings
from miniapp_api.wechat_pages import let_sdk_in

BUILT = HOUSE / "miniapp-api" / "client" / "dist" / "build" / "h5"
COMPRESSED = ("text/html", "text/css", "text/javascript", "application/json", "image/svg+xml")
# What is not a page of the client: an unknown address there is a 404, never the client.
NOT_PAGES = ("api/", "s/", "r/", "n/", "verify/", "sandbox/", "login/", "assets/", "static/")
PATH_MAX = 200
FOR_EVER = "public, max-age=31536000, immutable"
NOT_BUILT = "网页还没有构建：请运行 make client（或 make run）。The page is not built: make client."

pages = Blueprint("client", __name__)


@dataclass(frozen=True, kw_only=True)
class BuiltFile:
    """One file of the build, as it is sent: plain, and compressed when that helps."""

    plain: bytes
    compressed: bytes | None
    media_type: str
    etag: str


@pages.get("/", defaults={"path": ""})
@pages.get("/<path:path>")
def client_file(path: str) -> Response:
    """Send a file of the build; for an address that names none and is a page, the client itself."""
    file = _file(path)
    if file is not None:
        is_named_by_content = path.startswith("assets/")
        return _sent(file, cache=FOR_EVER if is_named_by_content else "public, max-age=600")
    if path.startswith(NOT_PAGES) or "." in path.rsplit("/", 1)[-1]:
        raise NotFound
    index = _file("index.html", bridge_url=settings().wechat.bridge_url or "")
    if index is None:
        return Response(NOT_BUILT, status=503, mimetype="text/plain")
    answer = _sent(index, cache="no-cache")
    let_sdk_in(answer)
    answer.headers.extend({"Link": links_for(BUILT, path, request.args.get("code", ""))})
    return answer


def _file(path: str, *, bridge_url: str = "") -> BuiltFile | None:
    """Return the named file of the build, or None. A name that leads out of the build names nothing.

    With a `bridge_url` the page first loads the simulator's script, as WeChat's browser brings its own.
    """
    if not path or "\0" in path or len(path) > PATH_MAX:
        return None
    found = (BUILT / path).resolve()
    if not found.is_relative_to(BUILT) or not found.is_file():
        return None
    return _read(found, found.stat().st_mtime_ns, bridge_url)


@functools.lru_cache(maxsize=256)
def _read(file: Path, _changed: int, bridge_url: str) -> BuiltFile:
    plain = file.read_bytes()
    if bridge_url:
        script = f'<script src="{html.escape(bridge_url)}/bridge.js"></script></head>'
        plain = plain.replace(b"</head>", script.encode(), 1)
    media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    compressed = gzip.compress(plain, 9, mtime=0) if media_type in COMPRESSED else None
    return BuiltFile(
        plain=plain, compressed=compressed, media_type=media_type, etag=hashlib.sha256(plain).hexdigest()[:20]
    )


def _sent(file: BuiltFile, *, cache: str) -> Response:
    is_compressed = file.compressed is not None and "gzip" in request.headers.get("Accept-Encoding", "")
    body = file.compressed if is_compressed and file.compressed is not None else file.plain
    response = Response(body, mimetype=file.media_type)
    response.headers["Cache-Control"] = cache
    response.headers["Vary"] = "Accept-Encoding"
    if is_compressed:
        response.headers["Content-Encoding"] = "gzip"
    response.set_etag(f"{file.etag}{'-gz' if is_compressed else ''}")
    response.make_conditional(request)
    return response

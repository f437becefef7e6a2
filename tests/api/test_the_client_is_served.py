"""The server hands out the built page, compressed, for ever where its name says its content, and nothing else."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from miniapp_api import client_pages
from miniapp_api.app import create_app

from backend.core.config import Settings
from tests.world.databases import dispose

PAGE = "<!DOCTYPE html><title>幸福家园</title>"


@pytest.fixture(autouse=True)
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small build in place of the real one, with a secret beside it."""
    folder = tmp_path / "h5"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE, encoding="utf-8")
    (folder / "assets" / "index-abc.js").write_text("let a = 1;" * 100, encoding="utf-8")
    (folder / "assets" / "photo.png").write_bytes(b"\x89PNG")
    (tmp_path / "secret_key").write_text("secret", encoding="utf-8")
    monkeypatch.setattr(client_pages, "BUILT", folder)
    return folder


@pytest.mark.parametrize("path", ["/", "/project?code=x", "/desk/projects"])
def test_every_page_of_the_client_is_the_client(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.text == PAGE
    assert answer.headers["Cache-Control"] == "no-cache"


def test_an_asset_is_sent_compressed_and_kept_for_ever(client: FlaskClient) -> None:
    answer = client.get("/assets/index-abc.js", headers={"Accept-Encoding": "gzip"})

    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.data).startswith(b"let a = 1;")
    assert "immutable" in answer.headers["Cache-Control"]
    assert client.get("/assets/index-abc.js").data.startswith(b"let a = 1;")
    assert "Content-Encoding" not in client.get("/assets/photo.png", headers={"Accept-Encoding": "gzip"}).headers


def test_the_simulators_bridge_stands_before_the_page_and_nowhere_without_it(settings: Settings, built: Path) -> None:
    page = "<head><title>幸福家园</title></head><body></body>"
    (built / "index.html").write_text(page, encoding="utf-8")
    bridge = "http://127.0.0.1:9100"
    app = create_app(replace(settings, wechat=replace(settings.wechat, bridge_url=bridge)))
    with_bridge, without = app.test_client().get("/gifts"), create_app(settings).test_client().get("/gifts")
    dispose(app)
    assert with_bridge.text == page.replace("</head>", f'<script src="{bridge}/bridge.js"></script></head>')
    assert without.text == page
    policy = with_bridge.headers["Content-Security-Policy"]
    for rule in (f"script-src 'self' {bridge};", f"frame-src {bridge}", f"connect-src 'self' {bridge}"):
        assert rule in policy
    assert "127.0.0.1" not in without.headers["Content-Security-Policy"]


BUILD = {
    "index.html": {"file": "assets/index.js", "imports": ["_shared.js"], "css": ["assets/index.css"]},
    "_shared.js": {"file": "assets/shared.js"},
    "_desk.js": {"file": "assets/desk.js", "imports": ["_shared.js"], "css": ["assets/desk.css"]},
    "src/pages/index/index.vue": {"file": "assets/home.js", "imports": ["index.html", "_shared.js"]},
    "src/pages/project/index.vue": {"file": "assets/project.js", "imports": ["index.html"]},
    "src/pages-desk/index/index.vue": {"file": "assets/desk-home.js", "imports": ["_desk.js"]},
    "src/pages-desk/publish/index.vue": {"file": "assets/publish.js", "imports": ["_desk.js", "index.html"]},
    "src/i18n/en.json": {"file": "assets/en.js"},
}
DESK = ["</assets/desk.js>; rel=modulepreload", "</assets/desk.css>; rel=preload; as=style"]
PROJECT = "</assets/project.js>; rel=modulepreload"
AHEAD = [
    ("/", ["</assets/home.js>; rel=modulepreload"], "the first page"),
    (
        "/project?code=abc&via=x",
        [PROJECT, "</api/v1/projects/abc>; rel=preload; as=fetch; crossorigin=use-credentials"],
        "a project",
    ),
    ("/project?code=</a>", [PROJECT], "an address that is no code"),
    ("/desk", ["</assets/desk-home.js>; rel=modulepreload", *DESK], "the desk"),
    ("/desk/publish", ["</assets/publish.js>; rel=modulepreload", *DESK], "a page of the desk"),
    ("/nowhere", [], "a page that the build does not know"),
]


@pytest.mark.parametrize(("place", "links", "reason"), AHEAD, ids=[row[2] for row in AHEAD])
def test_a_page_comes_with_the_names_of_what_it_will_ask_for(
    client: FlaskClient, built: Path, place: str, links: list[str], reason: str
) -> None:
    assert client.get(place).headers.getlist("Link") == [], "a build without a manifest"
    (built / ".vite").mkdir()
    (built / ".vite" / "manifest.json").write_text(json.dumps(BUILD), encoding="utf-8")
    assert client.get(place).headers.getlist("Link") == links, reason


@pytest.mark.parametrize("manifest", ["", "{", "[]", "{}", '{"index.html": {"file": "a.js", "imports": ["gone"]}}'])
def test_a_page_comes_also_when_the_list_of_its_files_is_broken(
    client: FlaskClient, built: Path, manifest: str
) -> None:
    (built / ".vite").mkdir()
    (built / ".vite" / "manifest.json").write_text(manifest, encoding="utf-8")
    answer = client.get("/project?code=abc")
    assert (answer.text, answer.headers.getlist("Link")) == (PAGE, [])


def test_what_the_browser_has_is_not_sent_again(client: FlaskClient) -> None:
    etag = client.get("/").headers["ETag"]
    again = client.get("/", headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")


OUTSIDE = [
    ("/assets/gone.js", "an asset of an older build"),
    ("/../secret_key", "a way out of the build"),
    ("/..%2fsecret_key", "a hidden way out"),
    ("/%00", "a name that ends early"),
    ("/s/", "a link without a code"),
    ("/robots.txt", "a file that is not there"),
]


@pytest.mark.parametrize(("path", "reason"), OUTSIDE, ids=[row[1] for row in OUTSIDE])
def test_nothing_but_the_build_is_handed_out(client: FlaskClient, path: str, reason: str) -> None:
    answer = client.get(path)
    assert "secret" not in answer.text, reason
    assert answer.status_code == 404 or answer.text == PAGE


def test_an_unknown_interface_is_a_problem_and_never_the_page(client: FlaskClient) -> None:
    answer = client.get("/api/v1/nowhere")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_without_a_build_the_page_says_how_to_make_one(client: FlaskClient, built: Path) -> None:
    (built / "index.html").unlink()
    answer = client.get("/")
    assert answer.status_code == 503
    assert "make client" in answer.text

"""The contract is OpenAPI 3.1 that a validator accepts, names every route, and is the same on every machine."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from miniapp_api import openapi
from openapi_spec_validator import validate


def test_a_validator_accepts_the_contract(client: FlaskClient) -> None:
    document = client.get("/api/v1/openapi.json").json
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_every_route_under_the_prefix_is_in_the_contract(app: Flask) -> None:
    told = {
        (method.upper(), path)
        for path, item in openapi.document(app)["paths"].items()
        for method in openapi.METHODS
        if method in item
    }
    routes = {
        (method, re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/") and rule.rule != "/api/v1/openapi.json"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert told == routes


def test_every_error_is_documented_as_a_problem(app: Flask) -> None:
    document = openapi.document(app)
    shared = document["components"]["responses"]
    for path, item in document["paths"].items():
        for method in openapi.METHODS:
            for status, response in item.get(method, {}).get("responses", {}).items():
                if status == "default" or int(status) >= 400:
                    told = shared[response["$ref"].rsplit("/", 1)[-1]] if "$ref" in response else response
                    assert list(told["content"]) == [openapi.PROBLEM], (path, method, status)


def test_a_real_error_has_what_the_contract_promises(app: Flask, client: FlaskClient) -> None:
    schema = openapi.document(app)["components"]["schemas"]["Problem"]
    told = client.get("/api/v1/notices/none").json
    assert set(schema["required"]) <= set(told)


def test_the_readable_page_asks_no_other_host(client: FlaskClient) -> None:
    page = client.get("/api/docs").text
    assert "/api/v1/notices/{code}" in page
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page


def test_the_contract_in_the_house_is_the_present_one(app: Flask) -> None:
    assert openapi.FILE.read_text(encoding="utf-8") == openapi.as_text(app), "make openapi"


def test_the_file_is_written_the_same_each_time(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openapi, "FILE", tmp_path / "openapi.json")
    for _ in range(2):
        assert app.test_cli_runner().invoke(args=["openapi"]).exit_code == 0
        assert openapi.FILE.read_text(encoding="utf-8") == openapi.as_text(app)
    assert json.loads(openapi.as_text(app))["info"]["version"] == "v1"

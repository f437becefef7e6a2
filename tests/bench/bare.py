"""The bare limit of a page: a Flask route that answers a constant JSON of the same size, and nothing else."""

from __future__ import annotations

import os

from flask import Flask, Response, jsonify

app = Flask(__name__)
BODY = {"text": "幸" * (int(os.environ.get("BARE_BYTES", "3000")) // 3)}
app.json.ensure_ascii = False  # type: ignore[attr-defined]  # the default provider has it


@app.get("/healthz")
def healthz() -> Response:
    """Say that the server is up."""
    return jsonify({})


@app.get("/bare")
def bare() -> Response:
    """Answer the constant."""
    return jsonify(BODY)

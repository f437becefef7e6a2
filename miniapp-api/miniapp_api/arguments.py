"""Bodies read by the house's own strict JSON, wherever a blueprint asks for arguments."""

from __future__ import annotations

import json
from typing import Any

from flask import Request, current_app
from flask_smorest.arguments import ArgumentsMixin
from webargs.core import missing
from webargs.flaskparser import FlaskParser, is_json_request


class StrictParser(FlaskParser):
    """The library's parser, with `StrictJson` instead of a JSON of its own that lets a key come twice and NaN in."""

    def _raw_load_json(self, req: Request) -> Any:
        """Return the JSON of a request. Refuses `DuplicateKey`; anything else that is not JSON is a 400."""
        if not is_json_request(req):
            return missing
        body = req.get_data(cache=True)
        try:
            return current_app.json.loads(body)
        except json.JSONDecodeError:
            raise
        except ValueError as error:
            raise json.JSONDecodeError(str(error), doc=repr(body[:20]), pos=0) from error


def install_strict_arguments() -> None:
    """Give every blueprint the strict parser; called before the first one is made."""
    ArgumentsMixin.ARGUMENTS_PARSER = StrictParser()

"""An organisation is written down once, by the operator; its certificate is renewed and taken back."""

from __future__ import annotations

import pytest
from flask import Flask

from backend.core.db import reading
from backend.orgs.service import organisations

USCC = "53100000500020MJ37"


def run(app: Flask, *arguments: str) -> tuple[int, str]:
    answer = app.test_cli_runner().invoke(args=list(arguments))
    return answer.exit_code, answer.output


def test_the_operator_writes_an_organisation_down_once(app: Flask) -> None:
    status, said = run(app, "create-organisation", "慈善总会", "--uscc", USCC, "--certificate", "公募-1")
    assert status == 0
    assert run(app, "create-organisation", "另一个", "--uscc", USCC)[0] == 1
    with app.app_context(), reading():
        (kept,) = organisations()
        assert (kept.name, kept.uscc, kept.fundraising_certificate) == ("慈善总会", USCC, "公募-1")
        assert kept.code in said


@pytest.mark.parametrize(
    ("uscc", "reason"), [("123", "too short"), (USCC.lower(), "small letters"), ("I" * 18, "letters that are not used")]
)
def test_a_social_credit_code_has_its_form(app: Flask, uscc: str, reason: str) -> None:
    status, said = run(app, "create-organisation", "慈善总会", "--uscc", uscc)
    assert (status, "18 位" in said) == (1, True), reason


def test_a_certificate_is_renewed_and_taken_back(app: Flask) -> None:
    said = run(app, "create-organisation", "慈善总会", "--uscc", USCC)[1]
    code = said.strip().rsplit(" ", 1)[1].rstrip("。")
    for certificate in ("公募-2", None):
        more = () if certificate is None else ("--certificate", certificate)
        assert run(app, "set-certificate", code, *more)[0] == 0
        with app.app_context(), reading():
            assert organisations()[0].fundraising_certificate == certificate
    assert run(app, "set-certificate", "absent")[0] == 1

"""What people tell us about themselves lies sealed: nowhere in the clear, each under a key of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from flask import Flask
from miniapp_api.app import create_app
from sqlalchemy import event, insert, select, update

from backend.core.config import load_settings
from backend.core.config_vault import OWN
from backend.core.config_wechat import BadSetting
from backend.core.db import db, read_with_retries, write_with_retries
from backend.vault import fields, rotation
from backend.vault.checks import check_vault
from backend.vault.erasing import erase
from backend.vault.fields import GIFT_NAME, MARKS, masked
from backend.vault.models import VaultKey, VaultValue
from backend.vault.queries import values_of
from backend.volunteers.service import tell_name
from tests.world.databases import dispose
from tests.world.entering import Entering, entering
from tests.world.giving import Giving, village
from tests.world.vault import tables_with, with_keys

__all__ = ["entering", "village"]
NEW, NEWER = b"n" * 32, b"m" * 32
WORDS: dict[str, Any] = {"display": "real_name", "name": "张三丰", "message": "愿孩子们好好读书"}
KEY = f"{'QUJD' * 10}QUI="
named = VaultValue.field == GIFT_NAME


def gives(village: Giving) -> tuple[str, str]:
    """Give once; return the codes of the project and of the gift."""
    roof = village.opens_project("屋顶")
    return roof, str(village.paid_gift(roof, **WORDS)["code"])


def shown(village: Giving, project: str) -> list[tuple[str, str | None]]:
    """Return names and messages as everybody sees them."""
    items = village.phone().asks(f"/projects/{project}/gifts")["items"]
    return [(line["name"], line["message"]) for line in items]


def test_what_people_tell_stands_in_no_table_in_the_clear(entering: Entering) -> None:
    roof, phone = entering.opens_project("屋顶"), entering.handset()
    mine = phone.order(roof, **WORDS)
    assert (phone.sees(mine)["name"], phone.sees(mine)["message"]) == ("张三丰", "愿孩子们好好读书")
    phone.logs_in_by_phone("13812345678")
    phone.logs_in_mini("阿芳", adds=True)
    phone.shares("project", roof, nickname="老王头")
    told = ("张三丰", "愿孩子们好好读书", "老王头", "13812345678", "openid-阿芳")
    assert entering.asks(lambda: tables_with(*told)) == set()
    assert entering.asks(check_vault) == []


def test_a_page_of_givers_is_opened_by_one_question(village: Giving) -> None:
    roof = village.opens_project("屋顶")
    codes = [village.paid_gift(roof, display="real_name", name=f"村民{n}")["code"] for n in range(5)]
    asked: list[str] = []

    def opens() -> dict[tuple[str, str], str]:
        def note(*told: object) -> None:
            asked.append(str(told[2]))

        event.listen(db.engine, "before_cursor_execute", note)
        found = values_of([GIFT_NAME], codes)
        event.remove(db.engine, "before_cursor_execute", note)
        return found

    assert sorted(village.asks(opens).values()) == [f"村民{n}" for n in range(5)]
    assert len([statement for statement in asked if statement.startswith("SELECT")]) == 1


def test_a_value_that_was_moved_opens_nowhere(village: Giving) -> None:
    roof, one = gives(village)
    other = str(village.paid_gift(roof, display="real_name", name="李四")["code"])
    sealed = village.asks(
        lambda: dict(db.session.execute(select(VaultValue.row, VaultValue.sealed).where(named)).all())
    )
    for row, value in ((one, sealed[other]), (other, "x" + sealed[other]), (other, sealed[other][:20] + "é")):
        moving = update(VaultValue).where(named, VaultValue.row == row).values(sealed=value)
        village.writes(lambda act=moving: db.session.execute(act))  # type: ignore[misc]  # bound
    assert [name for name, _ in shown(village, roof)] == ["爱心人士", "爱心人士"]
    assert len(village.asks(check_vault)) == 2


def test_the_ciphertext_of_one_field_does_not_open_in_another_of_the_same_person(village: Giving) -> None:
    roof, gift = gives(village)
    name = select(VaultValue.sealed).where(named).scalar_subquery()
    message = VaultValue.field == fields.GIFT_MESSAGE
    village.writes(lambda: db.session.execute(update(VaultValue).where(message).values(sealed=name)))
    assert shown(village, roof) == [("张三丰", None)]
    assert village.asks(check_vault) == [f"个人信息 gift.message（{gift}）打不开：内容被改动或移动，或密钥已销毁"]


def test_a_wrapped_key_does_not_open_for_another_person(village: Giving) -> None:
    roof, _ = gives(village)
    village.paid_gift(roof, display="real_name", name="李四")
    first, second = village.asks(lambda: db.session.execute(select(VaultKey.key_id, VaultKey.wrapped)).all())
    moved = update(VaultKey).where(VaultKey.key_id == second.key_id).values(wrapped=first.wrapped)
    village.writes(lambda: db.session.execute(moved))
    findings = village.asks(check_vault)
    assert [finding for finding in findings if second.key_id in finding] != []
    assert len(shown(village, roof)) == 2


def test_the_same_number_is_found_by_its_blind_index_and_by_nothing_else(entering: Entering) -> None:
    one, other = entering.handset(), entering.handset(guest=False)
    one.logs_in_by_phone("13812345678")
    assert other.posts("/session").status_code == 201
    entering.later(minutes=2)
    other.logs_in_by_phone("13812345678")
    assert other.code() == one.code()
    index = entering.asks(lambda: db.session.scalars(select(VaultValue.blind_index)).one())
    assert len(index or "") == 64


def test_keys_are_rotated_in_chunks_and_a_killed_run_goes_on(village: Giving) -> None:
    roof, _ = gives(village)
    for n in range(4):
        village.paid_gift(roof, display="real_name", name=f"村民{n}")
    before = shown(village, roof)
    app = create_app(with_keys(village.settings, {"n": NEW}))
    with app.app_context():
        assert write_with_retries(lambda: rotation.rotate_chunk(limit=2)) == 2  # And here the process dies.
        assert read_with_retries(rotation.counted_by_key) == {"n": 2, OWN: 3}
        assert read_with_retries(check_vault) == []
    said = app.test_cli_runner().invoke(args=["rotate-vault-keys"])
    assert (said.exit_code, "本次换了 3 把" in said.output, "n 5 把" in said.output) == (0, True, True)
    assert app.test_cli_runner().invoke(args=["rotate-vault-keys"]).output.startswith("\r本次换了 0 把")
    page = app.test_client().get(f"/api/v1/projects/{roof}/gifts").json or {}
    assert [(line["name"], line["message"]) for line in page["items"]] == before
    dispose(app)


def test_without_the_old_key_nothing_opens_and_the_command_says_what_is_missing(village: Giving) -> None:
    gives(village)
    first = create_app(with_keys(village.settings, {"n": NEW}))
    with first.app_context():
        write_with_retries(rotation.rotate_chunk)
    dispose(first)
    app = create_app(with_keys(village.settings, {"m": NEWER}))
    said = app.test_cli_runner().invoke(args=["rotate-vault-keys"])
    assert (said.exit_code, "VAULT_KEYS" in said.output) == (1, True)
    with app.app_context():
        assert any("环境里没有密钥 n" in finding for finding in read_with_retries(check_vault))
    dispose(app)


DOCTOR: list[tuple[dict[str, bytes], str, str]] = [
    ({}, "！ 没有设置 VAULT_KEYS", "nobody gave a key"),
    ({}, "✓ 个人信息可以用 VAULT_KEYS 打开", "the drawn key opens, as long as nothing was rotated"),
    ({"n": NEW}, "！ 还有 1 把个人密钥由旧密钥保护", "a new key before the rotation"),
]
LOST: list[tuple[dict[str, bytes], str, str]] = [
    ({"n": NEW}, "✓ 个人信息可以用 VAULT_KEYS 打开", "the key that wraps"),
    ({"m": NEWER}, "✗ VAULT_KEYS 里缺少密钥 n", "the key is not among those given"),
    ({"n": NEWER}, "✗ 个人信息打不开", "another key under its name"),
]


def examined(village: Giving, given: dict[str, bytes]) -> str:
    app = create_app(with_keys(village.settings, given) if given else village.settings)
    said = app.test_cli_runner().invoke(args=["doctor", "--offline"]).output
    dispose(app)
    return said


def test_the_doctor_asks_for_the_key_of_the_vault_before_it_is_missed(village: Giving) -> None:
    assert "✓ 个人信息可以用 VAULT_KEYS 打开" in examined(village, {"m": NEWER})
    gives(village)
    for given, words, reason in DOCTOR:
        assert words in examined(village, given), reason
    app = create_app(with_keys(village.settings, {"n": NEW}))
    with app.app_context():
        write_with_retries(rotation.rotate_chunk)
    dispose(app)
    for given, words, reason in LOST:
        assert words in examined(village, given), reason


def test_before_anybody_told_anything_there_is_no_key(app: Flask) -> None:
    assert "现在的个人密钥：还没有" in app.test_cli_runner().invoke(args=["rotate-vault-keys"]).output


def on_disk(village: Giving) -> bytes:
    """The file of the database, with nothing left that waits beside it; where there is one."""
    with village.app.app_context():
        if db.engine.dialect.name != "sqlite":  # pragma: no cover - on PostgreSQL, where nothing is measured.
            return b""
        db.engine.raw_connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[attr-defined]  # sqlite3's own.
        return Path(str(db.engine.url.database)).read_bytes()


def test_a_destroyed_key_is_overwritten_in_the_file_too(village: Giving) -> None:
    gives(village)
    held = village.asks(lambda: db.session.execute(select(VaultKey.person_id, VaultKey.wrapped)).one())
    is_file = on_disk(village) != b""
    assert (str(held.wrapped).encode() in on_disk(village)) is is_file
    village.writes(lambda: erase(held.person_id, actor="guest", now=village.clock))
    assert str(held.wrapped).encode() not in on_disk(village)


def test_a_field_that_nobody_declared_is_named(village: Giving) -> None:
    gives(village)
    row = select(VaultValue.row, VaultValue.key_id, VaultValue.sealed).where(named)
    copy = village.asks(lambda: dict(db.session.execute(row).one()._mapping)) | {"field": "gift.secret"}
    village.writes(lambda: db.session.execute(insert(VaultValue).values(**copy, changed_at=village.clock)))
    assert "个人信息 gift.secret 没有登记用途" in village.asks(check_vault)


def test_what_was_kept_before_the_vault_moves_in_and_can_move_back(entering: Entering) -> None:
    roof, giver = entering.opens_project("屋顶"), entering.handset()
    gift, alone = giver.order(roof, **WORDS), giver.order(roof, 7_00, display="nickname", message="只留一句话")
    giver.logs_in_by_phone("13812345678")
    link = giver.shares("project", roof, nickname="老王头")
    person = entering.person_id(giver)
    entering.writes(lambda: tell_name(person_id=person, name="王志愿", now=entering.clock))
    told = ("张三丰", "老王头", "只留一句话", "王志愿")
    with entering.app.app_context():
        flask_migrate.downgrade(revision="0023")
    assert entering.asks(lambda: tables_with(*told)) >= {"gift_words", "link_words", "volunteer_names"}
    with entering.app.app_context():
        flask_migrate.upgrade()
    assert entering.asks(lambda: tables_with(*told)) == set()
    assert [giver.sees(one)["message"] for one in (gift, alone)] == ["愿孩子们好好读书", "只留一句话"]
    assert [line["link"]["code"] for line in giver.asks("/me/shares")["items"]] == [link["code"]]
    assert (giver.me()["accounts"][0]["shown"], entering.asks(check_vault)) == ("138****5678", [])
    assert giver.me()["accounts"][0]["is_present"]


MASKS = [
    ("张三丰", fields.NAME_MASK, "张*", "a name"),
    ("+8613812341234", fields.PHONE_MASK, "138****1234", "a phone number"),
    ("110101199003071234", fields.ID_MASK, "110***********1234", "an identity number"),
    ("一句话", fields.WORDS_MASK, "***", "words of his own"),
    ("o-123", fields.HIDDEN_MASK, "", "what nobody needs to see"),
]


@pytest.mark.parametrize(("value", "mask", "seen", "reason"), MASKS, ids=[row[-1] for row in MASKS])
def test_a_masked_value_tells_no_more_than_its_rule(value: str, mask: str, seen: str, reason: str) -> None:
    assert masked(value, mask) == seen, reason


def test_every_field_is_declared_once_with_its_purpose() -> None:
    assert len({mark.field for mark in MARKS}) == len(MARKS)
    assert all(mark.purpose and mark.label for mark in MARKS)
    assert {"gift.name", "gift.message", "share.name"} == fields.PUBLIC


PRODUCTION = {"APP_ENV": "production", "SECRET_KEY": "k" * 40, "PUBLIC_URL": "https://example.org"}
WRONG: list[tuple[dict[str, str], str]] = [
    (PRODUCTION, "production without a key"),
    ({"VAULT_KEYS": "k1"}, "a name without a key"),
    ({"VAULT_KEYS": "k1:AAAA"}, "a key that is too short"),
    ({"VAULT_KEYS": "k1:钥匙"}, "not base64"),
    ({"VAULT_KEYS": f"k1:{'A' * 43}="}, "the key that stands in .env.example"),
    ({"VAULT_KEYS": f"a b:{KEY}"}, "a name with a space"),
    ({"VAULT_KEYS": f"k1:{KEY},k1:{KEY}"}, "one name twice"),
    ({"VAULT_KEYS": f"own:{KEY}"}, "the name of the drawn key"),
]


@pytest.mark.parametrize(("given", "reason"), WRONG, ids=[row[-1] for row in WRONG])
def test_keys_that_cannot_work_are_refused_at_the_start(given: dict[str, str], reason: str, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="VAULT_KEYS"):
        load_settings(given, house=tmp_path)


def test_the_first_key_is_the_current_one_and_the_drawn_one_still_opens(tmp_path: Path) -> None:
    vault = load_settings({"VAULT_KEYS": f"k2:{KEY}, k1:{KEY}"}, house=tmp_path).vault
    assert (vault.current, set(vault.keys), "ABCABC" in repr(vault)) == ("k2", {"k1", "k2", OWN}, False)
    assert load_settings({}, house=tmp_path).vault.current == OWN

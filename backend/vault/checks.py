"""Opening everything once, and naming what is out of joint: broken seals, lost keys, values of nobody."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select, tuple_

from backend.core.db import db
from backend.vault import keyring
from backend.vault.fields import BY_NAME
from backend.vault.keyring import SealBroken
from backend.vault.models import VaultKey, VaultValue
from backend.vault.queries import opened

SHOWN = 20
AT_ONCE = 500


def check_vault() -> list[str]:
    """Return one sentence for each thing out of joint, at most twenty of a kind; an empty list is a clean vault."""
    checks = (_every_value_opens(), _every_key_opens())
    return [finding for check in checks for _, finding in zip(range(SHOWN), check, strict=False)]


def one_value_opens() -> bool:
    """Say whether the newest value opens with the keys that are given here; yes where the vault is empty."""
    statement = (
        select(VaultValue.field, VaultValue.row, VaultValue.sealed, VaultKey.key_id, VaultKey.wrapped, VaultKey.kek_id)
        .join(VaultKey, VaultKey.key_id == VaultValue.key_id)
        .order_by(VaultValue.changed_at.desc())
        .limit(1)
    )
    newest = db.session.execute(statement).first()
    try:
        return newest is None or opened(newest) is not None
    except SealBroken:
        return False


def _every_value_opens() -> Iterator[str]:
    """Read everything in blocks, so that a province fits into memory."""
    last = ("", "")
    while True:
        place = tuple_(VaultValue.field, VaultValue.row)
        statement = (
            select(VaultValue.field, VaultValue.row, VaultValue.sealed, VaultKey.key_id)
            .add_columns(VaultKey.wrapped, VaultKey.kek_id)
            .join(VaultKey, VaultKey.key_id == VaultValue.key_id)
        )
        block = db.session.execute(
            statement.where(place > last).order_by(VaultValue.field, VaultValue.row).limit(AT_ONCE)
        ).all()
        if not block:
            return
        for one in block:
            if one.field not in BY_NAME:
                yield f"个人信息 {one.field} 没有登记用途"
            try:
                opened(one)
            except SealBroken:
                yield f"个人信息 {one.field}（{one.row}）打不开：内容被改动或移动，或密钥已销毁"
        last = (block[-1].field, block[-1].row)


def _every_key_opens() -> Iterator[str]:
    keys = keyring.here()
    statement = select(VaultKey.key_id, VaultKey.wrapped, VaultKey.kek_id).where(VaultKey.wrapped.is_not(None))
    for one in db.session.execute(statement.order_by(VaultKey.key_id).execution_options(yield_per=AT_ONCE)):
        try:
            keyring.unwrapped(one.wrapped, kek_id=one.kek_id, keys=keys, key_id=one.key_id)
        except SealBroken:
            yield f"个人密钥 {one.key_id} 打不开：环境里没有密钥 {one.kek_id}，或它不是那一把"

"""`flask --app wsgi doctor`: is this installation fit for money? Looked at from outside and inside, in sentences."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

import click
from flask.cli import with_appcontext
from limits.storage import storage_from_string
from sqlalchemy import func, select, text

from backend.backups.damage import DAMAGED, is_damaged
from backend.core import clock
from backend.core.config import Settings
from backend.core.config_vault import OWN
from backend.core.config_wechat import TENCENT_URLS
from backend.core.db import db, is_sqlite, read_with_retries
from backend.core.errors import Refusal
from backend.core.wire import HttpWire, Wire, WireBroken
from backend.jobs import clock_guard
from backend.orgs.models import Organisation
from backend.outbox.queries import dead_letters
from backend.payments.wechat.pay import NOTICE_PATH, wechat_pay
from backend.payments.wechat.self_check import Finding, ask_wechat, clock_ahead, self_check, try_seal
from backend.people.factors import NEEDED_BY
from backend.people.models import Staff, StaffFactor
from backend.vault.checks import one_value_opens
from backend.vault.rotation import counted_by_key
from backend.wechat.calling import Caller
from backend.wechat.server import WechatServer
from miniapp_api import ops
from miniapp_api.edge import settings

MARKS = {"ok": "✓", "warn": "！", "bad": "✗"}
SKEW_WATCHED, SKEW_MAX = timedelta(seconds=30), timedelta(minutes=5)
ROOM_BYTES = 1 << 30
Findings = Iterable[Finding]


@click.command("doctor")
@click.option("--offline", is_flag=True, help="不访问网络，只看本机")
@with_appcontext
def doctor(offline: bool) -> None:
    """Look at everything that must hold before money comes; end with 1 when something does not."""
    here = settings()
    near: tuple[Callable[[], Findings], ...] = (
        _database,
        lambda: _room(here.data_dir),
        lambda: _secrets(here),
        lambda: _vault(here),
        _scheduler,
        _staff,
        _organisations,
        _dead_letters,
        lambda: _limits(here),
        lambda: self_check(here, now=clock.now()),
    )
    wire = HttpWire()
    far: tuple[Callable[[], Findings], ...] = (
        lambda: callbacks(here, wire),
        lambda: clock_skew(here, wire),
        lambda: _wechat_pay(here),
        lambda: _apps(here),
    )
    found = [one for look in (near if offline else near + far) for one in _looked(look)]
    for one in found:
        click.echo(f"{MARKS[one.level]} {one.text}")
    if any(one.level == "bad" for one in found):
        raise SystemExit(1)


def _looked(look: Callable[[], Findings]) -> list[Finding]:
    """Look; what cannot even be looked at is wrong as well, told by the kind of its fault."""
    found: list[Finding] = []
    try:
        for one in look():
            found.append(one)  # noqa: PERF402 - what was found before a fault stays found.
    except Exception as error:
        db.session.rollback()
        found.append(Finding(level="bad", text=f"后面的没能检查（{type(error).__name__}）。"))
    return found


def _database() -> Findings:
    if is_damaged():
        yield Finding(level="bad", text=DAMAGED)
        return
    for name in ("migrations", "regions", "demo"):
        told = read_with_retries(ops.PARTS[name])
        if told is not None:
            yield Finding(level="bad", text=told)
    if is_sqlite():
        full = read_with_retries(lambda: db.session.scalar(text("PRAGMA synchronous")))
        if full != 2:
            yield Finding(level="bad", text="SQLite 没有使用 synchronous=FULL，断电会丢账。")
    yield Finding(level="ok", text="数据库可以读写，结构是最新的。" if not is_sqlite() else "SQLite 数据库完整。")


def _room(data_dir: Path) -> Findings:
    free = shutil.disk_usage(data_dir).free
    yield Finding(level="ok" if free > ROOM_BYTES else "bad", text=f"数据目录 {data_dir} 还有 {free >> 30} GB 空间。")


def _secrets(here: Settings) -> Findings:
    key = here.data_dir / "secret_key"
    if key.exists() and stat.S_IMODE(key.stat().st_mode) & 0o077:
        yield Finding(level="bad", text=f"{key} 别的用户也能读：请 chmod 600。")
    if not here.is_production:
        yield Finding(level="warn", text=f"APP_ENV 是 {here.app_env}：这里不是正式环境。")


def _vault(here: Settings) -> Findings:
    """Ask whether what people told can be read with VAULT_KEYS, before the only copy of a key is lost."""
    if here.vault.current == OWN:
        yield Finding(level="warn", text="没有设置 VAULT_KEYS：个人信息由 SECRET_KEY 推出的密钥保护。")
    counts = read_with_retries(counted_by_key)
    lost = [name for name in counts if name not in here.vault.keys]
    if lost:
        yield Finding(level="bad", text=f"VAULT_KEYS 里缺少密钥 {'、'.join(sorted(lost))}：它保护的个人信息打不开。")
    elif read_with_retries(one_value_opens):
        yield Finding(level="ok", text="个人信息可以用 VAULT_KEYS 打开。")
    else:
        yield Finding(level="bad", text="个人信息打不开：VAULT_KEYS 不是保护它们的那一把。请找回原来的密钥。")
    old = sum(count for name, count in counts.items() if name in here.vault.keys and name != here.vault.current)
    if old:
        yield Finding(level="warn", text=f"还有 {old} 把个人密钥由旧密钥保护：flask --app wsgi rotate-vault-keys")


def _scheduler() -> Findings:
    alive = read_with_retries(lambda: clock_guard.is_alive(now=clock.now()))
    yield (
        Finding(level="ok", text="定时进程在工作。")
        if alive
        else Finding(level="bad", text="定时进程两分钟没有心跳：flask --app wsgi scheduler")
    )
    for name in ("clock", "ledger_queue"):
        told = read_with_retries(ops.PARTS[name])
        if told is not None:
            yield Finding(level="bad", text=told)


def _staff() -> Findings:
    confirmed = (StaffFactor.staff_id == Staff.id) & StaffFactor.confirmed_at.is_not(None)
    without = select(Staff.login).outerjoin(StaffFactor, confirmed).where(StaffFactor.staff_id.is_(None))
    without = without.where(Staff.role.in_(NEEDED_BY), Staff.disabled_at.is_(None), Staff.is_demo.is_(False))
    logins = read_with_retries(lambda: list(db.session.scalars(without.order_by(Staff.login))))
    if logins:
        yield Finding(level="warn", text=f"还没有设置动态口令的审批和审计账号：{'、'.join(logins[:10])}")
    nation = select(func.count()).where(Staff.role == "national", Staff.disabled_at.is_(None))
    if (read_with_retries(lambda: db.session.scalar(nation)) or 0) < 2:
        yield Finding(level="warn", text="全国账号不足两个：拨付和退款都要第二个人批准。")


def _organisations() -> Findings:
    without = select(Organisation.name).where(Organisation.fundraising_certificate.is_(None))
    names = read_with_retries(lambda: list(db.session.scalars(without)))
    if names:
        yield Finding(level="warn", text=f"没有公开募捐资格证书、不能收款的组织：{'、'.join(names[:5])}")


def _dead_letters() -> Findings:
    waiting = len(read_with_retries(lambda: dead_letters(before_id=None, limit=100)))
    if waiting:
        yield Finding(level="warn", text=f"工作台“没送到的消息”里有 {waiting} 条等人处理。")


def _limits(here: Settings) -> Findings:
    if here.security.limits_url == "memory://":
        yield Finding(level="ok", text="限流由每个进程自己计数（没有设置 REDIS_URL）。")
    elif storage_from_string(here.security.limits_url).check():
        yield Finding(level="ok", text="限流在 Redis 里计数。")
    else:
        yield Finding(level="bad", text="REDIS_URL 指向的 Redis 没有回答。")


def callbacks(here: Settings, wire: Wire) -> Findings:
    """Ask our own public address as WeChat would: junk must be refused by our own handler, not lost on the way."""
    if here.wechat.pay is None:
        return
    url = f"{here.public_url}{NOTICE_PATH}"
    try:
        answer = wire.post(url, headers={"Content-Type": "application/json"}, body=b"{}")
    except WireBroken as fault:
        yield Finding(level="bad", text=f"从外面到不了通知地址 {url}（{fault}）：请检查域名、证书、反向代理。")
        return
    ours = answer.status == 401 and b'"FAIL"' in answer.body
    said = (
        f"通知地址 {url} 通到这里，没有签名的会被拒绝。"
        if ours
        else f"通知地址 {url} 回答的不是本系统（{answer.status}）。"
    )
    yield Finding(level="ok" if ours else "bad", text=said)


def clock_skew(here: Settings, wire: Wire) -> Findings:
    """Compare our clock with the one in WeChat's answers: beyond five minutes nothing that they sign is believed."""
    if here.wechat.pay is None:
        return
    skew = clock_ahead(wire, here.wechat.pay.base_url, now=clock.now())
    if skew is None:
        yield Finding(level="warn", text="没能读到微信服务器的时间，未核对时钟。")
        return
    said = f"本机时钟与微信相差 {round(skew.total_seconds())} 秒。"
    if abs(skew) >= SKEW_MAX:
        yield Finding(level="bad", text=f"{said}相差 5 分钟以上，双方的签名都不会被相信：请校准（NTP）。")
    else:
        yield Finding(level="ok" if abs(skew) <= SKEW_WATCHED else "warn", text=said)


def _wechat_pay(here: Settings) -> Findings:
    if here.wechat.pay is None:
        return
    if here.wechat.pay.base_url not in TENCENT_URLS:
        yield Finding(level="warn", text=f"微信支付接的是 {here.wechat.pay.base_url}，不是微信。")
    caller = wechat_pay(here).caller
    yield ask_wechat(caller, now=clock.now())
    yield try_seal(caller, now=clock.now())


def _apps(here: Settings) -> Findings:
    """Get a token for each app, and look whether the templates that we send by are the mini-program's."""
    calls = Caller(settings=here.wechat, wire=HttpWire())
    for app in here.wechat.apps:
        try:
            calls.access_token(app, now=clock.now())
            yield Finding(level="ok", text=f"应用 {app.app_id} 的密钥可以使用。")
        except Refusal as refusal:
            yield Finding(level="bad", text=f"应用 {app.app_id} 取不到令牌：{refusal.detail}")
    if here.wechat.mini is None or not here.wechat.templates:
        return
    known = WechatServer(here.wechat, wire=HttpWire()).template_ids(now=clock.now())
    for name, template in here.wechat.templates.items():
        if template.template_id in known:
            yield Finding(level="ok", text=f"订阅消息模板 {name} 存在。")
        else:
            yield Finding(level="bad", text=f"订阅消息模板 {name}（{template.template_id}）在小程序里不存在。")

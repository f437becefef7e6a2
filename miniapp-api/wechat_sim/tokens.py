"""Tokens and tickets of api.weixin.qq.com: which one is valid, who made it old, how often one may ask."""

from __future__ import annotations

from datetime import timedelta

from wechat_sim.books import Token, World
from wechat_sim.errors import ServerError
from wechat_sim.keys import ALNUM, App, random_text

STABLE, PLAIN, TICKET, WEB = "stable", "plain", "ticket", "web"
LIVES, OVERLAP = timedelta(seconds=7200), timedelta(minutes=5)
TOKEN_CHARS = 512
FORCED_A_DAY, FORCED_APART = 20, timedelta(seconds=30)


def app_of(world: World, app_id: object, secret: object) -> App:
    """Return the app that proved itself. Raises `ServerError`."""
    if not app_id:
        raise ServerError(41002, "appid missing")
    found = world.keys.apps.get(app_id) if isinstance(app_id, str) else None
    if found is None:
        raise ServerError(40013, "invalid appid")
    if not secret:
        raise ServerError(41004, "appsecret missing")
    if secret != found.secret:
        raise ServerError(40125, "invalid appsecret")
    return found


def counted(world: World, key: str, *, most: int, within: timedelta) -> None:
    """Count one call, or refuse it: `most` are allowed `within` a time. Raises `ServerError`."""
    now = world.now()
    calls = world.books.calls.setdefault(key, [])
    calls[:] = [at for at in calls if now - at < within]
    if len(calls) >= most:
        raise ServerError(45011 if key.startswith("login ") else 45009, "api minute-quota reach limit")
    calls.append(now)


def stable(world: World, app: App, *, force: bool) -> Token:
    """Return the app's stable token: the same one again and again, a new one for its last five minutes or by force."""
    counted(world, f"stable {app.app_id}", most=10_000, within=timedelta(minutes=1))
    counted(world, f"stable day {app.app_id}", most=500_000, within=timedelta(days=1))
    now, present = world.now(), _present(world, STABLE, app)
    if force and _may_force(world, app):
        counted(world, f"force {app.app_id}", most=FORCED_A_DAY, within=timedelta(days=1))
        end(world, app.app_id, STABLE)
        return _new(world, STABLE, app)
    if present is not None and present.ends_at - now > OVERLAP:
        return present
    return _new(world, STABLE, app)


def _may_force(world: World, app: App) -> bool:
    """Whether thirty seconds passed since the last time; before that WeChat does not refresh."""
    calls = world.books.calls.get(f"force {app.app_id}", [])
    return not calls or world.now() - calls[-1] >= FORCED_APART


def plain(world: World, app: App) -> Token:
    """Return a new plain token; the one before lives five minutes more. The stable one is not touched."""
    counted(world, f"plain day {app.app_id}", most=2000, within=timedelta(days=1))
    now = world.now()
    for row in world.books.tokens:
        if (row.kind, row.app_id) == (PLAIN, app.app_id):
            row.ends_at = min(row.ends_at, now + OVERLAP)
    return _new(world, PLAIN, app)


def ticket(world: World, app: App) -> Token:
    """Return the app's ticket for its pages: the same one until it ends."""
    return _present(world, TICKET, app) or _new(world, TICKET, app)


def _present(world: World, kind: str, app: App) -> Token | None:
    rows = [row for row in world.books.tokens if (row.kind, row.app_id) == (kind, app.app_id)]
    return rows[-1] if rows and rows[-1].ends_at > world.now() else None


def _new(world: World, kind: str, app: App, *, person: str = "") -> Token:
    now = world.now()
    world.books.tokens[:] = [row for row in world.books.tokens if row.ends_at > now - timedelta(days=1)]
    text = f"{len(world.books.tokens) % 90 + 10}_" + random_text(TOKEN_CHARS - 3, ALNUM + "-_")
    token = Token(kind=kind, text=text, app_id=app.app_id, ends_at=now + LIVES, made_at=now, person=person)
    world.books.tokens.append(token)
    return token


def of_person(world: World, app: App, person: str) -> Token:
    """Return a token that reads one person's profile (OAuth)."""
    return _new(world, WEB, app, person=person)


def end(world: World, app_id: str, *kinds: str) -> None:
    """End every token of an app at once, as another system that forces a new one does."""
    for row in world.books.tokens:
        if row.app_id == app_id and row.kind in kinds:
            row.ends_at, row.person = min(row.ends_at, world.now()), "revoked"


def check(world: World, text: str | None, app: App) -> Token:
    """Return the token that a call carries. Raises `ServerError`."""
    if not text:
        raise ServerError(41001, "access_token missing")
    found = next((row for row in world.books.tokens if row.text == text and row.kind in (STABLE, PLAIN)), None)
    if found is None or found.person == "revoked":
        known = 40014 if found is None and len(text) != TOKEN_CHARS else 40001
        raise ServerError(known, "invalid credential, access_token is invalid or not latest")
    if found.ends_at <= world.now():
        raise ServerError(42001, "access_token expired")
    if found.app_id != app.app_id:
        raise ServerError(48001, "api unauthorized")
    return found

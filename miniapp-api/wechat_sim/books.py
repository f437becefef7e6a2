"""What the simulator knows: plain rows in memory, behind one lock, kept over a restart where that is wanted."""

from __future__ import annotations

import hmac
import os
import pickle
import threading
import time
from base64 import urlsafe_b64encode
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from wechat_sim.clock import Clock, day_of
from wechat_sim.keys import Keys
from wechat_sim.knobs import Knobs

NOTPAY, SUCCESS, CLOSED, REFUND = "NOTPAY", "SUCCESS", "CLOSED", "REFUND"
PROCESSING, ABNORMAL = "PROCESSING", "ABNORMAL"
REQUESTS_KEPT = 5000


@dataclass(kw_only=True)
class Trade:
    """One order of the merchant."""

    out_trade_no: str
    told: dict[str, Any]
    expires_at: datetime
    created_at: datetime
    state: str = NOTPAY
    transaction_id: str = ""
    paid_at: datetime | None = None
    fee_fen: int = 0
    asked_after: bool = False

    @property
    def total_fen(self) -> int:
        """What is to be paid."""
        return int(self.told["amount"]["total"])


@dataclass(kw_only=True)
class Refund:
    """One refund of a trade."""

    out_refund_no: str
    refund_id: str
    out_trade_no: str
    told: dict[str, Any]
    created_at: datetime
    due_at: datetime
    status: str = PROCESSING
    outcome: str = SUCCESS
    done_at: datetime | None = None
    fee_fen: int = 0
    to_card: str = ""

    @property
    def refund_fen(self) -> int:
        """What is given back."""
        return int(self.told["amount"]["refund"])


@dataclass(kw_only=True)
class Event:
    """One thing that the merchant must hear of, and every attempt to tell it."""

    id: str
    number: int
    kind: str
    out_trade_no: str
    out_refund_no: str
    url: str
    resource: dict[str, Any]
    original_type: str
    summary: str
    created_at: datetime
    next_at: datetime
    state: str = "waiting"
    tries: int = 0
    attempts: list[dict[str, Any]] = field(default_factory=list)


@dataclass(kw_only=True)
class Person:
    """Somebody with WeChat on the phone."""

    id: str
    nickname: str
    phone: str
    is_risky: bool = False
    visits: dict[str, datetime] = field(default_factory=dict)
    quota: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Template:
    """One subscribe message that the mini-program's owner has chosen: its title, its fields with what each tells."""

    title: str
    fields: dict[str, str]


@dataclass(kw_only=True)
class Code:
    """A code for one use: to log in, for a phone number, of OAuth."""

    kind: str
    person: str
    app_id: str
    ends_at: datetime
    scope: str = ""
    is_used: bool = False


@dataclass(kw_only=True)
class Token:
    """A token of an app: of the stable kind, the plain kind, a ticket, or of one person (OAuth)."""

    kind: str
    text: str
    app_id: str
    ends_at: datetime
    made_at: datetime
    person: str = ""


@dataclass
class Books:
    """All rows."""

    trades: dict[str, Trade] = field(default_factory=dict)
    prepays: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    open_events: dict[str, Event] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    tokens: list[Token] = field(default_factory=list)
    files: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)
    differences: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    told_flow_fen: dict[date, int] = field(default_factory=dict)
    made: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    templates: dict[str, Template] = field(default_factory=dict)
    calls: dict[str, list[datetime]] = field(default_factory=dict)
    requests: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=REQUESTS_KEPT))
    count: int = 0


# By the product's names for them; each is told by title, text and time.
TEMPLATES = {
    "gift_redirected": "捐款安排通知",
    "gift_paid_twice": "重复付款提醒",
    "refund_success": "退款到账通知",
    "refund_refused": "退款申请结果通知",
    "words_decided": "留言审核结果通知",
}
FIELDS = {"thing1": "事项", "thing2": "说明", "time3": "时间"}
PEOPLE = (("p1", "王小明", "13800000001"), ("p2", "李秀英", "13800000002"), ("p3", "张大爷🌾", "13800000003"))


def digest(keys: Keys, *parts: str) -> str:
    """Return 43 letters that nobody can guess, always the same for the same words."""
    told = hmac.digest(keys.salt.encode(), "\n".join(parts).encode(), "sha256")
    return urlsafe_b64encode(told).decode().rstrip("=")


def template_id(keys: Keys, name: str) -> str:
    """Return the id of one of the templates that are there from the start."""
    return digest(keys, "template", name)


@dataclass
class World:
    """The simulator: its keys, clock, knobs and books."""

    keys: Keys
    base_url: str = "http://127.0.0.1:9100"
    product_url: str = "http://127.0.0.1:8000"
    knobs: Knobs = field(default_factory=Knobs)
    clock: Clock = field(default_factory=Clock)
    books: Books = field(default_factory=Books)
    stall: Callable[[float], None] = time.sleep
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        for name, nickname, phone in PEOPLE:
            self.books.people.setdefault(name, Person(id=name, nickname=nickname, phone=phone))
        for name, title in TEMPLATES.items():
            self.books.templates.setdefault(self.template_id(name), Template(title=title, fields=dict(FIELDS)))

    def now(self) -> datetime:
        """Return the simulator's present instant, as wrong as its knob says."""
        self.clock.offset_seconds = self.knobs.whole("clock.skew_seconds")
        return self.clock.now()

    def next_number(self) -> int:
        """Return a number that was never given before."""
        self.books.count += 1
        return self.books.count

    def serial_no(self, prefix: str, digits: int) -> str:
        """Return a number as WeChat gives them: a prefix, the day, a counter."""
        head = f"{prefix}{day_of(self.now()):%Y%m%d}"
        return f"{head}{self.next_number():0{digits - len(head)}d}"

    def digest(self, *parts: str) -> str:
        """Return an unguessable text that is always the same for the same words."""
        return digest(self.keys, *parts)

    def openid(self, person: str, app_id: str) -> str:
        """Return who a person is to one app."""
        return "o" + self.digest("openid", person, app_id)[:27]

    def unionid(self, person: str) -> str:
        """Return who a person is to all apps of the owner."""
        return "o" + self.digest("unionid", person)[:27]

    def template_id(self, name: str) -> str:
        """Return the id of one of the templates that are there from the start."""
        return template_id(self.keys, name)

    def person_of(self, openid: str, app_id: str) -> Person | None:
        """Return the person whom an app knows by an openid."""
        return next((row for row in self.books.people.values() if self.openid(row.id, app_id) == openid), None)


def keep_books(world: World, path: Path) -> None:
    """Write the books, whole or not at all."""
    with world.lock:
        content = pickle.dumps(world.books)
    draft = path.with_suffix(".draft")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    draft.replace(path)


def kept_books(path: Path) -> Books:
    """Return the books of the last run, or empty ones when there are none that can be read."""
    try:
        found = pickle.loads(path.read_bytes())  # noqa: S301 - our own file, in a folder of its owner alone.
    except (OSError, pickle.UnpicklingError, EOFError, AttributeError, ImportError, TypeError):
        return Books()
    return found if isinstance(found, Books) else Books()

"""What a sender is: it takes one message over the network and says what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from backend.outbox.rules import GIVE_UP_AFTER


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message in the hand of one worker: the same key and the same body at every attempt."""

    id: int
    kind: str
    subject: str
    key: str
    body: str
    created_at: datetime
    owed_since: datetime
    attempts: int


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt; `code` names the fault, without a word that a person wrote.

    `again` after a pause; `dead` at once, a person has to look; `dropped` is let go, nobody has to.
    """

    state: Literal["delivered", "again", "dead", "dropped"]
    code: str = ""


DELIVERED = Outcome("delivered")


class Send(Protocol):
    """Sends one message over the network, with no transaction open. A fault of the network is an outcome, no error."""

    def __call__(self, message: Message, *, now: datetime) -> Outcome:
        """Send `message`, signed as of `now`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Sender:
    """How messages of one kind are sent, and how long. What is `best_effort` is dropped in the end, never dead.

    While `is_held` says so they wait, and no attempt is counted; it is asked in the transaction that takes one in hand.
    """

    send: Send
    give_up_after: timedelta = GIVE_UP_AFTER
    best_effort: bool = False
    is_held: Callable[[], bool] = lambda: False

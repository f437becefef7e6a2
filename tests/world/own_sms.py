"""A sender of codes as an installation would bring its own: it keeps what it was given, or breaks."""

from __future__ import annotations

from backend.people.sms import SmsProvider

SENT: list[tuple[str, str]] = []


class Kept:
    """Takes every message."""

    def send(self, *, phone: str, code: str) -> str | None:
        """Keep it."""
        SENT.append((phone, code))
        return None


class Broken:
    """Takes none."""

    def send(self, *, phone: str, code: str) -> str | None:
        """Fail as a library would."""
        raise ConnectionError("no way to the sender")


def kept() -> SmsProvider:
    """Return one that works."""
    return Kept()


def broken() -> SmsProvider:
    """Return one that does not."""
    return Broken()

"""Sealing the answers that are kept for repeats: what people wrote stands in them, for seven days (law 12)."""

from __future__ import annotations

import structlog

from backend.vault import keyring

log = structlog.get_logger()


class AnswerSealer:
    """Seals under the current key of the environment. One that was taken away leaves answers that open no more."""

    def seal(self, text: str, *, place: str) -> str:
        """Return it sealed."""
        return keyring.seal_for_house(text, place=place)

    def unseal(self, sealed: str, *, place: str) -> str | None:
        """Return what was sealed for this place, None when it does not open."""
        try:
            return keyring.unseal_for_house(sealed, place=place)
        except keyring.SealBroken:
            log.error("vault.answer_sealed", key_id=sealed.partition(".")[0][:20])
            return None

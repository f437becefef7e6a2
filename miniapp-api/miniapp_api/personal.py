"""A person's own words in an answer: a field type that takes who may see it, and how, from the field's mark.

A schema cannot show a marked field to somebody whom the mark does not name: it is refused when the schema is written.
To staff a value is masked wherever it is dumped; only `opened=True`, where an opening is written down, shows it whole.
The mark stands in the contract (`x-personal`), where a test reads it for every operation.
"""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from backend.vault.fields import BY_NAME, STAFF, masked


class Personal(fields.String):
    """One marked field, shown to `everybody`, to its person (`own`), or to `staff`."""

    def __init__(self, mark: str, *, to: str, opened: bool = False, **options: Any) -> None:
        """Take the mark of `backend/vault/fields.py`. Refuses whom the mark does not name."""
        found = BY_NAME[mark]
        if to not in found.shown_to:
            raise ValueError(f"{mark} is not shown to {to}")
        self.mask = found.mask if to == STAFF and not opened else None
        told = {"field": mark, "to": to, "is_masked": self.mask is not None}
        metadata = {"x-personal": told} | options.pop("metadata", {})
        super().__init__(metadata=metadata, **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        text = super()._serialize(value, attr, obj, **kwargs)
        return text if text is None or self.mask is None else masked(text, self.mask)

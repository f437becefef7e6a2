"""Instants at the edge: told with their offset, shown in Asia/Shanghai (law 9)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marshmallow import ValidationError, fields

from backend.core import clock

YEARS = range(2020, 2100)


class LocalTime(fields.AwareDateTime):
    """An instant: told with its offset, shown in Asia/Shanghai to the second."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else clock.local_iso(value)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> datetime:
        instant: datetime = super()._deserialize(value, attr, data, **kwargs)
        if instant.year not in YEARS:
            raise ValidationError("Not a valid datetime.")
        return instant

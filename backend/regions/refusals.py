"""What the regions refuse, and in which words."""

from __future__ import annotations

from backend.core.errors import InvalidInput, NotFound


class RegionUnknown(NotFound):
    """No unit has this code."""

    code = "REGION_UNKNOWN"
    detail = "没有找到这个地方，请重新查找。"


class NotAVillage(InvalidInput):
    """The code is that of a township or of a larger unit, where a village or community is asked for."""

    code = "NOT_A_VILLAGE"
    detail = "请选择一个村或社区。"


class SearchTooShort(InvalidInput):
    """One character is in ten thousand names: a search needs a word of two."""

    code = "SEARCH_TOO_SHORT"
    detail = "请至少输入两个字，例如“众心”。"

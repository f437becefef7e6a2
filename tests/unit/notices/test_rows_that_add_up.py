"""The printed table of a village's projects adds up, across and down, also when a leftover moved to the fund."""

from __future__ import annotations

from miniapp_api.notices import purse_rows

PARTS = ("opening_fen", "received_fen", "refunded_fen", "spent_fen", "corrected_fen", "moved_fen", "closing_fen")


def purse(
    kind: str, *, opening: int, spent: int = 0, corrected: int = 0, moved: int = 0, refunded: int = 0, closing: int
) -> dict[str, object]:
    told = {"title": kind, "kind": kind, "opening_fen": opening, "spent_fen": spent, "corrected_fen": corrected}
    return told | {"refunded_fen": refunded, "moved_to_fund_fen": moved, "closing_fen": closing}


def test_every_row_and_the_sum_of_the_rows_add_up() -> None:
    lamps = purse("public_works", opening=72_369, spent=66_820, corrected=180, moved=6_390, closing=0)
    fund = purse("mutual_aid_fund", opening=1_000, refunded=50, closing=7_540)

    rows = purse_rows([fund, lamps])
    for row in rows:
        opening, received, refunded, spent, corrected, moved, closing = (row[name] for name in PARTS)
        assert opening + received - refunded - spent + corrected + moved == closing
    assert [row["received_fen"] for row in rows] == [200, 661, 861]
    assert [row["moved_fen"] for row in rows] == [6_390, -6_390, 0]
    assert rows[-1]["title"] == "合计"
    assert purse_rows([]) == []

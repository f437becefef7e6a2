"""What a poster or a share card tells. Plain text that the caller has already read from the ledger and checked."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Appeal:
    """One appeal for one project or fund; what is empty is not drawn.

    The organisation, its certificate and the filing number belong on every poster: the Charity Law asks that whoever
    raises money in public shows them in a conspicuous place.
    """

    title: str
    village: str
    url: str
    organisation: str
    parents: tuple[str, ...] = ()
    kind: str = "公益项目"
    certificate: str = ""
    filing_number: str = ""
    contact: str = ""
    raised: str = ""
    raised_note: str = ""
    serial: str = ""
    sharer: str = ""
    cover: bytes | None = None
    round_code: bytes | None = None
    demo: bool = False

    @property
    def above(self) -> str:
        """The places above the village, the province first."""
        return " · ".join(self.parents)

    @property
    def papers(self) -> list[str]:
        """The lines by which a reader can look the organisation up."""
        known = [
            ("募捐组织", self.organisation),
            ("公开募捐资格证书", self.certificate),
            ("募捐方案备案编号", self.filing_number),
        ]
        return [f"{name}：{value}" for name, value in known if value]

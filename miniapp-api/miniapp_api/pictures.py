"""Pictures of a link: its code, a card for the phone, a poster for the wall; drawn by `qr`, kept by content."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from backend.core.clock import local_day
from backend.donations.wording import yuan
from backend.ledger.queries import purse_figures
from backend.media.service import path_of
from backend.projects.queries import find_project, funds_of, get_project
from backend.projects.rules import ProjectRecord
from backend.regions.names import village_name
from backend.regions.queries import RegionView, find_region, village_or_refuse
from backend.sharing.service import PROJECT, LinkRecord
from miniapp_api.edge import settings
from miniapp_api.link_codes import address_of
from qr.appeal import Appeal
from qr.cache import PictureCache

KINDS = {
    "public_works": "公共建设",
    "elder_support": "助老",
    "orphans_disabled": "助孤助残",
    "relief_fund": "救急难",
    "public_service": "公益服务",
    "other": "公益项目",
    "mutual_aid_fund": "村社互助基金",
}


@lru_cache(maxsize=8)
def cache_of(folder: Path) -> PictureCache:
    """Return the folder in which drawn pictures are kept; it may be emptied at any time."""
    return PictureCache(folder)


def pictures() -> PictureCache:
    """Return the picture cache of this installation."""
    return cache_of(settings().data_dir / "pictures")


def appeal_of(link: LinkRecord, *, now: datetime, with_figures: bool) -> Appeal:
    """Return what the picture of a link tells. A poster hangs for months, so it tells no figures of the day."""
    told = appeal_of_target(link.target_kind, link.target_code, now=now, with_figures=with_figures)
    return replace(told, url=address_of(link), sharer=link.sharer_name or "", serial=link.poster_number or "")


def appeal_of_target(kind: str, code: str, *, now: datetime, with_figures: bool = True) -> Appeal:
    """Return what a picture tells of a project or a village without a link. Refuses what does not exist."""
    project = _project_of(kind, code)
    village = village_or_refuse(code) if project is None else find_region(project.village_code)
    if project is None:
        return Appeal(
            title=f"{village_name(village.name)}，我的家乡",
            village=village_name(village.name),
            parents=_parents(village),
            url="",
            organisation="",
        )
    organisation = project.organisation
    raised = purse_figures([(project.code, project.village_code)])[project.code].received_fen if with_figures else 0
    return Appeal(
        title=project.title,
        village=village_name(village.name),
        parents=_parents(village),
        url="",
        organisation=organisation.name if organisation else "",
        kind=KINDS[project.kind],
        certificate=(organisation.fundraising_certificate or "") if organisation else "",
        filing_number=project.filing_number or "",
        raised=f"¥{yuan(raised)}" if raised else "",
        raised_note=f"截至 {local_day(now):%Y-%m-%d}" if raised else "",
        cover=_cover(project),
        demo=project.is_demo,
    )


def _project_of(kind: str, code: str) -> ProjectRecord | None:
    """Return the project that is shown; a village is shown by its fund, and plainly when it has none."""
    if kind == PROJECT:
        return get_project(code)
    fund = funds_of([code]).get(code)
    return None if fund is None else find_project(fund)


def _parents(village: RegionView) -> tuple[str, ...]:
    return tuple(parent.name for parent in village.parents)


def _cover(project: ProjectRecord) -> bytes | None:
    if project.cover_media is None:
        return None
    path = path_of(project.cover_media, folder=settings().data_dir / "media")
    return path.read_bytes() if path.exists() else None

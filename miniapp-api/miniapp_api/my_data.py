"""My data: what we hold of me, a copy of it, correcting it, taking consent back, and being forgotten (PIPL 44-47)."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from backend.core import clock
from backend.core.errors import InvalidInput, Refusal
from backend.donations import queries as gifts
from backend.donations import service as donations
from backend.donations.queries import GiftRecord
from backend.people.accounts import has_account
from backend.people.entering import require_fresh
from backend.people.service import Person
from backend.projects.queries import get_project
from backend.refunds.records import refunds_of_gifts
from backend.refunds.repair_records import newest_cards
from backend.sharing import service as sharing
from backend.vault import consent, rights
from backend.vault.erasing import erase, receipts_to_keep
from backend.vault.fields import (
    GIFT_MESSAGE,
    GIFT_NAME,
    GUARDIAN_NAME,
    GUARDIAN_PHONE,
    OPENID,
    PHONE,
    SHARE_NAME,
    VOLUNTEER_AGE,
    masked,
)
from backend.vault.policy import Policy, present_policy
from backend.volunteers.minors import FROM_14, UNDER_14, correct_guardian, end_consent
from backend.volunteers.service import correct_name
from miniapp_api.donations import as_mine
from miniapp_api.edge import reads, writes
from miniapp_api.gift_schemas import MyGiftSchema
from miniapp_api.refund_schemas import MyRefundSchema
from miniapp_api.sessions import require_person, session_token
from miniapp_api.times import LocalTime
from miniapp_api.volunteers import HoursSchema, hours_of
from miniapp_api.words import hand_in_gift, hand_in_nickname

bp = Blueprint("my_data", __name__, description="我的信息")
VALUE_CHARS_MAX = 100
GIFTS_AT_ONCE = 200
COPY_ACTIVITIES_MAX = 10_000
BANDS_IN_WORDS = {FROM_14: "14至17周岁", UNDER_14: "未满14周岁"}


class NotHere(Refusal):
    """This value is not written anew here, or this consent ends elsewhere: by taking the account off."""

    code = "NOT_HERE"
    detail = "这一项不能在这里改：登录方式请在“我的”里移除。"


class PolicySectionSchema(Schema):
    """One heading with its paragraphs."""

    heading = fields.String(required=True)
    paragraphs = fields.List(fields.String(), required=True)


class PolicySchema(Schema):
    """The present text about personal data. Its versions are numbered; one that was published is never edited."""

    version = fields.Integer(required=True)
    title = fields.String(required=True)
    effective_on = fields.String(required=True)
    sections = fields.List(fields.Nested(PolicySectionSchema), required=True)


class MyValueSchema(Schema):
    """One value that we hold of me. The number by which I log in is masked; the copy has it whole."""

    field = fields.String(required=True)
    row = fields.String(required=True, metadata={"description": "The public code of what it belongs to."})
    label = fields.String(required=True)
    purpose = fields.String(required=True)
    value = fields.String(required=True)
    is_public = fields.Boolean(required=True)
    may_correct = fields.Boolean(required=True)
    changed_at = LocalTime(required=True)


class ConsentSchema(Schema):
    """One consent of mine; `withdrawn_at` is null while it stands."""

    purpose = fields.String(required=True)
    label = fields.String(required=True)
    policy_version = fields.Integer(required=True)
    given_at = LocalTime(required=True)
    withdrawn_at = LocalTime(required=True, allow_none=True)
    may_withdraw = fields.Boolean(required=True)


class MyDataSchema(Schema):
    """Everything that we hold of me, what I agreed to, and how many receipts would keep my real name for their term."""

    items = fields.List(fields.Nested(MyValueSchema), required=True)
    consents = fields.List(fields.Nested(ConsentSchema), required=True)
    receipts_kept = fields.Integer(required=True)


class MyCopySchema(MyDataSchema):
    """The copy: also every gift, refund and hour, as this person sees them on his own pages."""

    gifts = fields.List(fields.Nested(MyGiftSchema), required=True)
    refunds = fields.List(fields.Nested(MyRefundSchema), required=True)
    hours = fields.Nested(HoursSchema, required=True)


class CorrectionSchema(Schema):
    """What the value is to be. `agrees`: the tick of the guardian whose name or number it is; he agrees anew."""

    value = fields.String(required=True, validate=validate.Length(1, VALUE_CHARS_MAX))
    agrees = fields.Boolean(load_default=False)


class ErasureSchema(Schema):
    """To be forgotten cannot be undone: who means it says so."""

    sure = fields.Boolean(required=True, validate=validate.Equal(True))


class ErasedSchema(Schema):
    """How many receipts keep a name, sealed, until their legal term is over."""

    receipts_kept = fields.Integer(required=True)


@bp.get("/privacy")
@bp.response(200, PolicySchema)
def show_policy() -> Policy:
    """Show what we collect, for what, and what a person may do about it."""
    return present_policy()


@bp.get("/me/data")
@bp.response(200, MyDataSchema)
@reads
def show_my_data() -> dict[str, Any]:
    """Show everything that we hold of me (PIPL 45)."""
    return _my_data(require_person(), is_whole=False)


@bp.get("/me/data/copy")
@bp.response(200, MyCopySchema)
@reads
def copy_my_data() -> dict[str, Any]:
    """Give a copy of everything, whole, to carry elsewhere (PIPL 45). Who has an account logs in anew before."""
    person = require_person()
    _require_owner(person)
    given = _gifts_of(person.id)
    own = {
        "gifts": list(map(as_mine(given), given)),
        "refunds": _refunds_of(given),
        "hours": hours_of(person.id, limit=COPY_ACTIVITIES_MAX),
    }
    return _my_data(person, is_whole=True) | own


@bp.put("/me/data/<field>/<row>")
@bp.arguments(CorrectionSchema)
@bp.response(200, MyDataSchema)
@writes
def correct_my_data(form: dict[str, Any], field: str, row: str) -> dict[str, Any]:
    """Correct one value (PIPL 46); what everybody sees is checked anew, and a guardian agrees anew."""
    person = require_person()
    item = rights.item_of(person.id, field=field, row=row)
    if not item.mark.may_correct:
        raise NotHere()
    if field in (GIFT_NAME, GIFT_MESSAGE):
        _correct_gift(person, row, {"name" if field == GIFT_NAME else "message": form["value"]})
    elif field == SHARE_NAME:
        _correct_nickname(person, row, form["value"])
    elif field in (GUARDIAN_NAME, GUARDIAN_PHONE):
        correct_guardian(row=row, field=field, **form, now=clock.now())
    else:
        correct_name(row=row, name=form["value"], now=clock.now())
    return _my_data(person, is_whole=False)


@bp.delete("/me/data/consents/<purpose>")
@bp.response(200, MyDataSchema)
@writes
def withdraw_consent(purpose: str) -> dict[str, Any]:
    """Take a consent back; a public name, or a minor's coming seats, are gone at once (PIPL 15)."""
    person, now = require_person(), clock.now()
    if purpose in consent.BY_ACCOUNT:
        raise NotHere()
    if purpose not in consent.LABELS:
        raise InvalidInput(field="purpose")
    if purpose in consent.BY_GUARDIAN:
        end_consent(person_id=person.id, now=now)
    else:
        donations.hide_names(person_id=person.id, now=now)
        sharing.forget_names(person_id=person.id)
    return _my_data(person, is_whole=False)


@bp.post("/me/data/erasure")
@bp.arguments(ErasureSchema)
@bp.response(200, ErasedSchema)
@writes
def erase_me(_form: dict[str, Any]) -> dict[str, int]:
    """Forget me: keys destroyed, accounts and phones ended; money, receipts' numbers and hours stay (PIPL 47)."""
    person = require_person()
    _require_owner(person)
    return {"receipts_kept": erase(person.id, actor=person.code, now=clock.now())}


def _require_owner(person: Person) -> None:
    if has_account(person.id):
        require_fresh(session_token() or "", now=clock.now())


def _gifts_of(person_id: int) -> list[GiftRecord]:
    """Return all gifts of a person, read page by page."""
    found: list[GiftRecord] = []
    before: int | None = None
    while page := gifts.gifts_of_person(person_id, before_id=before, limit=GIFTS_AT_ONCE, now=clock.now()):
        found += page
        before = page[-1].id
    return found


def _refunds_of(given: list[GiftRecord]) -> list[dict[str, Any]]:
    """Return the refunds of these gifts, each with what is left of the card that it went to instead, if any."""
    found: list[dict[str, Any]] = []
    for start in range(0, len(given), GIFTS_AT_ONCE):
        rows = refunds_of_gifts([gift.code for gift in given[start : start + GIFTS_AT_ONCE]])
        cards = newest_cards(row.code for row in rows)
        for row in rows:
            card = cards.get(row.code)
            end = (card.bank, card.card_tail) if card else (None, None)
            found.append(vars(row) | dict(zip(("card_bank", "card_tail"), end, strict=True)))
    return found


def _my_data(person: Person, *, is_whole: bool) -> dict[str, Any]:
    items = [_item_view(item, is_whole=is_whole) for item in rights.items_of(person.id)]
    kept = len(receipts_to_keep(person.id))
    return {"items": items, "consents": consent.consents_of(person.id), "receipts_kept": kept}


def _item_view(item: rights.Item, *, is_whole: bool) -> dict[str, Any]:
    mark = item.mark
    is_masked = not is_whole and mark.field in (PHONE, OPENID)
    told = BANDS_IN_WORDS[item.value] if mark.field == VOLUNTEER_AGE else item.value
    return {
        "field": mark.field,
        "row": item.row,
        "label": mark.label,
        "purpose": mark.purpose,
        "value": masked(item.value, mark.mask) or "（已绑定）" if is_masked else told,
        "is_public": mark.is_public,
        "may_correct": mark.may_correct,
        "changed_at": item.changed_at,
    }


def _correct_gift(person: Person, code: str, told: dict[str, str]) -> None:
    now = clock.now()
    before = gifts.find_gift(code, now=now)
    kept = {name: getattr(before, name) for name in ("display", "name", "hide_amount", "message")}
    shown = donations.showing(**(kept | told))
    donations.change_showing(code=code, person_id=person.id, shown=shown, now=now)
    village = get_project(before.project_code).village_code
    hand_in_gift(code, shown, person_id=before.person_id, region_code=village, now=now)


def _correct_nickname(person: Person, link_id: str, nickname: str) -> None:
    now, link = clock.now(), sharing.find_link(link_id)
    sharing.rename(link_id=link_id, person_id=person.id, nickname=nickname, now=now)
    region = get_project(link.target_code).village_code if link.target_kind == sharing.PROJECT else link.target_code
    hand_in_nickname(link_id, nickname, person_id=person.id, region_code=region, now=now)

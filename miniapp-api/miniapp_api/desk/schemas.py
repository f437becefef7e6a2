"""The forms that the desk sends and the answers that it gets: strict, and refusing what they do not know."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from backend.disbursements.queries import STATES
from backend.disbursements.spending import CHANNELS
from backend.projects.form import LONGER_THAN_A_YEAR
from backend.projects.rules import KINDS
from miniapp_api.cards import ProjectCardSchema
from miniapp_api.project_schemas import DecisionSchema, ListSchema, OrganisationSchema
from miniapp_api.regions import RegionSchema
from miniapp_api.times import LocalTime

CODE = validate.Regexp(r"[0-9A-Za-z]{1,16}\Z")


def fen() -> fields.Integer:
    """Return a field for an amount: a whole number, never a text, a fraction or a truth value."""
    return fields.Integer(required=True, strict=True)


class PlanItemFormSchema(Schema):
    """One line of the budget."""

    title = fields.String(required=True)
    amount_fen = fen()


class DecisionFormSchema(DecisionSchema):
    """How the villagers decided."""

    attendees = fields.Integer(required=True, strict=True)
    in_favour = fields.Integer(required=True, strict=True)


class ProjectFormSchema(Schema):
    """The ready form (Annex 2, R61-R73); a village's fund has no target, no end and no plan."""

    title = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    kind_reason = fields.String(load_default=None, allow_none=True)
    village_code = fields.String(required=True, validate=validate.Regexp(r"\d{12}\Z"))
    address = fields.String(load_default=None, allow_none=True)
    village_profile = fields.String(required=True)
    summary = fields.String(required=True)
    story = fields.String(required=True)
    decision = fields.Nested(DecisionFormSchema, required=True)
    person_in_charge = fields.String(required=True)
    phone = fields.String(required=True)
    target_fen = fields.Integer(strict=True, load_default=None, allow_none=True)
    starts_on = fields.Date(required=True)
    ends_on = fields.Date(load_default=None, allow_none=True)
    plan = fields.List(fields.Nested(PlanItemFormSchema), load_default=list)
    organisation_code = fields.String(required=True)
    filing_number = fields.String(required=True)
    cover_media = fields.String(load_default=None, allow_none=True, validate=CODE)
    truth_pledged = fields.Boolean(required=True, truthy={True}, falsy={False})


class PublishedSchema(ProjectCardSchema):
    """The published project, and what is unusual about it."""

    warnings = fields.List(fields.String(metadata={"enum": [LONGER_THAN_A_YEAR]}), required=True)


class ProjectCardListSchema(ListSchema):
    """Projects of the staff member's region."""

    items = fields.List(fields.Nested(ProjectCardSchema), required=True)


class DeskOrganisationSchema(OrganisationSchema):
    """An organisation to choose in the form."""

    code = fields.String(required=True)


class DeskOrganisationListSchema(Schema):
    """All organisations, by name."""

    items = fields.List(fields.Nested(DeskOrganisationSchema), required=True)


class SpendingFormSchema(Schema):
    """What was bought, with its voucher."""

    title = fields.String(required=True)
    amount_fen = fen()
    spent_on = fields.Date(required=True)
    channel = fields.String(load_default="bank", validate=validate.OneOf(CHANNELS))
    voucher_media = fields.String(required=True, validate=CODE)


class CorrectionFormSchema(Schema):
    """How much came back, and why."""

    amount_fen = fen()
    reason = fields.String(required=True)


class ProgressFormSchema(Schema):
    """How the project goes on, with a photo if one likes."""

    text = fields.String(required=True)
    photo_media = fields.String(load_default=None, allow_none=True, validate=CODE)


class CodeSchema(Schema):
    """The code of what was added."""

    code = fields.String(required=True)


class PayoutFormSchema(Schema):
    """How much of which project goes to its village."""

    project_code = fields.String(required=True, validate=CODE)
    amount_fen = fen()


class PayoutRefusalFormSchema(Schema):
    """Why the payout is refused; its proposer reads it."""

    reason = fields.String(required=True)


class PayoutSchema(Schema):
    """A payout, for the desk, with what became of it: `waiting`, `approved`, or one of three ends without money.

    `withdrawn` by who proposed it, `refused` by another with `end_reason`, `closed` with its project by nobody.
    `is_mine`: the staff member who asks has proposed it.
    """

    code = fields.String(required=True)
    project_code = fields.String(required=True)
    project_title = fields.String(required=True)
    village_code = fields.String(required=True)
    village = fields.Nested(RegionSchema, required=True)
    amount_fen = fields.Integer(required=True)
    state = fields.String(required=True, metadata={"enum": list(STATES)})
    is_mine = fields.Boolean(required=True)
    proposed_by = fields.String(required=True)
    proposed_at = LocalTime(required=True)
    approved_by = fields.String(required=True, allow_none=True)
    approved_at = LocalTime(required=True, allow_none=True)
    ended_by = fields.String(required=True, allow_none=True)
    ended_at = LocalTime(required=True, allow_none=True)
    end_reason = fields.String(required=True, allow_none=True)


class PayoutListSchema(ListSchema):
    """Payouts to the villages of the staff member's region."""

    items = fields.List(fields.Nested(PayoutSchema), required=True)


class PurseNameSchema(Schema):
    """A project or a fund by name, with its village."""

    code = fields.String(required=True)
    title = fields.String(required=True)
    kind = fields.String(required=True, metadata={"enum": list(KINDS)})
    village_code = fields.String(required=True)
    village_name = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": ["collecting", "ended", "closed"]})


class WaitingMoneySchema(Schema):
    """Money that arrived and has no project yet.

    `meant_for`: what its giver chose, null when no order of ours stands behind it. `offers`: where it is best given,
    the nearest to that wish first: the project if it still collects, and the fund of its village. `due_on`: the last
    day of its term, the third working day after it came; `is_overdue`: that day is over.
    """

    reference = fields.String(required=True)
    amount_fen = fields.Integer(required=True)
    channel = fields.String(required=True, allow_none=True)
    provider_date = fields.Date(required=True, allow_none=True)
    posted_at = LocalTime(required=True)
    due_on = fields.Date(required=True)
    is_overdue = fields.Boolean(required=True)
    meant_for = fields.Nested(PurseNameSchema, required=True, allow_none=True)
    offers = fields.List(fields.Nested(PurseNameSchema), required=True)


class WaitingMoneyListSchema(ListSchema):
    """Money that waits for its project."""

    items = fields.List(fields.Nested(WaitingMoneySchema), required=True)


class ReallocationFormSchema(Schema):
    """Which project the money is for."""

    project_code = fields.String(required=True, validate=CODE)


class ReallocationSchema(Schema):
    """The transfer that gave the money its project."""

    reference = fields.String(required=True)
    amount_fen = fields.Integer(required=True)

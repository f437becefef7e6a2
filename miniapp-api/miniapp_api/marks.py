"""Who may read each text of an answer, where it is not one person's own: those carry their mark in the schema.

What people told about themselves is a `Personal` field (`personal.py`), with its mark in `backend/vault/fields.py`.
Every other text that could hold somebody's words is named here, by its schema, under who may read it. A text that
stands in neither place is found by the test of the contract: a new `name` must be marked before it leaves the house.
"""

from __future__ import annotations

EVERYBODY_READS: dict[str, str] = {
    # What the house and its projects tell: written at the desk to be published.
    "Activity": "content place title village_name",
    "ActivityCard": "place title village_name",
    "Built": "title",
    "GivenTo": "title",
    "MyGiftProject": "title village_name",
    "Notice": "correction_reason title",
    "NoticeCard": "title",
    "NoticeLine": "reason title",
    "NoticePurse": "title",
    "Organisation": "name",
    "PlanItem": "title",
    "Policy": "title",
    "PolicySection": "heading paragraphs",
    "Problem": "detail fields title",
    "ProgressPost": "text",
    "Project": "kind_reason story summary title village_name village_profile",
    "ProjectCard": "title village_name",
    "Published": "title village_name",
    "Decision": "note",
    "PurseName": "title village_name",
    "Refusal": "detail",
    "Region": "name",
    "RegionChild": "name",
    "RegionFound": "name",
    "RegionName": "name",
    "SpendingLine": "title",
    "Station": "holder",
    "Target": "title",
    "Team": "name",
    "ToldProvider": "message",
    "Transfer": "reason",
    "Village": "name",
    "VillageCard": "name",
}
# People in an office, whose names the law has published: who answers for a project, who leads an activity (慈善法 24).
IN_OFFICE: dict[str, str] = {"Activity": "leader_name", "Contact": "name phone_masked", "ProgressPost": "posted_by"}
ITS_PERSON_READS: dict[str, str] = {
    "AwayAddress": "address",
    "Consent": "label purpose",
    "Message": "text title",
    "MyRefund": "card_bank card_tail refuse_reason",
    "MyValue": "label purpose value",
    "Opening": "labels reason staff_name staff_place",
    "Refund": "refuse_reason",
    "StatementLine": "organisation project_title receipt village_name",
    "WordsState": "reason",
}
STAFF_READ: dict[str, str] = {
    # What staff wrote about their own acts, and their names beside it; no giver's or volunteer's words.
    "Alert": "facts subject",
    "Day": "closed_by",
    "DeskLink": "place revoked_for",
    "DeskOpening": "labels reason staff_name staff_place",
    "DeskOrganisation": "name",
    "DeskRefund": "approved_by asked_by checked_by project_title refuse_reason refused_by",
    "DeskRegion": "name",
    "Difference": "decided_by note proposed_by reason",
    "Letter": "last_error subject",
    "OwnMoney": "approved_by end_reason proposed_by reason",
    "Payout": "approved_by end_reason ended_by project_title proposed_by",
    "RefundCard": "bank card_tail confirmed_by entered_by provider_words",
    "SessionLine": "device",
    "Staff": "name",
}
# Forms: what comes in here is read again only in the answers above.
IS_TOLD: dict[str, str] = {
    "ActivityForm": "content leader_name place title",
    "Away": "next",
    "CardForm": "bank_account real_name",
    "Confirmation": "reason",
    "Correction": "value",
    "CorrectionForm": "reason",
    "DayReasonForm": "reason",
    "DecisionForm": "note",
    "OpeningForm": "reason",
    "OwnMoneyForm": "reason",
    "PayoutRefusalForm": "reason",
    "PlanItemForm": "title",
    "PosterForm": "place",
    "ProgressForm": "text",
    "ProjectForm": "address kind_reason person_in_charge phone story summary title village_profile",
    "ProposalForm": "reason",
    "Reason": "reason",
    "ReasonForm": "reason",
    "RefundRefusalForm": "reason",
    "RejectionForm": "reason",
    "RevocationForm": "reason",
    "SpendingForm": "title",
    "TakeBackForm": "reason",
    "TeamForm": "name",
}
_MACHINES = """
code next_cursor village_code project_code gift_code fund_code person_code notice_code scope_code organisation_code
staff_code url qr_url card_url poster_url pdf_url cover_url photo_url voucher_url receipt_url pay_url script_url
voucher_media photo_media cover_media reference kind channel token password new_password secret recovery_codes picture
number receipt_number refund_no provider_refund_no provider_code order_no transaction_no poster_number filing_number
card_code uscc fundraising_certificate period effective_on version currency subscribe_templates seal source target
request_id type appId nonceStr package paySign signType timeStamp app_id nonce signature corrected_by corrects field
row up_to via link shown_code login role actions
"""
NO_WORDS = frozenset(_MACHINES.split())
"""Codes, addresses, numbers, tokens and words of machines, by their names alone: nobody's words stand in them."""

"""Notices of WeChat Pay, verified already: what is sealed in them is opened and read. Calls nobody."""

from __future__ import annotations

from typing import Any

from backend.payments.providers import NOTICE, RefundTold, Told, Unreadable
from backend.payments.shapes import NOTICE_ID, ShapeWrong, keepable, load_object, name_of_bytes, part, text
from backend.payments.wechat.reading import NAME, read_merchant, read_payment, read_refund
from backend.payments.wechat.sealed import unsealed

PAID_EVENT = "TRANSACTION.SUCCESS"
_REFUND_EVENTS = {"REFUND.SUCCESS": "success", "REFUND.ABNORMAL": "abnormal", "REFUND.CLOSED": "closed"}


def read_notice(body: bytes, *, apiv3_key: str) -> Told:
    """Return what a verified notice tells; one that cannot be read keeps its bytes for a person to look at.

    Refuses `ResourceUnreadable` when what is sealed does not open with our key.
    """
    try:
        told = load_object(body)
        notice_id = text(told, "id", NOTICE_ID)
    except ShapeWrong:
        return _unreadable(body, notice_id=name_of_bytes(body), is_expected=False)
    event = told.get("event_type")
    if not isinstance(event, str) or (event != PAID_EVENT and event not in _REFUND_EVENTS):
        return _unreadable(body, notice_id=notice_id, is_expected=isinstance(event, str))
    try:
        opened = load_object(unsealed(_resource(told), apiv3_key=apiv3_key))
        if event == PAID_EVENT:
            return read_payment(opened, notice_id=notice_id, told_by=NOTICE)
        return _refund(opened, notice_id=notice_id, state=_REFUND_EVENTS[event])
    except ShapeWrong:
        return _unreadable(body, notice_id=notice_id, is_expected=False)


def _resource(told: dict[str, Any]) -> dict[str, Any]:
    if told.get("resource_type") != "encrypt-resource":
        raise ShapeWrong("resource_type")
    return part(told, "resource")


def _refund(opened: dict[str, Any], *, notice_id: str, state: str) -> RefundTold:
    """Return what a notice tells of a refund; its name outside and its state inside must say the same."""
    told = read_refund(opened, told_by=NOTICE, notice_id=notice_id, merchant=read_merchant(opened))
    if told.state != state:
        raise ShapeWrong("event_type")
    return told


def _unreadable(body: bytes, *, notice_id: str, is_expected: bool) -> Unreadable:
    return Unreadable(provider=NAME, notice_id=notice_id, body=keepable(body), is_expected=is_expected)

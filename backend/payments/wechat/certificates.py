"""WeChat's platform certificates, fetched on an operator's word and never because a message named an unknown one (D7).

The answer is signed by a certificate that it may bring itself; what makes it WeChat's is that each certificate in it is
sealed with our APIv3 key. Fetching them is therefore also the proof that this key is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from backend.payments.shapes import ShapeWrong, load_object, part
from backend.payments.signature import NoticeRefused
from backend.payments.wechat.caller import Caller, NoAnswer
from backend.payments.wechat.keys import Certificate, read_certificate, ring_of
from backend.payments.wechat.sealed import unsealed

NO_CERTIFICATES = "none"
"""The reason of a `NoAnswer` that is an answer: this merchant has a public key of WeChat's and no certificates."""
_NONE_THERE = ("RESOURCE_NOT_EXISTS", "RESOURCE_NOT_EXIST")


@dataclass(frozen=True, kw_only=True)
class FetchedCertificate:
    """A certificate and its text, to be written into a file that WECHAT_PAY_PLATFORM_CERT_FILES names."""

    certificate: Certificate
    pem: bytes


def fetch_certificates(caller: Caller, *, now: datetime) -> tuple[FetchedCertificate, ...]:
    """Return the certificates with which WeChat signs for this merchant now, and will soon.

    A network call. Raises `NoAnswer` (its reason is `NO_CERTIFICATES` where WeChat has none for this merchant), and
    `ResourceUnreadable` when the APIv3 key is wrong.
    """
    answer = caller.exchange("GET", "/v3/certificates", b"", now=now, action="certificates")
    try:
        told = load_object(answer.body)
        if answer.status == 404 and told.get("code") in _NONE_THERE:
            raise NoAnswer(NO_CERTIFICATES)
        listed = told.get("data") if answer.status == 200 else None
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            raise ShapeWrong("data")
        texts = [unsealed(part(one, "encrypt_certificate"), apiv3_key=caller.pay.apiv3_key) for one in listed]
        fetched = tuple(FetchedCertificate(certificate=read_certificate(pem), pem=pem) for pem in texts)
        certificates = (*caller.keys.certificates, *(one.certificate for one in fetched))
        ring = ring_of(certificates, public_key_id=caller.keys.public_key_id, public_key=caller.keys.public_key)
        ring.verify(answer.headers, answer.body, now=now)
    except ValueError:
        raise NoAnswer("shape") from None
    except NoticeRefused:
        raise NoAnswer("unsigned") from None
    return fetched

"""What we sign for WeChat Pay: each request, and what a phone hands to its cashier. RSA-2048, SHA-256, PKCS#1 v1.5."""

from __future__ import annotations

import base64
from datetime import datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from backend.core.ids import new_code
from backend.payments.signature import SIGNATURE_TYPE

NONCE_LETTERS = 32


def authorization(
    *, mchid: str, serial: str, key: RSAPrivateKey, method: str, target: str, body: bytes, now: datetime
) -> str:
    """Return the Authorization of a request to `target`, the path with its query exactly as it is sent.

    Signed are five lines, each ending with a line feed; without a body the last one is empty.
    """
    timestamp, nonce = int(now.timestamp()), new_code(NONCE_LETTERS)
    signature = signed(f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode("ascii") + body + b"\n", key=key)
    told = {"mchid": mchid, "nonce_str": nonce, "signature": signature, "timestamp": timestamp, "serial_no": serial}
    return f"{SIGNATURE_TYPE} " + ",".join(f'{name}="{value}"' for name, value in told.items())


def phone_params(*, prepay_id: str, app_id: str, key: RSAPrivateKey, now: datetime) -> dict[str, str]:
    """Return what `wx.requestPayment` and the H5 bridge are handed, signed as of `now`."""
    told = {
        "timeStamp": str(int(now.timestamp())),
        "nonceStr": new_code(NONCE_LETTERS),
        "package": f"prepay_id={prepay_id}",
    }
    lines = "".join(f"{line}\n" for line in (app_id, *told.values()))
    return told | {"signType": "RSA", "paySign": signed(lines.encode("utf-8"), key=key)}


def signed(text: bytes, *, key: RSAPrivateKey) -> str:
    """Return the signature over `text`, in base64."""
    return base64.b64encode(key.sign(text, PKCS1v15(), hashes.SHA256())).decode("ascii")

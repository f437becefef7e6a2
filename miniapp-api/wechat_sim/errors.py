"""How WeChat says no: WeChat Pay by HTTP status and code, api.weixin.qq.com by errcode under HTTP 200."""

from __future__ import annotations

import secrets
from typing import Any


class PayError(Exception):
    """An answer of WeChat Pay that is not a success."""

    def __init__(self, status: int, code: str, message: str, detail: dict[str, Any] | None = None) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status, self.code, self.message, self.detail = status, code, message, detail

    def body(self) -> dict[str, Any]:
        """Return the error document."""
        told: dict[str, Any] = {"code": self.code, "message": self.message}
        return told if self.detail is None else told | {"detail": self.detail}


def param_error(field: str, issue: str, value: object = None, *, location: str = "body") -> PayError:
    """Return the refusal of one field."""
    shown = value if isinstance(value, str | int | bool) else repr(value)
    detail = {"field": field, "value": shown, "issue": issue, "location": location}
    return PayError(400, "PARAM_ERROR", f"参数错误：{field} {issue}", detail)


class ServerError(Exception):
    """An errcode of api.weixin.qq.com."""

    def __init__(self, errcode: int, errmsg: str) -> None:
        super().__init__(f"{errcode} {errmsg}")
        self.errcode, self.errmsg = errcode, errmsg

    def body(self) -> dict[str, Any]:
        """Return the error document; `errmsg` ends with a request id, as WeChat's does."""
        rid = "-".join(secrets.token_hex(4) for _ in range(3))
        return {"errcode": self.errcode, "errmsg": f"{self.errmsg} rid: {rid}"}

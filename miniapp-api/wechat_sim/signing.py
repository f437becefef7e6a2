"""How WeChat Pay signs what it says, and how it verifies what a merchant says."""

from __future__ import annotations

import secrets

from wechat_sim import crypto
from wechat_sim.books import World
from wechat_sim.crypto import SCHEME, SKEW_SECONDS, BadAuthorization
from wechat_sim.errors import PayError


def platform_headers(world: World, body: bytes, *, by_public_key: bool, moved_seconds: int = 0) -> dict[str, str]:
    """Return the headers by which WeChat proves that `body` is its word."""
    keys = world.keys
    key = keys.platform_key if by_public_key else keys.cert_key
    timestamp = str(int(world.now().timestamp()) + moved_seconds)
    nonce = secrets.token_hex(16)
    return {
        "Wechatpay-Serial": keys.public_key_id if by_public_key else keys.cert_serial,
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": crypto.sign(key, crypto.lines(timestamp, nonce, body)),
        "Wechatpay-Signature-Type": SCHEME,
    }


def check_request(world: World, *, method: str, path: str, body: bytes, authorization: str) -> None:
    """Refuse a request that the merchant did not sign, over these very bytes, within five minutes."""
    try:
        told = crypto.read_authorization(authorization)
    except BadAuthorization as error:
        raise PayError(401, "SIGN_ERROR", str(error)) from error
    if told.mchid != world.keys.mchid:
        raise PayError(401, "SIGN_ERROR", "商户号不存在")
    if told.serial_no.upper() != world.keys.merchant_serial:
        raise PayError(401, "SIGN_ERROR", "商户证书序列号有误，请使用签名私钥匹配的证书序列号")
    if abs(world.now().timestamp() - int(told.timestamp)) >= SKEW_SECONDS:
        raise PayError(401, "SIGN_ERROR", "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")
    message = crypto.lines(method, path, told.timestamp, told.nonce_str, body)
    if not crypto.is_signed(world.keys.merchant_cert.public_key(), message, told.signature):  # type: ignore[arg-type]  # RSA
        shown = message.decode("utf-8", "replace")[:600]
        information = {"method": method, "url": path, "truncated_sign_message": shown}
        detail = {"field": "signature", "issue": "sign not match", "location": "authorization"}
        detail |= {"sign_information": information}  # type: ignore[dict-item]  # one of its values is an object
        raise PayError(401, "SIGN_ERROR", "签名错误，请检查后再试", detail)


def answers_by_public_key(world: World, serial: str) -> bool:
    """Whether an answer is signed by the public key: the request's `Wechatpay-Serial` says which key it wants."""
    keys = world.keys
    if serial and serial not in (keys.public_key_id, keys.cert_serial):
        raise PayError(400, "PARAM_ERROR", "平台证书序列号Wechatpay-Serial错误")
    has_cert = not world.knobs.hits("keys.no_certificates")
    if serial == keys.cert_serial and not has_cert:
        raise PayError(400, "PARAM_ERROR", "平台证书序列号Wechatpay-Serial错误：商户没有平台证书")
    if serial == keys.cert_serial and world.knobs.hits("keys.cert_expired"):
        raise PayError(403, "NOT_ENOUGH", "平台证书已过期失效，请更换为微信支付公钥")
    return serial == keys.public_key_id or not has_cert

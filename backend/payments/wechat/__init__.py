"""WeChat Pay v3: our own adapter. `pay.WechatPay` is what the rest of the house knows of it."""

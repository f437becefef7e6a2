"""A simulator of WeChat's interfaces, a development tool: WeChat Pay v3, api.weixin.qq.com, OAuth and the people.

A process of its own with real RSA and AES, written from WeChat's specification and from nothing of ours: an error that
our adapters had would otherwise hide in it too. No real money moves here, and nothing of it runs in production.
"""

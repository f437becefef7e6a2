"""What a person calls the device that he works on, from what its browser says of itself."""

from __future__ import annotations

# The first that fits names it: an Android also says Linux, and WeChat's browser also says the phone's.
PLACES = (
    ("HarmonyOS", "鸿蒙手机"),
    ("iPhone", "苹果手机"),
    ("iPad", "苹果平板"),
    ("Android", "安卓手机"),
    ("Windows", "Windows 电脑"),
    ("Macintosh", "苹果电脑"),
    ("Linux", "Linux 电脑"),
)
BROWSERS = (
    ("MicroMessenger", "微信"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)


def device_name(user_agent: str) -> str:
    """Return the device and the browser in words; the header is only ever matched, never kept."""
    place = next((name for sign, name in PLACES if sign in user_agent), "其他设备")
    browser = next((name for sign, name in BROWSERS if sign in user_agent), "")
    return f"{place} · {browser}" if browser else place

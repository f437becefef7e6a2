"""Where the installation listens and keeps its data: the little that must be known before anything is installed.

The product's own settings (backend/core/config.py) are the authority and check all of them; this reads the same
sources in the same order, with the standard library alone, so that a busy port is told in the first second.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.launch.messages import BAD_SETTING, Trouble, last_sentence

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound.
LOOPBACK = ("127.0.0.1", "::1", "localhost")
CHECK = """
import sys
from backend.core.config import BadSetting, load_settings
try:
    load_settings()
except BadSetting as refused:
    print(refused, file=sys.stderr)
    sys.exit(78)
"""


@dataclass(frozen=True)
class Place:
    """Where this installation listens, keeps its data (and its database, unless that is a server), and is found."""

    host: str
    port: int
    data_dir: Path
    public_url: str
    keeps_database: bool = True

    @property
    def is_private(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host in LOOPBACK

    @property
    def own_host(self) -> str:
        """The host under which this machine itself reaches the server."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared, not bound.

    @property
    def own_url(self) -> str:
        """The address under which this machine itself reaches the server."""
        return f"http://{bracketed(self.own_host)}:{self.port}"

    def as_environment(self) -> dict[str, str]:
        """Return the settings that every process of this installation must share."""
        place = {"HOST": self.host, "PORT": str(self.port), "DATA_DIR": str(self.data_dir)}
        return place | ({"PUBLIC_URL": self.public_url} if self.public_url else {})


def bracketed(host: str) -> str:
    """Return a host as it stands in an address: an IPv6 number in brackets."""
    return f"[{host}]" if ":" in host else host


def read_env_file(path: Path) -> dict[str, str]:
    """Return the settings of a `.env` file: NAME=value lines, quotes and comments as python-dotenv reads them."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise Trouble(
            f"无法读取设置文件 {path}。", f"{path.name} cannot be read: {error}.", exit_code=BAD_SETTING
        ) from error
    found = {}
    for line in lines:
        name, sign, value = line.strip().removeprefix("export ").partition("=")
        if sign and not name.startswith("#"):
            found[name.strip()] = _unquoted(value.strip())
    return found


def _unquoted(value: str) -> str:
    if value[:1] in ("'", '"') and (end := value.find(value[0], 1)) > 0:
        return value[1:end]
    return value.partition(" #")[0].strip()


def read_place(environ: Mapping[str, str], *, house: Path) -> Place:
    """Return the place from environment and `.env`; the environment goes first. Refuses a PORT that is none."""
    given = read_env_file(house / ".env") | dict(environ)
    host = given.get("HOST", "").strip() or "127.0.0.1"
    text = given.get("PORT", "").strip() or "8000"
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise Trouble(
            f"PORT 应是 1 到 65535 之间的整数，现在是 {text!r}。",
            "PORT must be a whole number from 1 to 65535.",
            mend="make run PORT=8000",
            exit_code=BAD_SETTING,
        )
    data_dir = Path(given.get("DATA_DIR", "").strip() or house / "var").expanduser().absolute()
    public_url = given.get("PUBLIC_URL", "").strip()
    if not public_url and given.get("APP_ENV", "").strip() != "production":
        public_url = f"http://{bracketed(_shown_host(host))}:{text}"
    keeps_database = not given.get("DATABASE_URL", "").strip().startswith("postgres")
    return Place(host, int(text), data_dir, public_url, keeps_database)


def _shown_host(host: str) -> str:
    if host not in EVERYWHERE:
        return host
    found = lan_address()
    if found is None:
        raise Trouble(
            "找不到本机的局域网地址，手机无法按二维码访问。",
            "This machine has no address on a local network.",
            mend="make run HOST=0.0.0.0 PUBLIC_URL=http://<本机IP>:8000",
            exit_code=BAD_SETTING,
        )
    return found


def lan_address() -> str | None:
    """Return this machine's address on its network, or None. No packet is sent: connecting UDP only picks a route."""
    for target in ("192.0.2.1", "192.168.255.254", "10.255.255.254"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((target, 9))
            except OSError:
                continue
            address = str(probe.getsockname()[0])
        if not address.startswith(("127.", "0.")):
            return address
    return None


def check_settings(python: Path, *, house: Path, environ: Mapping[str, str]) -> None:
    """Let the product check all of its settings. Refuses a wrong one with the product's own sentence."""
    told = subprocess.run(
        [str(python), "-c", CHECK],
        cwd=house,
        env=dict(environ),
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if told.returncode != 0:
        raise Trouble(
            last_sentence(told.stderr) or "设置无法读取。",
            "A setting is wrong; see .env.example.",
            mend=f"{'nano' if sys.platform == 'linux' else 'open -e'} .env",
            exit_code=BAD_SETTING,
        )

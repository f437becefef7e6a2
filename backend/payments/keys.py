"""The sandbox provider's own key: made once for each data folder, readable by its owner alone."""

from __future__ import annotations

import hashlib
import os
import tempfile
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

KEY_BITS = 2048


@lru_cache(maxsize=8)
def sandbox_key(data_dir: Path) -> RSAPrivateKey:
    """Return the key with which the sandbox signs; of several processes that make it at once, one wins for all."""
    path = data_dir / "sandbox_key.pem"
    if not path.exists():
        _make(path)
    return _key_in(path.read_bytes())


@lru_cache(maxsize=8)
def _key_in(text: bytes) -> RSAPrivateKey:
    """Read a key once: its numbers are checked then, which takes as long as ten payments."""
    key = load_pem_private_key(text, password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("sandbox_key.pem holds no RSA key")
    return key


def serial_of(key: RSAPrivateKey) -> str:
    """Return the serial by which a message names the key that signed it."""
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"SANDBOX_KEY_{hashlib.sha256(public).hexdigest()[:24].upper()}"


def _make(path: Path) -> None:
    """Write the whole key under another name first: a link appears whole or not at all, and only once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    handle, name = tempfile.mkstemp(dir=path.parent)  # mkstemp makes it 0600.
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)
    except FileExistsError:
        pass
    finally:
        Path(name).unlink(missing_ok=True)

"""The keys of a demo or test installation: made once, kept under the data folder, readable by the owner only."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path


def kept(path: Path, make: object = None) -> str:
    """The text of a key file, made at the first call with mode 0600. Raises OSError when the folder is not writable."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    value = secrets.token_urlsafe(48)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(value)
    return value


def vault_key(path: Path) -> str:
    """A vault key ring of one key, `demo:<base64 of 32 bytes>`."""
    return "demo:" + base64.b64encode(kept(path).encode()[:32]).decode()

"""Demo mode, the default: loopback only, keys made under the data folder."""

from gateway.settings.base import *
from gateway.settings.keys import kept, vault_key

GATEHOUSE_MODE = "demo"
SECRET_KEY = SECRET_KEY or kept(DATA_DIR / "keys" / "secret")
VAULT_KEYS = VAULT_KEYS or vault_key(DATA_DIR / "keys" / "vault")

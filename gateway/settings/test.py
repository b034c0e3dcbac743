"""Settings of the test suite: a database of its own, keys made at run time, fast password hashing."""

import atexit
import base64
import secrets
import shutil
import tempfile
from pathlib import Path

from gateway.settings.base import *

GATEHOUSE_MODE = "test"
DATA_DIR = Path(env.read("GATEHOUSE_DATA") or tempfile.mkdtemp(prefix="gatehouse-test-"))
if not env.read("GATEHOUSE_DATA"):
    atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)
SECRET_KEY = env.read("GATEHOUSE_SECRET_KEY") or secrets.token_urlsafe(48)
VAULT_KEYS = env.read("GATEHOUSE_VAULT_KEYS") or ("test:" + base64.b64encode(secrets.token_bytes(32)).decode())
DATABASES = {"default": env.database(env.read("DATABASE_URL"), DATA_DIR)}
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat")
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", "testserver"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

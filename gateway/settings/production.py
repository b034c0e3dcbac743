"""Production: nothing is made up; the system checks refuse to start on a missing or weak setting."""

from gateway.settings.base import *

GATEHOUSE_MODE = "production"
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-gatehouse_session"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-gatehouse_csrf"
SECURE_HSTS_SECONDS = 31_536_000
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
STATIC_ROOT = DATA_DIR / "static"  # `serve` collects the console's files here.
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = False
# A proxy in front ends TLS and redirects; whether sub-domains share the promise of HTTPS is for their owner to say.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]

"""Settings that hold in every mode. Safe defaults, no secrets; modes import from here and say what differs."""

from __future__ import annotations

import sys
from pathlib import Path

from gateway.settings import env

BASE_DIR = Path(__file__).resolve().parent.parent.parent
GATEHOUSE_MODE = "base"
DATA_DIR = Path(env.read("GATEHOUSE_DATA", "var")).resolve()
PORT = env.read_int("PORT", 8000)
PUBLIC_URL = env.read("GATEHOUSE_PUBLIC_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
# Which ports of a server may be connected to, and which accounts the programs have that run as one of their own.
EGRESS_PORTS = env.read_port_rule("GATEHOUSE_EGRESS_PORTS")
SANDBOX_ACCOUNTS = env.read_range("GATEHOUSE_SANDBOX_UID")
# Where other gateway processes reach this one; `serve` fills in what it binds where nothing is set.
PEER_URL = env.read("GATEHOUSE_PEER_URL").rstrip("/")

DEBUG = False
INSTALLED_APPS = [
    # Only for `manage.py runserver`: the serving processes save the memory of Twisted.
    *(["daphne"] if sys.argv[1:2] == ["runserver"] else []),
    "gateway",
    "registry",
    "governance",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "guardian",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "csp",
    "oauth2_provider",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "gateway.urls"
ASGI_APPLICATION = "gateway.asgi.application"
AUTH_USER_MODEL = "governance.Person"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
ANONYMOUS_USER_NAME = None
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "admin:login"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
DATABASES = {"default": env.database(env.read("DATABASE_URL"), DATA_DIR)}
# For what names variables itself: the secrets of a configuration file, and the few that child processes inherit.
PROCESS_ENVIRONMENT = env.everything()
CHILD_INHERITS = ("PATH", "HOME", "LANG", "TZ", "TMPDIR")
OWNER_URL = env.read("DATABASE_OWNER_URL")
if OWNER_URL:
    DATABASES["owner"] = {**env.database(OWNER_URL, DATA_DIR), "TEST": {"MIRROR": "default"}}
REDIS_URL = env.read("REDIS_URL")
SERVES = frozenset({"gateway", "console"})  # What this process answers for; `serve --only` narrows it.
REDIS_PREFIX = env.read("GATEHOUSE_REDIS_PREFIX", "gatehouse")

ALLOWED_HOSTS = [h.strip() for h in env.read("GATEHOUSE_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")]
SECRET_KEY = env.read("GATEHOUSE_SECRET_KEY")
VAULT_KEYS = env.read("GATEHOUSE_VAULT_KEYS")
# The API token that `manage.py release` votes with.
OPERATOR_TOKEN = env.read("GATEHOUSE_TOKEN")

# Notices are mailed where both are set, and shown in the console in any case.
MAIL = env.mail(env.read("GATEHOUSE_EMAIL_URL"))
EMAIL_HOST, EMAIL_PORT = MAIL.host, MAIL.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL.user, MAIL.password
EMAIL_USE_TLS, EMAIL_USE_SSL = MAIL.starttls, MAIL.tls
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.read("GATEHOUSE_EMAIL_FROM")

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "gatehouse_session"
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_NAME = "gatehouse_csrf"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["governance.api.authentication.PersonTokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "governance.api.problems.problem_response",
    "UNAUTHENTICATED_USER": None,
}

# The library's defaults allow more than we do; the validator refuses it too, since some of these are only advertised.
OAUTH2_PROVIDER_APPLICATION_MODEL = "oauth2_provider.Application"
OAUTH2_PROVIDER = {
    "OAUTH2_SERVER_CLASS": "oauthlib.oauth2.WebApplicationServer",  # It knows codes and refresh tokens only.
    "OAUTH2_VALIDATOR_CLASS": "governance.oauth.validator.Validator",
    "SCOPES": {"mcp": "Call what the agent's roles and the policy allow."},
    "OAUTH2_GRANT_TYPES_SUPPORTED": ["authorization_code", "refresh_token"],
    "OAUTH2_RESPONSE_TYPES_SUPPORTED": ["code"],
    "OIDC_ISS_ENDPOINT": PUBLIC_URL,
    "PKCE_REQUIRED": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_MATCHING": True,
    "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,
}

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": REDIS_PREFIX},
    }
    if REDIS_URL
    else {"BACKEND": "gateway.layer.ThreadSafeChannelLayer"},
}
CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"global_keyprefix": f"{REDIS_PREFIX}:"} if REDIS_URL else {"polling_interval": 0.1}
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat")
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# The defaults of contract section 8, by name.
AGENT_RATE = env.read_rate("GATEHOUSE_AGENT_RATE")
LEDGER_DEADLINE = 2.0
SNAPSHOT_EVERY = 0.25
SNAPSHOT_MAX_AGE = 1.0
SNAPSHOT_WAIT = 0.5
BODY_BYTES = min(env.read_int("GATEHOUSE_BODY_BYTES", 1024 * 1024), 4 * 1024 * 1024)
HOLD_SECONDS = env.read_int("GATEHOUSE_HOLD_SECONDS", 50)
LEG_SECONDS = env.read_int("GATEHOUSE_LEG_SECONDS", 45)
LEGS = 9
WAITING_PER_AGENT = env.read_int("GATEHOUSE_WAITING_PER_AGENT", 20)
WAITING_PER_SERVER = env.read_int("GATEHOUSE_WAITING_PER_SERVER", 200)
REDEEM_SECONDS = env.read_int("GATEHOUSE_REDEEM_SECONDS", 900)
SCAN_EVERY = env.read_int("GATEHOUSE_SCAN_EVERY", 900)
TOKEN_DAYS = 30
OAUTH_ACCESS_SECONDS = env.read_int("GATEHOUSE_OAUTH_ACCESS_SECONDS", 3600)
OAUTH_CODE_SECONDS = 60
OAUTH_UNUSED_HOURS = 24
OAUTH_REGISTRATIONS_PER_ADDRESS = env.read_int("GATEHOUSE_OAUTH_REGISTRATIONS_PER_ADDRESS", 20)
OAUTH_REGISTRATIONS = env.read_int("GATEHOUSE_OAUTH_REGISTRATIONS", 200)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    # What Django says of a refused request holds its path, and the path of a sign-in link is a credential.
    "filters": {"links": {"()": "gateway.console.secret_paths.MaskLinks"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["links"]}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    # The in-process broker has no host name, and warns of that at every start.
    "loggers": {
        "kombu.connection": {"level": "ERROR"},
        "gatehouse": {"level": "INFO"},
        "django.request": {"level": "ERROR"},
    },
}

"""Django's settings. What an installation may set is read as env[NAME]; portal/settings_table.py documents each NAME."""

import logging
import os
from ipaddress import ip_network
from pathlib import Path

import environ
from django.utils.translation import gettext_lazy as _

from courses import policy
from lib import logs
from portal.settings_donations import *  # noqa: F403  # likewise
from portal.settings_env import BASE_DIR, env
from portal.settings_federated import *  # noqa: F403  # likewise
from portal.settings_sign_in import *  # noqa: F403  # what Django reads is wanted here, and nothing else stands there

# ---- the site ----
DEBUG: bool = env["DEBUG"]
SECRET_KEY: str = env["SECRET_KEY"]
# 127.0.0.1 always: by that name the agent beside web asks (systemd).
ALLOWED_HOSTS: list[str] = [*env["ALLOWED_HOSTS"], "127.0.0.1"]
CSRF_TRUSTED_ORIGINS: list[str] = env["CSRF_TRUSTED_ORIGINS"]
HTTPS: bool = env["HTTPS"]
# The portal's own address in links of mails.
PORTAL_URL: str = env["PORTAL_URL"] or f"{'https' if HTTPS else 'http'}://{ALLOWED_HOSTS[0].lstrip('.')}"
DATABASE_URL: str = env["DATABASE_URL"]
REDIS_URL: str = env["REDIS_URL"]
TRUSTED_PROXIES: list[str] = env["TRUSTED_PROXIES"]

# ---- the cloud ----
_has_openstack = bool(os.environ.get("OS_CLOUD") or os.environ.get("OS_AUTH_URL"))
CLOUD: str = env["CLOUD"] or ("openstack" if _has_openstack else "local")
IS_OPENSTACK = CLOUD == "openstack"
DISKS_SOCKET: str = env["DISKS_SOCKET"]  # docs/adr/0068
OPENSTACK_NETWORK: str = env["OPENSTACK_NETWORK"]
AGENT_ADDRESSES: list[str] = env["AGENT_ADDRESSES"]  # empty: this computer's own address
GUEST_EGRESS_BLOCKED: list[str] | None = env["GUEST_EGRESS_BLOCKED"]  # None: the catalogue's addresses
LOCAL_CLOUD_URL: str = env["LOCAL_CLOUD_URL"]
LOCAL_CLOUD_TOKEN: str = env["LOCAL_CLOUD_TOKEN"]
# Of the live process alone: docs/adr/0123.
LIVE_OS_CLOUD: str = env["LIVE_OS_CLOUD"] or ""
LIVE_OS_CLIENT_CONFIG_FILE: str = env["LIVE_OS_CLIENT_CONFIG_FILE"] or ""
LIVE_CLOUD_TOKEN: str = env["LIVE_CLOUD_TOKEN"]
HORIZON_URL: str = env["HORIZON_URL"]

# ---- sign-in ----
PASSWORD_CHECKS: int = env["PASSWORD_CHECKS"]
PASSWORD_WAIT_SECONDS: float = env["PASSWORD_WAIT_SECONDS"]
API_WRITES_A_MINUTE: int = env["API_WRITES_A_MINUTE"]
API_READS_A_MINUTE: int = env["API_READS_A_MINUTE"]

# ---- the life of a machine ----
CATALOG_SECONDS: float = env["CATALOG_SECONDS"]
CLAIM_SECONDS: float = env["CLAIM_SECONDS"]
SWEEP_BUSY_SECONDS: float = env["SWEEP_BUSY_SECONDS"]
SWEEP_QUIET_SECONDS: float = env["SWEEP_QUIET_SECONDS"]
SWEEP_WHOLE_SECONDS: float = env["SWEEP_WHOLE_SECONDS"]
BUILD_SECONDS: float = env["BUILD_SECONDS"]
STEP_SECONDS: float = env["STEP_SECONDS"]
RESTART_SECONDS: float = env["RESTART_SECONDS"]
BOOT_SECONDS: float = env["BOOT_SECONDS"]
STRAY_SECONDS: float = env["STRAY_SECONDS"]
EMPTY_PROJECT_SECONDS: float = env["EMPTY_PROJECT_SECONDS"]
AUDIT_DAYS: int = env["AUDIT_DAYS"]

# ---- idle machines ----
IDLE_SWEEP_SECONDS: float = env["IDLE_SWEEP_SECONDS"]
IDLE_MOST: int = env["IDLE_MOST"]
IDLE_SAMPLE_SECONDS: float = env["IDLE_SAMPLE_SECONDS"]
IDLE_SAMPLE_MOST: int = env["IDLE_SAMPLE_MOST"]
IDLE_LOAD_SECONDS: float = env["IDLE_LOAD_SECONDS"]
IDLE_UNTOLD_HOURS: float = env["IDLE_UNTOLD_HOURS"]
IDLE: dict[str, float | bool] = policy.site_rules(env)  # the rules that this site changes

# ---- the public ports ----
AGENT_POLL_SECONDS: float = env["AGENT_POLL_SECONDS"]
AGENT_SILENT_SECONDS: float = env["AGENT_SILENT_SECONDS"]

# ---- Django ----
INSTALLED_APPS = [
    "portal",
    "machines",
    "courses",
    "nodes",
    "quotas",
    "tunnels",
    "catalog",
    "accounts",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.saml",
    "allauth.mfa",
    "django_htmx",
    "rest_framework",
    "knox",
    "drf_spectacular",
]
MIDDLEWARE = [
    "portal.middleware.stack_room.StackRoom",
    "portal.middleware.request_id.RequestId",
    "portal.middleware.probes.Probes",
    "portal.middleware.home_address.HomeAddress",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.middleware.no_store.NoStore",
    "portal.middleware.body_limits.Refused",
    "portal.middleware.client_addresses.SignIns",
    "portal.middleware.gate.LoginRequiredMiddleware",
    "portal.middleware.page_writes.PageWrites",
    "portal.middleware.terms_gate.TermsFirst",
    "portal.middleware.second_step_gate.SecondStepFirst",
    "portal.middleware.time_zone.ReadersTimeZone",
    "portal.presenters.question_banner.Seen",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.middleware.gate.PageForWrongMethod",
    "portal.middleware.gate.PageForPause",
]
ROOT_URLCONF = "portal.urls"
ASGI_APPLICATION = "portal.asgi.application"
WSGI_APPLICATION = "portal.wsgi.application"
_database = environ.Env.db_url_config(DATABASE_URL)
# The tests switch the pool off: its open connections would keep the test database from being dropped.
# Seconds: whoever waits longer for a connection reads that the site is busy.
_pool = {"pool": {"min_size": 1, "max_size": 12, "timeout": 5}} if env["DB_POOL"] else {}
# PostgreSQL keeps the plans of what is asked again and again, on each connection (docs/adr/0082).
_prepared = {"server_side_binding": True, "prepare_threshold": 3}
DATABASES = {
    # What follows a ? in the address (sslmode=…) is PostgreSQL's own.
    "default": {
        **_database,
        "ENGINE": "lib.postgres",
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**_prepared, **_database.get("OPTIONS", {}), **_pool},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# The database, not Redis: signing in must work while Redis is away.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}}
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.presenters.page_frame.frame",
                "portal.presenters.question_banner.open_questions",
                "portal.presenters.announcement_banner.announcements",
            ]
        },
    }
]
CSRF_FAILURE_VIEW = "portal.views.errors.stale_form"

# Mail (docs/admin/mail.md).
_mail = env["EMAIL_URL"]
EMAIL_BACKEND: str = _mail["EMAIL_BACKEND"]
EMAIL_FILE_PATH: str = _mail["EMAIL_FILE_PATH"]
EMAIL_HOST, EMAIL_PORT = _mail["EMAIL_HOST"], _mail["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_USER"], _mail["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.get("EMAIL_USE_TLS", False), _mail.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL: str = env["DEFAULT_FROM_EMAIL"]
FILES_DIR: str = env["FILES_DIR"]
FILES_MAX_GB: int = env["FILES_MAX_GB"]
# A body with photos is larger than /tmp of a container.
FILE_UPLOAD_TEMP_DIR = FILES_DIR if Path(FILES_DIR).is_dir() else None
PORTAL_KEY_FILE: str = env["PORTAL_KEY_FILE"]  # for lines in terminals (docs/adr/0057)
MACHINE_KEYS_FILE: str = env["MACHINE_KEYS_FILE"]  # seals the portal's key of each machine (docs/adr/0084)
LIVE_URL: str = env["LIVE_URL"]
LIVE_INSIDE: str = env["LIVE_INSIDE"]
TERMINAL_KEEP_HOURS: int = env["TERMINAL_KEEP_HOURS"]

LANGUAGE_CODE = "en"
MAIL_LANGUAGE: str = env["MAIL_LANGUAGE"]  # where neither a person nor their browser has said
LANGUAGES = [("en", _("English")), ("es", _("Spanish"))]
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale" / "libraries"]  # the second: what libraries say
USE_TZ = True
TIME_ZONE: str = env["TIME_ZONE"]
FORMAT_MODULE_PATH = ["portal.formats"]

STATIC_URL = "/static/"
STATIC_ROOT = Path(env["STATIC_ROOT"] or BASE_DIR / "staticfiles")
STATICFILES_DIRS = [BASE_DIR / "static", ("docs", BASE_DIR / "docs" / "images")]  # pictures of pages of help
# make run collects the files first (hashed names, compressed, cached for ever); tests serve them as they lie.
STATIC_MANIFEST: bool = env["STATIC_MANIFEST"]
WHITENOISE_USE_FINDERS = not STATIC_MANIFEST
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "portal.static_names.HashedModules"
        if STATIC_MANIFEST
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# Nothing from elsewhere and nothing inline: what a guest or a person typed can never run in a page.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        # A websocket's scheme is its own; at the portal's own address 'self' means both.
        **({"connect-src": ["'self'", LIVE_URL, LIVE_URL.replace("http", "ws", 1)]} if LIVE_URL else {}),
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_ENGINE = "portal.sessions"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
# On plain http (a trial on loopback) secure cookies would lock everybody out; production says HTTPS=true.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = THEME_COOKIE_SECURE = HTTPS
# With this prefix a browser accepts the cookie only from this very host, over https: no host beside it can plant one.
_ours = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_ours}sessionid", f"{_ours}csrftoken"
LANGUAGE_COOKIE_NAME, THEME_COOKIE_NAME = f"{_ours}django_language", f"{_ours}theme"
ZONE_COOKIE_NAME = f"{_ours}zone"  # written by static/js/zone.js, read by middleware.time_zone
MESSAGES_COOKIE_NAME = f"{_ours}messages"
MESSAGE_STORAGE = "portal.message_storage.MessageStorage"
# Pages only: a program that says http:// has sent its token in clear already, and must hear of it (portal/middleware/home_address.py).
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^api/v1/", r"^agent/"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
# A year, as OWASP ASVS wants it. Not for the names below ours: a gateway may be one of these, and machines offer plain http on its ports.
_hsts: int | None = env["SECURE_HSTS_SECONDS"]
SECURE_HSTS_SECONDS = (365 * 24 * 3600 if HTTPS else 0) if _hsts is None else _hsts

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["portal.api.authentication.Bearer", "portal.api.authentication.Session"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["portal.api.authentication.JSONParser"],
    "DEFAULT_PERMISSION_CLASSES": ["portal.api.terms_permission.SignedInAndAccepted"],
    "DEFAULT_SCHEMA_CLASS": "portal.api.idempotency.Schema",
    "DEFAULT_THROTTLE_CLASSES": ["portal.api.throttle.WritesOfAToken", "portal.api.throttle.ReadsOfAToken"],
    "EXCEPTION_HANDLER": "portal.problems.handler",
}
REST_KNOX = {"AUTH_HEADER_PREFIX": "Bearer", "TOKEN_TTL": None}
SPECTACULAR_SETTINGS = {
    "TITLE": "Minga",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "ComputerStateEnum": "portal.api.donation_shapes.STATES",
        "ComputerKindEnum": "portal.api.donation_shapes.KINDS",
        "DonationStateEnum": "portal.api.donation_shapes.DONATION_STATES",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "portal.api.docs.with_problems",
        "portal.api.docs.with_summaries",
    ],
}

# ---- logs, to standard error (docs/admin/observability.md) ----
LOG_FORMAT: str = env["LOG_FORMAT"]
LOGGING = logs.configuration(LOG_FORMAT, env["LOG_LEVEL"])
logging.captureWarnings(LOG_FORMAT == "json")

# ---- /metrics: for whoever sends the token, or asks from one of these addresses and not through a proxy ----
METRICS_TOKEN: str = env["METRICS_TOKEN"]
METRICS_ALLOW = [ip_network(text) for text in env["METRICS_ALLOW"]]

# ---- Celery: a doorbell, never a memory. What is done when is in portal/celery.py ----
DOORBELL_APP = "portal.celery.app"  # by which lib.doorbell rings
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_BEAT_SCHEDULER = "portal.beat:Scheduler"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for Redis for ever
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 1, "socket_timeout": 5}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1

"""All settings of Minga. Each of ours says its unit and may be set by an environment variable of the same name.

A wrong value stops the start with a sentence.
"""

import logging
from ipaddress import ip_network
from pathlib import Path

import django_stubs_ext
import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from courses.policy import NAMES as POLICY_NAMES
from lib import logs

# Lets ModelForm[Image] and the like be written as the type checker wants them.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def seconds(name: str, default: float) -> float:
    """A setting that is a length of time in seconds, above zero."""
    try:
        value = float(env.str(name, default=str(default)))
    except ValueError:
        value = 0
    if value <= 0:
        raise ImproperlyConfigured(f"{name} must be a number of seconds above 0. Change it or leave it out.")
    return value


def networks(name: str) -> list[str]:
    """A setting that is a list of networks or single addresses."""
    try:
        return [str(ip_network(part.strip())) for part in env.list(name, default=[]) if part.strip()]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}. Write networks like 10.0.0.5/32, separated by commas.") from error


# ---- what every installation sets (make run sets them itself) ----
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY is not set. Put a long random text there (make run does it for you).")
# Whoever guesses it signs in as anybody: sessions, and the links in mails, are signed with it.
if len(SECRET_KEY) < 32 or "change-me" in SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY can be guessed: it is the example's, or shorter than 32 characters. Make one: openssl rand -hex 32."
    )
# 127.0.0.1 always: by that name the agent beside web asks (systemd).
ALLOWED_HOSTS = [*env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"]), "127.0.0.1"]
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
DATABASE_URL = env.str("DATABASE_URL", default="")
if not DATABASE_URL.startswith(("postgres://", "postgresql://")):
    raise ImproperlyConfigured("DATABASE_URL must be the address of a PostgreSQL database: postgres://user@host/name.")
REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")

# ---- the cloud ----
# openstack: a clouds.yaml has OS_CLOUD, or the OS_* variables say it; local: the local cloud of make run. Compose, the units and make run
# say it to every process, since web and beat have no OS_* to see it by.
_has_openstack = bool(env.str("OS_CLOUD", default="") or env.str("OS_AUTH_URL", default=""))
CLOUD = env.str("CLOUD", default="openstack" if _has_openstack else "local")
if CLOUD not in ("openstack", "local"):
    raise ImproperlyConfigured("CLOUD must be openstack or local, or be left out.")
IS_OPENSTACK = CLOUD == "openstack"
# Where the process that reads disks out of the cloud answers web (docs/adr/0068).
DISKS_SOCKET = env.str("DISKS_SOCKET", default="/run/minga-disks/socket")
OPENSTACK_NETWORK = env.str("OPENSTACK_NETWORK", default="")  # name or id; '' = the only shared one
# Networks (CIDR, separated by commas) from which the agent reaches the machines; empty = this computer's own address there.
AGENT_ADDRESSES = networks("AGENT_ADDRESSES")
# Networks (CIDR, separated by commas) to which guests open no connections; empty = the addresses of the services in the cloud's
# catalogue, and AGENT_ADDRESSES; none = guests reach everything.
GUEST_EGRESS_BLOCKED: list[str] | None = (
    [] if env.str("GUEST_EGRESS_BLOCKED", default="").strip() == "none" else networks("GUEST_EGRESS_BLOCKED") or None
)
LOCAL_CLOUD_URL = env.str("LOCAL_CLOUD_URL", default="http://127.0.0.1:8790")
LOCAL_CLOUD_TOKEN = env.str("LOCAL_CLOUD_TOKEN", default="")
# Where Horizon is, for administrators' links to it: https://cloud.example.org or https://cloud.example.org/horizon. '' = no links.
HORIZON_URL = env.str("HORIZON_URL", default="").rstrip("/")
if HORIZON_URL and not HORIZON_URL.startswith(("http://", "https://")):
    raise ImproperlyConfigured("HORIZON_URL must be an address that begins with http:// or https://, or be left out.")

# ---- sign-in ----
# How many passwords are checked at once on this computer, over all processes; 0 = its processors less one, and at least one.
PASSWORD_CHECKS = env.int("PASSWORD_CHECKS", default=0)
if PASSWORD_CHECKS < 0:
    raise ImproperlyConfigured("PASSWORD_CHECKS must be a whole number, or 0 for the computer's processors less one.")
PASSWORD_WAIT_SECONDS = seconds("PASSWORD_WAIT_SECONDS", 2)  # for one's turn; then the answer is "busy" (503)

# ---- the life of a machine ----
CATALOG_SECONDS = seconds("CATALOG_SECONDS", 30)  # between two looks at the cloud's images and sizes
CLAIM_SECONDS = seconds("CLAIM_SECONDS", 60)  # how long a worker may hold a machine before another may take it over
SWEEP_BUSY_SECONDS = seconds("SWEEP_BUSY_SECONDS", 1)  # between two lists while anything is unsettled
SWEEP_QUIET_SECONDS = seconds("SWEEP_QUIET_SECONDS", 15)  # between two lists otherwise
SWEEP_WHOLE_SECONDS = seconds("SWEEP_WHOLE_SECONDS", 60)  # between two lists of everything, not of changes only
BUILD_SECONDS = seconds("BUILD_SECONDS", 900)  # a launch that takes longer has failed
STEP_SECONDS = seconds("STEP_SECONDS", 300)  # likewise a sleep, a wake, a restart, a delete
RESTART_SECONDS = seconds("RESTART_SECONDS", 120)  # for a restart in good order; then the power is cut and switched on
BOOT_SECONDS = seconds("BOOT_SECONDS", 180)  # then it is called running, whatever does not answer
STRAY_SECONDS = seconds("STRAY_SECONDS", 120)  # a second server of a machine, or one of a deleted one, lives so long
EMPTY_PROJECT_SECONDS = seconds(
    "EMPTY_PROJECT_SECONDS", 30 * 24 * 3600
)  # after a person's last machine, how long the cloud keeps their empty project

# ---- idle machines (docs/admin/idle.md) ----
IDLE_SWEEP_SECONDS = seconds("IDLE_SWEEP_SECONDS", 30)  # how often it is looked who is idle, and what follows is done
IDLE_MOST = int(seconds("IDLE_MOST", 100))  # a number: things done in one such look; the next does the rest
IDLE_SAMPLE_SECONDS = seconds("IDLE_SAMPLE_SECONDS", 30)  # how often guests' load is asked for; half of it may be used
IDLE_SAMPLE_MOST = int(seconds("IDLE_SAMPLE_MOST", 2000))  # a number: guests in one such turn
IDLE_LOAD_SECONDS = seconds(
    "IDLE_LOAD_SECONDS", 120
)  # one guest no sooner; unheard for 2.5 times as long, it is unknown
IDLE_UNTOLD_HOURS = seconds(
    "IDLE_UNTOLD_HOURS", 12
)  # hours: an owner whom no warning reaches finds it asleep after so long
# What this site changes of courses.policy.IdlePolicy, as IDLE_IDLE_MINUTES=60, IDLE_MAY_HOLD=false and so on.
IDLE: dict[str, float | bool] = {
    name: env.bool(f"IDLE_{name.upper()}") if name == "may_hold" else seconds(f"IDLE_{name.upper()}", 0)
    for name in POLICY_NAMES
    if f"IDLE_{name.upper()}" in env.ENVIRON
}
if strangers := {name for name in env.ENVIRON if name.startswith("IDLE_") and name not in globals()} - {
    f"IDLE_{name.upper()}" for name in POLICY_NAMES
}:
    raise ImproperlyConfigured(
        f"There is no setting {', '.join(sorted(strangers))}. See docs/admin/idle.md for those there are."
    )

# ---- the public ports ----
AGENT_POLL_SECONDS = seconds(
    "AGENT_POLL_SECONDS", 25
)  # how long the portal holds an agent's question when nothing is new
AGENT_SILENT_SECONDS = seconds("AGENT_SILENT_SECONDS", 40)  # an agent unheard for longer counts as away
# Networks of the proxies before the portal: only their X-Forwarded-For tells from where somebody signed in. uvicorn itself
# believes one on 127.0.0.1, so that one need not be named.
TRUSTED_PROXIES = networks("TRUSTED_PROXIES")

# ---- Django ----
INSTALLED_APPS = [
    "portal",
    "machines",
    "courses",
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
    "django_htmx",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
MIDDLEWARE = [
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
_database = env.db_url_config(DATABASE_URL)
# The tests switch the pool off: its open connections would keep the test database from being dropped.
# Seconds: whoever waits longer for a connection reads that the site is busy.
_pool = {"pool": {"min_size": 1, "max_size": 12, "timeout": 3}} if env.bool("DB_POOL", default=True) else {}
DATABASES = {
    # What follows a ? in the address (sslmode=…) is PostgreSQL's own.
    "default": {**_database, "CONN_HEALTH_CHECKS": True, "OPTIONS": {**_database.get("OPTIONS", {}), **_pool}}
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
            ]
        },
    }
]
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["portal.adapters.AuthenticationBackend"]
PASSWORD_HASHERS = ["accounts.passwords.Argon2", "accounts.passwords.Pbkdf2"]  # the first for new ones (docs/adr/0065)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_ADAPTER = "portal.adapters.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_RATE_LIMITS = False  # ours count failures only, for pages and API together: accounts/limits.py
ACCOUNT_FORMS = {
    "change_password": "portal.forms.password_forms.ChangePasswordForm",
    "set_password": "portal.forms.password_forms.SetPasswordForm",
    "reset_password": "portal.forms.password_forms.ResetPasswordForm",
    "reset_password_from_key": "portal.forms.password_forms.ResetPasswordKeyForm",
}
CSRF_FAILURE_VIEW = "portal.views.errors.stale_form"

# Mail (docs/admin/mail.md): smtp+tls://user:password@host:587. Without it, mails are written to the log of whoever sends them.
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Minga <minga@localhost>")
# The portal's own address in links of mails: https://labs.example.org. Without it: the first of ALLOWED_HOSTS.
PORTAL_URL = env.str("PORTAL_URL", default="").rstrip("/")
if PORTAL_URL and not PORTAL_URL.startswith(("http://", "https://")):
    raise ImproperlyConfigured("PORTAL_URL must be an address that begins with http:// or https://, or be left out.")
# The private half of the portal's own SSH key (ed25519, no passphrase), for lines in terminals (docs/adr/0057). '' = none are written.
PORTAL_KEY_FILE = env.str("PORTAL_KEY_FILE", default="")

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("es", _("Spanish"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", default="UTC")

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
# make run collects the files first (hashed names, compressed, cached for ever); tests serve them as they lie.
STATIC_MANIFEST = env.bool("STATIC_MANIFEST", default=False)
WHITENOISE_USE_FINDERS = not STATIC_MANIFEST
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if STATIC_MANIFEST
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# Nothing from elsewhere and nothing inline: what a guest or a person typed can never run in a page.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
# On plain http (a trial on loopback) secure cookies would lock everybody out; production says HTTPS=true.
HTTPS = env.bool("HTTPS", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = THEME_COOKIE_SECURE = HTTPS
# With this beginning a browser takes a cookie only from this very host, over https: no host beside it can plant one.
_ours = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_ours}sessionid", f"{_ours}csrftoken"
LANGUAGE_COOKIE_NAME, THEME_COOKIE_NAME = f"{_ours}django_language", f"{_ours}theme"
MESSAGES_COOKIE_NAME = f"{_ours}messages"
MESSAGE_STORAGE = "portal.message_storage.MessageStorage"
# Pages only: a program that says http:// has sent its token in clear already, and must hear of it (portal/middleware/home_address.py).
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^api/v1/", r"^agent/"]
PORTAL_URL = PORTAL_URL or f"{'https' if HTTPS else 'http'}://{next(iter(ALLOWED_HOSTS), 'localhost').lstrip('.')}"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
# Strict-Transport-Security: for so many seconds a browser that was here once comes by https only. A year, as OWASP ASVS wants it; 0 = never said.
# Not for the names below ours: a gateway may be one of these, and machines offer plain http on its ports.
_hsts = env.str("SECURE_HSTS_SECONDS", default=str(365 * 24 * 3600 if HTTPS else 0))
if not _hsts.isdecimal():
    raise ImproperlyConfigured("SECURE_HSTS_SECONDS must be a whole number of seconds, or 0 for never.")
SECURE_HSTS_SECONDS = int(_hsts)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["portal.api.authentication.Bearer", "portal.api.authentication.Session"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["portal.api.authentication.JSONParser"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "portal.api.idempotency.Schema",
    "DEFAULT_THROTTLE_CLASSES": ["portal.api.throttle.WritesOfAToken", "portal.api.throttle.ReadsOfAToken"],
    "EXCEPTION_HANDLER": "portal.problems.handler",
}
# Requests of one token that change something, a minute.
_writes = env.str("API_WRITES_A_MINUTE", default="60")
if not _writes.isdecimal() or int(_writes) == 0:
    raise ImproperlyConfigured("API_WRITES_A_MINUTE must be a whole number above 0. Change it or leave it out.")
API_WRITES_A_MINUTE = int(_writes)
# Other requests of one token, a minute, to each web process.
_reads = env.str("API_READS_A_MINUTE", default="600")
if not _reads.isdecimal() or int(_reads) == 0:
    raise ImproperlyConfigured("API_READS_A_MINUTE must be a whole number above 0. Change it or leave it out.")
API_READS_A_MINUTE = int(_reads)
REST_KNOX = {"AUTH_HEADER_PREFIX": "Bearer", "TOKEN_TTL": None}
SPECTACULAR_SETTINGS = {
    "TITLE": "Minga",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "portal.api.docs.with_problems"],
}

# ---- logs, to standard error (docs/admin/observability.md) ----
LOG_FORMAT = env.str("LOG_FORMAT", default="text")  # text for eyes; json for programs: one object per line
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
if LOG_FORMAT not in logs.FORMATS:
    raise ImproperlyConfigured(f"LOG_FORMAT must be one of: {', '.join(logs.FORMATS)}.")
if LOG_LEVEL not in logs.LEVELS:
    raise ImproperlyConfigured(f"LOG_LEVEL must be one of: {', '.join(logs.LEVELS)}.")
LOGGING = logs.configuration(LOG_FORMAT, LOG_LEVEL)
logging.captureWarnings(LOG_FORMAT == "json")

# ---- /metrics: for whoever sends the token, or asks from one of these addresses and not through a proxy ----
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")  # empty: nobody by token
if 0 < len(METRICS_TOKEN) < 16:
    raise ImproperlyConfigured("METRICS_TOKEN is too short to be safe. Take a random text of 16 characters or more.")
try:
    METRICS_ALLOW = [ip_network(text) for text in env.list("METRICS_ALLOW", default=["127.0.0.0/8", "::1"])]
except ValueError as error:
    raise ImproperlyConfigured(f"METRICS_ALLOW must be addresses or networks with commas between: {error}.") from None

# ---- Celery: a doorbell, never a memory ----
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for Redis for ever
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 1, "socket_timeout": 5}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BEAT_SCHEDULE = {
    # The tick is cheap; the sweep itself decides from its row whether a list is due.
    "sweep": {"task": "machines.tasks.sweep", "schedule": 0.5, "options": {"expires": 2}},
    # Images and sizes come and go by hand. Two short lists; a card whose image is gone is grey within a minute.
    "catalog": {
        "task": "portal.tasks.look_at_catalog",
        "schedule": CATALOG_SECONDS,
        "options": {"expires": CATALOG_SECONDS},
    },
    # Who may knock at sleeping machines: an owner's new address is told at once, a class-mate's and an old one now.
    "let_knock": {"task": "machines.tasks.let_knock", "schedule": 120, "options": {"expires": 60}},
    "forget_once_keys": {"task": "portal.tasks.forget_once_keys", "schedule": 300, "options": {"expires": 200}},
    # A deactivated account shuts its ports: two small queries while nothing has changed.
    "follow_accounts": {"task": "machines.tasks.follow_accounts", "schedule": 5, "options": {"expires": 4}},
    "forget_addresses": {"task": "portal.tasks.forget_addresses", "schedule": 3600, "options": {"expires": 600}},
    "forget_failures": {"task": "portal.tasks.forget_failures", "schedule": 3600, "options": {"expires": 600}},
    # Cheap while nothing is due; mails and lines have their own turns, so that neither waits for the other.
    "send_notices": {"task": "accounts.tasks.send_notices", "schedule": 5, "options": {"expires": 4}},
    "write_lines": {"task": "machines.tasks.write_lines", "schedule": 5, "options": {"expires": 4}},
    "tidy": {"task": "machines.tasks.tidy", "schedule": 30, "options": {"expires": 20}},
    # One small query while no machine's setup runs.
    "first_boots": {"task": "machines.tasks.watch_first_boots", "schedule": 5, "options": {"expires": 4}},
    "tidy_tenants": {"task": "machines.tasks.tidy_tenants", "schedule": 60, "options": {"expires": 40}},
    "idle": {
        "task": "machines.tasks.idle",
        "schedule": IDLE_SWEEP_SECONDS,
        "options": {"expires": 0.8 * IDLE_SWEEP_SECONDS},
    },
    "sample": {
        "task": "machines.tasks.sample",
        "schedule": IDLE_SAMPLE_SECONDS,
        "options": {"expires": 0.8 * IDLE_SAMPLE_SECONDS},
    },
}

"""What every environment shares."""

from datetime import timedelta
from pathlib import Path

from csp.constants import NONCE, NONE, SELF

from booking_portal.settings import environment
from booking_portal.settings.declared import NO_TEST_FORMS

BASE_DIR = Path(__file__).resolve().parents[2]

# What an environment declares; the strictest, for one that says nothing. Guards ask for these, and
# for the name never: it is for people to read.
ENVIRONMENT_NAME = "undeclared"
ENVIRONMENT_REACHES = "real patients. What is booked here reaches real practices."
REAL_PATIENTS = True
TEST_FORMS = NO_TEST_FORMS

VERSION = environment.version(BASE_DIR / "pyproject.toml")
SECRET_KEY = environment.secret("SECRET_KEY")
# Signs nothing any more, or nothing yet: docs/rotation.md.
SECRET_KEY_FALLBACKS = environment.secrets("SECRET_KEY_FALLBACKS")
DEBUG = False
ALLOWED_HOSTS = environment.names("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = environment.names("CSRF_TRUSTED_ORIGINS")
# Whose word on where a request comes from counts; the one who says https is one of them.
TRUSTED_PROXIES = environment.networks("TRUSTED_PROXIES")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
ROOT_URLCONF = "booking_portal.urls"
WSGI_APPLICATION = "booking_portal.wsgi.application"

INSTALLED_APPS = [
    "booking_portal.audit",
    "booking_portal.accounts",
    "booking_portal.practices",
    "booking_portal.integration",
    "booking_portal.patients",
    "booking_portal.slots",
    "booking_portal.commands",
    "booking_portal.appointments",
    "booking_portal.oversight",
    "booking_portal.command_line",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "guardian",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
]

MIDDLEWARE = [
    "booking_portal.oversight.machine_addresses.MachineAddresses",
    "booking_portal.trusted_proxies.TrustedProxies",
    "booking_portal.oversight.counted_pages.CountedPages",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "booking_portal.middleware.NeverStored",
    # Outside all that can fail when the database does: the page that says so needs its nonce.
    "csp.middleware.CSPMiddleware",
    "booking_portal.integration.page_budget.PageBudget",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "booking_portal.accounts.middleware.ActorMiddleware",
    "booking_portal.middleware.PlainFailures",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "environment": "booking_portal.jinja_environment.environment",
            "context_processors": [
                "booking_portal.jinja_environment.every_page",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
    {  # Django's own admin
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates" / "django"],
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

# PostgreSQL holds everything that must last; Redis nothing that cannot be lost.
DATABASES = {"default": environment.database("DATABASE_URL")}
# Whom each migration lets work with the tables that its own role owns: web, worker and beat.
APPLICATION_ROLE = environment.text("APPLICATION_ROLE", "")
APPLICATION_ROLE_PASSWORD = environment.secret("APPLICATION_ROLE_PASSWORD", "")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = environment.redis("REDIS_URL")
# Servers that may be reached in the clear: containers on the private network of this one machine.
PRIVATE_NETWORK_HOSTS = environment.names("PRIVATE_NETWORK_HOSTS")
CACHES = {
    "default": {
        "BACKEND": "booking_portal.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "portal",
        "OPTIONS": {
            "serializer": "booking_portal.cache.JSONSerializer",
            "socket_timeout": 0.2,
            "socket_connect_timeout": 0.2,
        },
    }
}

# Sign-in
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "booking_portal.accounts.demo_accounts.NoDemoPassword",
    "allauth.account.auth_backends.AuthenticationBackend",
    "guardian.backends.ObjectPermissionBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ANONYMOUS_USER_NAME = None
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "start"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "booking_portal.accounts.adapter.ClosedAccounts"
ACCOUNT_TEMPLATE_EXTENSION = "jinja"
ACCOUNT_FORMS = {
    "login": "booking_portal.accounts.forms.SignInForm",
    "change_password": "booking_portal.accounts.forms.NewPasswordForm",
}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGIN_TIMEOUT = 900
# A whole organisation may share one address; what guards an account is counted by account.
ACCOUNT_RATE_LIMITS = {"login": "300/m/ip", "login_failed": "100/m/ip,5/5m/key"}
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "booking_portal.error_pages.csrf_failure"

# Browser
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}

# Language and time: pages show the wall clock that practices gave; instants are kept in UTC.
LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "Europe/London"

# Static files
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Celery: the database's `next_look_at` is the schedule; a sent task merely hastens it.
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 2, "socket_connect_timeout": 2}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULER = "booking_portal.commands.single_beat.SingleBeat"
CELERY_BEAT_SCHEDULE = {
    "settle": {
        "task": "booking_portal.commands.tasks.settle_due",
        "schedule": timedelta(seconds=2),
        "options": {"expires": 10},
    },
    "go-on": {
        "task": "booking_portal.commands.tasks.go_on_due",
        "schedule": timedelta(seconds=2),
        "options": {"expires": 10},
    },
    "escalate": {
        "task": "booking_portal.commands.tasks.escalate_due",
        "schedule": timedelta(seconds=15),
        "options": {"expires": 15},
    },
    "reconcile": {
        "task": "booking_portal.commands.tasks.reconcile_after_restore",
        "schedule": timedelta(seconds=5),
        "options": {"expires": 20},
    },
    "forget-forms": {
        "task": "booking_portal.accounts.tasks.forget_forms",
        "schedule": timedelta(minutes=5),
        "options": {"expires": 300},
    },
    "worker-seen": {
        "task": "booking_portal.oversight.tasks.worker_seen",
        "schedule": timedelta(seconds=20),
        "options": {"expires": 20},
    },
}

# GP Connect
# How far the database had come, kept outside of what is backed up: see docs/operations.md.
RESTORE_MARK_FILE = environment.path("RESTORE_MARK_FILE")

GPCONNECT_SSP_URL = environment.text("GPCONNECT_SSP_URL", "")
# `yes`: practices are asked without TLS. For tests, where the environment allows it.
PLAIN_HTTP = environment.choice("PLAIN_HTTP_TO_PRACTICES", "no", "yes") == "yes"
GPCONNECT_CLIENT_CERT = environment.path("GPCONNECT_CLIENT_CERT")
GPCONNECT_CLIENT_KEY = environment.path("GPCONNECT_CLIENT_KEY")
GPCONNECT_CA_BUNDLE = environment.path("GPCONNECT_CA_BUNDLE")
GPCONNECT_REVOCATIONS = environment.path("GPCONNECT_REVOCATIONS")
NHS_API_CA_BUNDLE = environment.path("NHS_API_CA_BUNDLE")
GPCONNECT_ISSUER = environment.text("GPCONNECT_ISSUER")
GPCONNECT_DIRECTORY_URL = environment.text("GPCONNECT_DIRECTORY_URL")
GPCONNECT_DIRECTORY_API_KEY = environment.secret("GPCONNECT_DIRECTORY_API_KEY", "")
PDS_URL = environment.text("PDS_URL")
PDS_TOKEN_URL = environment.text("PDS_TOKEN_URL", "")
PDS_CLIENT_ID = environment.text("PDS_CLIENT_ID", "")
PDS_KEY_ID = environment.text("PDS_KEY_ID", "")
PDS_KEY_ID_FILE = environment.path("PDS_KEY_ID_FILE")  # read again whenever the key is renewed
PDS_PRIVATE_KEY = environment.path("PDS_PRIVATE_KEY")
# All processes together; and each by itself while Redis, which they count in, is away.
PDS_REQUESTS_PER_SECOND = environment.number("PDS_REQUESTS_PER_SECOND", 5)
PDS_REQUESTS_PER_SECOND_ALONE = environment.number("PDS_REQUESTS_PER_SECOND_ALONE", 1)

# In production `manage.py gpconnect` only reads, unless this says `yes`.
COMMAND_LINE_MAY_WRITE = environment.text("COMMAND_LINE_MAY_WRITE", "") == "yes"

# How long things may take and last
CONNECT_DEADLINE_SECONDS = 3.0
READ_DEADLINE_SECONDS = float(environment.number("READ_DEADLINE_SECONDS", 8))
WRITE_DEADLINE_SECONDS = float(environment.number("WRITE_DEADLINE_SECONDS", 12))
# All reads of one page together, the directory's included; writes are never cut short.
PAGE_BUDGET_SECONDS = 10.0
DIRECTORY_LIFETIME = timedelta(hours=1)  # of what SDS said of a practice, within one encounter
LOOK_UP_LIFETIME = timedelta(hours=6)
SEARCH_LIFETIME = timedelta(minutes=10)
TRACE_LIFETIME = timedelta(hours=24)
FEDERATION_POOL_SIZE = 32

# Never lost, never doubled. A request can arrive as long as its token lives (five minutes), plus
# the clocks' difference (one): only then is "not found" final. What was not made is sent again
# only within the window, counted from when the user asked; a second step, such as a move's
# cancellation, goes by itself only within its own; then a person decides.
REQUEST_LIFETIME_SECONDS = environment.number("REQUEST_LIFETIME_SECONDS", 360)
SEND_AGAIN_WINDOW_SECONDS = environment.number("SEND_AGAIN_WINDOW_SECONDS", 600)
SENDS_AT_MOST = 3
LATE_LOOK_SECONDS = 900
SECOND_STEP_WINDOW_SECONDS = environment.number("SECOND_STEP_WINDOW_SECONDS", 120)
ESCALATE_AFTER_SECONDS = environment.number("ESCALATE_AFTER_SECONDS", 900)
ESCALATE_TAKEN_AFTER_SECONDS = environment.number("ESCALATE_TAKEN_AFTER_SECONDS", 7200)

# A practice that brought no answer so often in a row is left in peace; one read at a time asks
# again after the wait; all is forgotten some time after the last failure. `off` is for chaos runs.
BREAKER = environment.text("BREAKER", "on") != "off"
BREAKER_FAILURES = environment.number("BREAKER_FAILURES", 5)
BREAKER_WAIT_SECONDS = environment.number("BREAKER_WAIT_SECONDS", 30)
BREAKER_MEMORY_SECONDS = 600
# Of the sixteen threads of a web process; those of a search in its pool count too.
WAITING_AT_ONE_PRACTICE = 10

# What a monitoring system shows for /metrics and the parts of /healthz; unset, no token opens them.
MONITORING_TOKEN = environment.secret("MONITORING_TOKEN", "")
# Where spans go by OTLP over HTTP, with the path (/v1/traces); empty: nowhere.
OPENTELEMETRY_ENDPOINT = environment.text("OPENTELEMETRY_ENDPOINT", "")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "booking_portal.logs.PlainFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        },
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        # Both repeat paths and statement texts; what matters of them is in the audit trail.
        "urllib3": {"level": "ERROR"},
        "django.db.backends": {"level": "ERROR"},
    },
}

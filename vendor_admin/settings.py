"""Settings, read from the environment only. `.env.example` lists every variable.

Three database logins are known: the owner migrates, the app serves pages and tasks, the hub writes what the platform
sends.
"""

import sys
from pathlib import Path

import environ
import structlog
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy

from vendor_admin.partner_api.access.masking import mask_log_line
from vendor_admin.partner_api.openapi.document import schema_settings
from vendor_admin.partner_api.versions import CURRENT_VERSION
from vendor_admin.queues import QUEUES, RENEWALS_EVERY_SECONDS, ROUTES, every
from vendor_admin.tradovate.api_hosts import PLATFORM_SUFFIXES

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

COMMAND = sys.argv[1] if len(sys.argv) > 1 and Path(sys.argv[0]).name == "manage.py" else ""
OWNER_COMMANDS = {"migrate", "makemigrations", "ensure_roles", "sqlmigrate"}
COMMANDS_WITHOUT_DATABASE = {"demo", "sandbox", "help", "collectstatic", "write_api_schema"}

DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
# Requests come from a proxy: what it says of their origin is believed, and its own address tells nothing (health.py).
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# The one address that members reach this installation by. The platform sends them back there, so it is never taken
# from a request. Without it no member can sign in.
SITE_URL = env.str("SITE_URL", default="").rstrip("/")
# Pages beside an organization's own that a member's sign-in may lead on to.
MEMBER_NEXT_PREFIXES: tuple[str, ...] = ()

SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY:
    if COMMAND not in COMMANDS_WITHOUT_DATABASE:
        raise ImproperlyConfigured("SECRET_KEY is not set. For a first look run `make demo`, which needs no settings.")
    SECRET_KEY = "only-for-commands-that-serve-nothing"  # noqa: S105
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

# Whether real organizations may be connected to this machine or into a private network (network_policy.py).
ALLOW_INTERNAL_PLATFORM_HOSTS = env.bool("ALLOW_INTERNAL_PLATFORM_HOSTS", default=False)

# The address that this host's calls leave from, where an installation has several: the platform counts each by itself.
# Any name will do, the same on all hosts behind one address. Empty: all hosts share one.
OUTGOING_ADDRESS = env.str("OUTGOING_ADDRESS", default="").strip()[:64]
# Domains that the platform's hosts are under. Connections and sign-in clients lead only to hosts under one of them,
# configured or named by the platform; calls and locks are counted over all of them together.
PLATFORM_HOSTS = tuple(env.list("PLATFORM_HOSTS", default=[*PLATFORM_SUFFIXES]))

# Where workers remember which life of the database they know (organizations/incarnations.py); empty: nowhere.
STATE_FOLDER = env.str("STATE_FOLDER", default=str(BASE_DIR / "var" / "state"))

# Keys that encrypt platform credentials and tokens: the first encrypts, all decrypt (see organizations/encryption.py).
CREDENTIAL_KEYS = env.list("CREDENTIAL_KEYS", default=[])

INSTALLED_APPS = [
    "vendor_admin.listing",
    "vendor_admin.organizations",
    "vendor_admin.partner_api",
    "vendor_admin.mirrors",
    "vendor_admin.sync",
    "vendor_admin.operations",
    "vendor_admin.notices",
    "vendor_admin",
    "accounts",
    "risk",
    "oauth_bridge",
    "oauth2_provider",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "unfold.apps.BasicAppConfig",
    "vendor_admin.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_celery_beat",
    "axes",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
]

MIDDLEWARE = [
    "vendor_admin.web.response_headers.ResponseHeadersMiddleware",
    "vendor_admin.partner_api.http.answers.ApiAnswersMiddleware",
    "vendor_admin.web.request_sizes.RequestSizeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "vendor_admin.web.error_pages.ErrorPagesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "vendor_admin.organizations.requests.idle_sessions.IdleSessionMiddleware",
    "oauth_bridge.sign_in.middleware.MemberSessionMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "vendor_admin.organizations.requests.second_factor_middleware.SecondFactorMiddleware",
    "vendor_admin.organizations.requests.late_forms.SignInRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "vendor_admin.organizations.requests.middleware.OrganizationScopeMiddleware",
    "vendor_admin.organizations.requests.form_organization.FormOrganizationMiddleware",
    "vendor_admin.organizations.requests.fresh_code.FreshCodeMiddleware",
    "vendor_admin.organizations.requests.middleware.ViewerTimeZoneMiddleware",
    "axes.middleware.AxesMiddleware",
    "vendor_admin.partner_api.middleware.PartnerApiMiddleware",
]

ROOT_URLCONF = "vendor_admin.urls"
# The site stands at the root of its host. Some servers take another place from a header of the request.
FORCE_SCRIPT_NAME = ""
WSGI_APPLICATION = "vendor_admin.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["vendor_admin.listing.templatetags.form_token"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "vendor_admin.organizations.requests.context.organization",
            ],
        },
    }
]

# The commands in OWNER_COMMANDS log in as the owner; everything else as the app role, which row level security binds.
_database_variable = "DATABASE_OWNER_URL" if COMMAND in OWNER_COMMANDS else "DATABASE_URL"
DATABASE_APP_URL = env.str("DATABASE_URL", default="")
DATABASE_OWNER_URL = env.str("DATABASE_OWNER_URL", default="")
DATABASE_HUB_URL = env.str("DATABASE_HUB_URL", default="")
if not env.str(_database_variable, default="") and COMMAND not in COMMANDS_WITHOUT_DATABASE:
    raise ImproperlyConfigured(
        f"{_database_variable} is not set. For a first look run `make demo`, which brings its own PostgreSQL."
    )
_database = env.db_url(_database_variable, default="postgres://app@127.0.0.1/vendor_admin")
_database |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "ATOMIC_REQUESTS": True}
DATABASE_ASSUME_ROLE = env.str("DATABASE_ASSUME_ROLE", default="")
if DATABASE_ASSUME_ROLE and COMMAND not in OWNER_COMMANDS:
    _database["OPTIONS"] = _database.get("OPTIONS", {}) | {"assume_role": DATABASE_ASSUME_ROLE}
DATABASES = {"default": _database}


def _login(url: str, fallback: str) -> str:
    """The user name in a database address: the role that migrations grant to."""
    return environ.Env.db_url_config(url).get("USER") or fallback if url else fallback


OWNER_ROLE = _login(DATABASE_OWNER_URL, "vendor_admin_owner")
APP_ROLE = DATABASE_ASSUME_ROLE or _login(DATABASE_APP_URL, "vendor_admin_app")
HUB_ROLE = _login(DATABASE_HUB_URL, "vendor_admin_hub")

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "organizations.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "oauth_bridge.sign_in.backend.MemberBackend",
]
AUTH_PASSWORD_VALIDATORS: list[dict[str, object]] = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]
LOGIN_URL = reverse_lazy("admin:login")
# Failures are counted by name, by network and by both (organizations/sign_in/guesses.py).
AXES_HANDLER = "vendor_admin.organizations.sign_in.guesses.GuessHandler"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "vendor_admin.organizations.sign_in.client_address.caller_network"
AXES_USERNAME_CALLABLE = "vendor_admin.organizations.sign_in.typed_names.counted_name"
AXES_VERBOSE = False
AXES_LOCKOUT_TEMPLATE = "locked_out.html"
# Staff sign in through django-allauth, with a second factor (staff_sign_in.py). It signs nobody up, sends
# no mail and keeps no counts: those are django-axes' and organizations/sign_in/codes.py.
ACCOUNT_ADAPTER = "vendor_admin.organizations.sign_in.staff_sign_in.AccountAdapter"
ACCOUNT_AUTHENTICATED_LOGIN_REDIRECTS = False
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_FORMS = {"login": "vendor_admin.organizations.sign_in.staff_sign_in.SignInForm"}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_RATE_LIMITS = False
ACCOUNT_SESSION_REMEMBER = True
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")
MFA_ADAPTER = "vendor_admin.organizations.sign_in.staff_sign_in.SecondFactorAdapter"
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_FORMS = {"authenticate": "vendor_admin.organizations.sign_in.staff_sign_in.CodeForm"}
MFA_RATE_LIMITS = False
MFA_TOTP_TOLERANCE = 1
# Lets the demo's made-up users in without a code (organizations/demo_sign_in.py). Does nothing without DEBUG.
DEMO_SIGN_IN_WITHOUT_CODE = env.bool("DEMO_SIGN_IN_WITHOUT_CODE", default=False)

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False  # every text is English: to look for translations took a twentieth of each page's time
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
STATICFILES_DIRS = [BASE_DIR / "templates" / "assets"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG

SESSION_ENGINE = "vendor_admin.organizations.sign_in.session_store"
SESSION_COOKIE_AGE = 12 * 3600  # from the sign-in, whatever is saved (organizations/sign_in/session_store.py)
SESSION_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
if not DEBUG:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    # By these names browsers take a cookie from this very host alone, over HTTPS: no neighbour in the domain sets it.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^(livez|readyz|syncz|metrics)$"]
    SECURE_HSTS_SECONDS = 31536000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None

# Portals (see oauth_bridge/portals): the toolkit with everything switched on that RFC 9700 asks for. Its tables are
# swapped for ours, which belong to an organization; refresh tokens are kept and rotated by our own verbs.
OAUTH2_PROVIDER_APPLICATION_MODEL = "oauth_bridge.Portal"
OAUTH2_PROVIDER_GRANT_MODEL = "oauth_bridge.PortalCode"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "oauth_bridge.PortalToken"  # noqa: S105
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "oauth_bridge.PortalRefreshToken"  # noqa: S105
OAUTH2_PROVIDER_ID_TOKEN_MODEL = OAUTH2_PROVIDER_DEVICE_GRANT_MODEL = "oauth_bridge.NotKept"  # noqa: S105
MIGRATION_MODULES = {"oauth2_provider": None}  # all of its models are ours: it has no tables
OAUTH2_PROVIDER = {
    "OIDC_ENABLED": True,
    "OAUTH2_SERVER_CLASS": "oauthlib.openid.Server",
    "SCOPES_BACKEND_CLASS": "oauth_bridge.portals.scopes.PortalScopes",
    "ACCESS_TOKEN_GENERATOR": "oauth_bridge.portals.tokens.new_access_token",
    "REFRESH_TOKEN_GENERATOR": "oauth_bridge.portals.tokens.new_refresh_token",
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
    "ACCESS_TOKEN_EXPIRE_SECONDS": 900,
    "ID_TOKEN_EXPIRE_SECONDS": 300,
    "REFRESH_TOKEN_EXPIRE_SECONDS": 30 * 86400,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "ROTATE_REFRESH_TOKEN": True,
    "PKCE_REQUIRED": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    "ALLOW_URI_WILDCARDS": False,
    **{
        f"COMPLIANT_BCP_RFC9700_{name}": True
        for name in (
            *("IMPLICIT_GRANT", "PASSWORD_GRANT", "PKCE_METHOD", "PKCE_REQUIRED", "ACCESS_TOKEN_TRANSPORT"),
            *("AUTHZ_RESPONSE_ISS", "TOKEN_STORAGE", "REFRESH_TOKEN", "REDIRECT_URI_SCHEME", "REDIRECT_URI_MATCHING"),
        )
    },
}
# Who may call the partner API: what reads each kind of credential, and knows the rights and names of their programs.
PARTNER_API_CREDENTIALS = [
    "vendor_admin.partner_api.keys.finding.API_KEYS",
    "oauth_bridge.portals.credentials.PORTAL_TOKENS",
]
# Requests a minute of each key or program, and of an organization's together; days that the log of requests is kept.
PARTNER_API_REQUESTS_A_MINUTE = env.int("PARTNER_API_REQUESTS_A_MINUTE", default=600)
PARTNER_API_ORGANIZATION_REQUESTS_A_MINUTE = env.int("PARTNER_API_ORGANIZATION_REQUESTS_A_MINUTE", default=3000)
PARTNER_API_LOG_DAYS = env.int("PARTNER_API_LOG_DAYS", default=30)
# The sandbox that test keys reach, and the secret of its control door. Without it test mode is off.
TEST_SANDBOX_URL = env.str("TEST_SANDBOX_URL", default="").rstrip("/")
TEST_SANDBOX_SECRET = env.str("TEST_SANDBOX_SECRET", default="")
# The partner API: closed unless a view says otherwise; errors are problem bodies (RFC 9457).
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["vendor_admin.partner_api.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["vendor_admin.partner_api.authentication.HasScopes"],
    "DEFAULT_RENDERER_CLASSES": ["vendor_admin.partner_api.http.renderers.AnswerRenderer"],
    "DEFAULT_PARSER_CLASSES": ["vendor_admin.partner_api.http.json_body.StrictJSONParser"],
    "DEFAULT_METADATA_CLASS": "vendor_admin.partner_api.http.metadata.AllowedMethods",
    "URL_FORMAT_OVERRIDE": None,  # `format` is a parameter like any other
    "DEFAULT_SCHEMA_CLASS": "vendor_admin.partner_api.openapi.operations.PartnerSchema",
    "EXCEPTION_HANDLER": "vendor_admin.partner_api.exception_handler.problem_response",
}

SPECTACULAR_SETTINGS = schema_settings(version=CURRENT_VERSION)

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
        "base-uri": [NONE],
    },
}
# The admin theme's scripts are built on `new Function`, so /admin/ alone allows it (set by
# organizations/requests/middleware.py).
ADMIN_CONTENT_SECURITY_POLICY = {
    "default-src": [SELF],
    "script-src": [SELF, UNSAFE_EVAL, UNSAFE_INLINE],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
    "font-src": [SELF, "data:"],
    "frame-ancestors": [NONE],
    "form-action": [SELF],
    "base-uri": [NONE],
}

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="redis://127.0.0.1:6379/0")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = env.json("CELERY_BROKER_TRANSPORT_OPTIONS", default={})
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_QUEUES: dict[str, dict[str, object]] = {name: {} for name in QUEUES}
CELERY_TASK_DEFAULT_QUEUE = "urgent"
CELERY_TASK_ROUTES = ROUTES
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_TIME_LIMIT = 600
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "vendor_admin.workers.beat:Scheduler"
CELERY_BEAT_SCHEDULE = {
    "supervise sockets": every(15.0, "vendor_admin.sync.tasks.supervise"),
    "keep partitions": every(3600.0, "vendor_admin.sync.tasks.keep_partitions"),
    "reconcile mirrors": every(3600.0, "vendor_admin.sync.tasks.request_reconciliation"),
    "forget old history": every(3600.0, "vendor_admin.sync.tasks.forget_old_history"),
    "find due operations": every(5.0, "vendor_admin.operations.tasks.find_due"),
    "watch for notices": every(7.5, "vendor_admin.notices.tasks.watch_notices"),
    "forget old notices": every(3600.0, "vendor_admin.notices.tasks.forget_old_notices"),
    "forget old read jobs": every(3600.0, "vendor_admin.operations.tasks.forget_old_read_jobs"),
    "ask for front months": every(600.0, "vendor_admin.operations.tasks.ask_front_months"),
    "wipe old secrets": every(3600.0, "vendor_admin.operations.tasks.wipe_old_secrets"),
    "tell webhooks": every(10.0, "vendor_admin.notices.tasks.tell_webhooks"),
    "deliver notices": every(15.0, "vendor_admin.notices.tasks.deliver_notices"),
    "renew tokens": every(RENEWALS_EVERY_SECONDS, "vendor_admin.organizations.tasks.renew_due_tokens"),
    "renew members' links": every(60.0, "oauth_bridge.tasks.renew_due_links"),
    "forget old sign-ins": every(3600.0, "oauth_bridge.tasks.forget_old_sign_ins"),
    "try hosts again": every(15.0, "vendor_admin.organizations.tasks.try_hosts_again"),
    "forget old API rows": every(300.0, "vendor_admin.partner_api.tasks.forget_old_api_rows"),
    "seal the audit": every(60.0, "vendor_admin.organizations.tasks.seal_audit"),
    "forget old budget uses": every(3600.0, "vendor_admin.organizations.tasks.forget_old_budget_uses"),
}

# E-mail: the server that notices go out by, as a URL. Without one no mail is sent, and the pages say so.
EMAIL_URL = env.str("EMAIL_URL", default="")
_mail = (
    environ.Env.email_url_config(EMAIL_URL)
    if EMAIL_URL
    else {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
)
if "EMAIL_BACKEND" not in _mail:
    raise ImproperlyConfigured("EMAIL_URL must begin with smtp://, smtp+tls://, smtp+ssl:// or filemail:///.")
EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = _mail.get("EMAIL_HOST") or "localhost", _mail.get("EMAIL_PORT") or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.get("EMAIL_HOST_USER") or "", _mail.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.get("EMAIL_USE_TLS", False), _mail.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH = _mail.get("EMAIL_FILE_PATH") or None
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Vendor Admin <vendor-admin@localhost>")

# Sync (see vendor_admin/sync). Durations in seconds.
SYNC_LEASE_TTL_SECONDS = env.float("SYNC_LEASE_TTL_SECONDS", default=10.0)
SYNC_LEASE_RENEW_SECONDS = env.float("SYNC_LEASE_RENEW_SECONDS", default=3.0)
SYNC_QUIET_SECONDS = env.float("SYNC_QUIET_SECONDS", default=2.0)
EVENT_RETENTION_DAYS = env.int("EVENT_RETENTION_DAYS", default=400)
COMPARISON_RETENTION_DAYS = env.int("COMPARISON_RETENTION_DAYS", default=30)
QUARANTINE_RETENTION_DAYS = env.int("QUARANTINE_RETENTION_DAYS", default=30)
NOTICE_RETENTION_DAYS = env.int("NOTICE_RETENTION_DAYS", default=180)
# Operations (see vendor_admin/operations): calls at once to one host of an organization; how long after a call of
# unknown outcome the platform is read, and how long it is given before what is missing counts as not done.
PLATFORM_CONNECTIONS = env.int("PLATFORM_CONNECTIONS", default=4)
OPERATION_SETTLE_SECONDS = env.float("OPERATION_SETTLE_SECONDS", default=5.0)
OPERATION_PATIENCE_SECONDS = env.float("OPERATION_PATIENCE_SECONDS", default=60.0)
BUDGET_WINDOW_SECONDS = env.float("BUDGET_WINDOW_SECONDS", default=3600.0)
SYNCZ_TOKEN = env.str("SYNCZ_TOKEN", default="")

APP_VERSION = "0.1.0"

logging_level = env.str("LOG_LEVEL", default="INFO")
# The same for our own lines and those of libraries. Tracebacks are plain text: without the values of local variables,
# among which passwords and tokens may be.
_every_line: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    mask_log_line,
]
structlog.configure(
    processors=[*_every_line, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
            if DEBUG
            else structlog.processors.JSONRenderer(),
            "foreign_pre_chain": _every_line,
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": logging_level},
    # oauthlib and the toolkit would write whole requests with their codes at DEBUG.
    "loggers": {
        "websockets": {"level": "WARNING"},
        "waitress.queue": {"level": "ERROR"},  # tells each request that waits for a thread
        "oauthlib": {"level": "INFO"},
        "oauth2_provider": {"level": "INFO"},
    },
}

UNFOLD = {
    "SITE_TITLE": "Vendor Admin",
    "SITE_HEADER": "Vendor Admin",
    "SITE_ICON": lambda request: static("icon.svg"),
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SITE_URL": None,
    "ENVIRONMENT": "vendor_admin.organizations.requests.context.environment_label",
    "DASHBOARD_CALLBACK": "vendor_admin.sync.pages.dashboard.dashboard",
    "STYLES": [lambda request: static("admin.css")],
    "COLORS": {
        "primary": {
            "50": "#eef4fb",
            "100": "#d9e6f6",
            "200": "#b5cfee",
            "300": "#8ab8f5",
            "400": "#5c95dd",
            "500": "#8ab8f5",
            "600": "#1d4f91",
            "700": "#1a457e",
            "800": "#173a69",
            "900": "#142f54",
            "950": "#0d1e37",
        }
    },
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": "vendor_admin.listing.navigation.navigation",
    },
    "ACCOUNT": {
        "navigation": [
            {"title": "Time zone", "link": reverse_lazy("preferences")},
            {"title": "E-mail address", "link": reverse_lazy("email_address")},
            {"title": "Change password", "link": reverse_lazy("admin:password_change")},
            {"title": "Second factor", "link": reverse_lazy("second_factor")},
            {"title": "Sign out everywhere", "link": reverse_lazy("sign_out_everywhere")},
        ]
    },
}

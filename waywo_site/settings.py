"""Every setting of Waywo, read from the environment. README.md has the table of variables."""

import os
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from kombu import Queue

from waywo_site import embedded, environment

BASE_DIR = Path(__file__).resolve().parent.parent
ENV_FILE = Path(os.environ.get("ENV_FILE") or BASE_DIR / ".env")
if ENV_FILE.is_file():
    environment.read_file(ENV_FILE)

VAR_DIR = Path(environment.text("VAR_DIR", str(BASE_DIR / "var"))).expanduser().absolute()
PORT = environment.whole_number("PORT", 8000, least=1, most=65534)
SECRETS_FILE = VAR_DIR / "secrets.json"

# -- PostgreSQL and the broker: as given, or our own ------------------------------------------------------

DATABASE_URL = environment.url("DATABASE_URL", schemes=("postgres", "postgresql"))
EMBEDDED_POSTGRESQL = None if DATABASE_URL else embedded.PostgreSQL(VAR_DIR)
if EMBEDDED_POSTGRESQL is not None:
    DATABASE_URL = EMBEDDED_POSTGRESQL.url

DATABASES = {
    "default": {
        **environ.Env.db_url_config(DATABASE_URL),
        "ENGINE": "waywo_site.postgresql",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
}
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 10)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

BROKER_SCHEMES = ("redis", "rediss", "amqp", "amqps")
CELERY_BROKER_URL = environment.url("CELERY_BROKER_URL", schemes=BROKER_SCHEMES)
EMBEDDED_VALKEY = None if CELERY_BROKER_URL else embedded.Valkey(VAR_DIR)
if EMBEDDED_VALKEY is not None:
    CELERY_BROKER_URL = EMBEDDED_VALKEY.url

# -- Django ------------------------------------------------------------------------------------------------

# On a laptop (embedded PostgreSQL) a traceback helps; where others look in, it must be asked for.
DEBUG = environment.boolean("DEBUG", EMBEDDED_POSTGRESQL is not None)
SECRET_KEY = environment.text("SECRET_KEY")
if not SECRET_KEY:
    if not DEBUG:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set: with DEBUG off it takes a long random text "
            "(python -c 'import secrets; print(secrets.token_urlsafe(48))')."
        )
    SECRET_KEY = environment.kept_secret(SECRETS_FILE, "SECRET_KEY")

ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS", ("localhost", "127.0.0.1", "[::1]"))
CSRF_TRUSTED_ORIGINS = environment.words("CSRF_TRUSTED_ORIGINS")
for origin in CSRF_TRUSTED_ORIGINS:
    if not origin.startswith(("http://", "https://")):
        raise ImproperlyConfigured(
            f"CSRF_TRUSTED_ORIGINS has {origin!r}: it takes origins with their scheme, as https://waywo.example."
        )

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_celery_beat",
    "django_celery_results",
    # For the pages of /api/docs: with it their scripts come from us, without it from a stranger's host.
    "ninja",
    "comments",
    "projects",
    "ideas",
    "waywo_site",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Outside of all that can fail.
    "waywo_site.api_errors.ApiErrorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
ROOT_URLCONF = "waywo_site.urls"
WSGI_APPLICATION = "waywo_site.wsgi.application"
ASGI_APPLICATION = "waywo_site.asgi.application"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{validator}"}
    for validator in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = any(origin.startswith("https://") for origin in CSRF_TRUSTED_ORIGINS)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SESSION_COOKIE_SECURE else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = "en-us"
TIME_ZONE = environment.time_zone("TIME_ZONE", "UTC")
USE_I18N = False
USE_TZ = True

STATIC_URL = "static/"
# Served by whitenoise straight from the packages: no collectstatic step to forget on a laptop or in an image.
WHITENOISE_USE_FINDERS = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    # A line per outside request would bury everything else.
    "loggers": {"httpx": {"level": "WARNING"}, "httpcore": {"level": "WARNING"}},
}

UNFOLD = {
    "SITE_TITLE": "Waywo",
    "SITE_HEADER": "Waywo",
    "SITE_SUBHEADER": "What are you working on?",
    "SITE_SYMBOL": "hub",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("waywo_site/favicon.svg")},
    ],
    "SHOW_HISTORY": True,
}

# -- Celery ------------------------------------------------------------------------------------------------

CELERY_RESULT_BACKEND = "django-db"
CELERY_RESULT_EXTENDED = True
CELERY_RESULT_EXPIRES = 30 * 24 * 3600
CELERY_TASK_TRACK_STARTED = True
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = CELERY_RESULT_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
CELERY_BEAT_SCHEDULER = "waywo_site.scheduler:Scheduler"
# Beat looks at the table at least this often (s), so that an edit is soon in force.
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
# A crontab missed by more than this (s) waits for its next turn instead of running twice (pitfalls, 1.2).
CELERY_BEAT_CRON_STARTING_DEADLINE = 3600

# Soft and hard limits in seconds, by queue (design, section 4).
QUEUE_TIME_LIMITS = {
    "waywo": (300, 600),
    "collection": (300, 600),
    "extraction": (300, 360),
    "generation": (1500, 1800),
    "operations": (600, 900),
    "priority": (300, 600),
}
TASK_QUEUES = {
    "process_waywo_posts": "collection",
    "process_waywo_post": "collection",
    "process_waywo_comments": "extraction",
    "process_waywo_comment": "extraction",
}
CELERY_TASK_DEFAULT_QUEUE = "waywo"
CELERY_TASK_QUEUES = [Queue(name) for name in QUEUE_TIME_LIMITS]
# A misspelt queue is an error, not a queue that nobody serves.
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_ROUTES = {task: {"queue": queue} for task, queue in TASK_QUEUES.items()}
CELERY_TASK_ANNOTATIONS = {
    task: {"soft_time_limit": QUEUE_TIME_LIMITS[queue][0], "time_limit": QUEUE_TIME_LIMITS[queue][1]}
    for task, queue in TASK_QUEUES.items()
}
# Work survives its worker: acknowledged when done, handed on when the worker is lost. What dies again and again
# is ended by the attempts that our rows count (design, section 4).
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Seconds that a new child may take to start; importing what traces takes more than Celery's 4 on a busy machine.
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 60
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# Twice the longest hard limit: a shorter one runs a long task twice (pitfalls, 3.5).
VISIBILITY_TIMEOUT = 2 * max(hard for _, hard in QUEUE_TIME_LIMITS.values())
if CELERY_BROKER_URL.startswith("redis"):
    CELERY_VISIBILITY_TIMEOUT = VISIBILITY_TIMEOUT
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": VISIBILITY_TIMEOUT,
        # Redelivery is looked for every 5 s, not every 100 s (pitfalls, 3.4).
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 30,
        "health_check_interval": 25,
        "global_keyprefix": "waywo:",
    }

# -- Waywo -------------------------------------------------------------------------------------------------

HN_API_BASE_URL = environment.url("HN_API_BASE_URL", "https://hacker-news.firebaseio.com/v0")
HN_SEARCH_BASE_URL = environment.url("HN_SEARCH_BASE_URL", "https://hn.algolia.com/api/v1")
HN_CONCURRENCY = environment.whole_number("HN_CONCURRENCY", 20, least=1, most=100)

LLM_BASE_URL = environment.url("LLM_BASE_URL")
LLM_MODEL = environment.text("LLM_MODEL")
LLM_API_KEY = environment.text("LLM_API_KEY")
LLM_TIMEOUT = environment.number("LLM_TIMEOUT", 60, least=1, most=280)

EMBEDDING_BASE_URL = environment.url("EMBEDDING_BASE_URL")
EMBEDDING_MODEL = environment.text("EMBEDDING_MODEL")
EMBEDDING_API_KEY = environment.text("EMBEDDING_API_KEY")
EMBEDDING_DIMENSIONS = environment.whole_number("EMBEDDING_DIMENSIONS", None, least=1, most=16000)
DEDUP_SIMILARITY_THRESHOLD = environment.number("DEDUP_SIMILARITY_THRESHOLD", 0.85, least=0, most=1)

FETCH_PAGES = environment.boolean("FETCH_PAGES", True)
# Networks that a page may be fetched from although they are not public. For tests alone: a check refuses it.
PAGES_ALLOWED_TEST_NETWORKS = ()

API_TOKENS = environment.words("API_TOKENS")
# For each token, each signed-in user and, without either, each address.
API_READS_PER_MINUTE = environment.whole_number("API_READS_PER_MINUTE", 600, least=1, most=1_000_000)
API_ACTIONS_PER_MINUTE = environment.whole_number("API_ACTIONS_PER_MINUTE", 60, least=1, most=1_000_000)
FLOWER_BASIC_AUTH = environment.text("FLOWER_BASIC_AUTH")
BACKUP_DIR = Path(environment.text("BACKUP_DIR", str(VAR_DIR / "backups"))).expanduser().absolute()
BACKUP_KEEP = environment.whole_number("BACKUP_KEEP", 14, least=1, most=10_000)
QUEUE_ALERT_DEPTH = environment.whole_number("QUEUE_ALERT_DEPTH", 1000, least=1, most=10_000_000)
ALERT_EMAIL = environment.text("ALERT_EMAIL")
OTEL_EXPORTER_OTLP_ENDPOINT = environment.url("OTEL_EXPORTER_OTLP_ENDPOINT")

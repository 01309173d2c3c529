"""Every setting of Waywo, read from the environment; docs/reference.md has the table of variables.

In this order: servers, Django, safety, looks, time limits, Celery, then what each part of Waywo reads.
"""

import os
from datetime import timedelta
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from kombu import Queue

from waywo_site import embedded, environment, worker_options
from waywo_site.task_table import QUEUE_TIME_LIMITS, TASKS

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
            "SECRET_KEY is not set: with DEBUG off it expects a long random text "
            "(python -c 'import secrets; print(secrets.token_urlsafe(48))')."
        )
    SECRET_KEY, _ = environment.kept_secret(SECRETS_FILE, "SECRET_KEY")

ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS", ("localhost", "127.0.0.1", "[::1]"))
CSRF_TRUSTED_ORIGINS = environment.words("CSRF_TRUSTED_ORIGINS")
for origin in CSRF_TRUSTED_ORIGINS:
    if not origin.startswith(("http://", "https://")):
        raise ImproperlyConfigured(
            f"CSRF_TRUSTED_ORIGINS has {origin!r}: it expects origins with their scheme, as https://waywo.example."
        )

INSTALLED_APPS = [
    # Before Unfold: what it has templates for in core/templates looks as we say.
    "core",
    "unfold",
    "unfold.contrib.filters",
    "waywo_site.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_celery_beat",
    "django_celery_results",
    "django.contrib.sitemaps",
    # For the pages of /api/docs: with it their scripts come from us, without it from a stranger's host.
    "ninja",
    "axes",
    # Its htmx, which the readers' site loads.
    "django_htmx",
    "comments",
    "projects",
    "ideas",
    "waywo_site",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "waywo_site.compression.CompressionMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Outside of all that can fail.
    "waywo_site.api.errors.ApiErrorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "waywo_site.security.ContentSecurityPolicyMiddleware",
    "waywo_site.security.ReadableQueryMiddleware",
    "projects.site.closing.PublicSiteMiddleware",
    "waywo_site.api.search_limit.SearchLimitMiddleware",
    # Last, as it asks for: turns a refused sign-in into its page.
    "axes.middleware.AxesMiddleware",
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
                "projects.site.navigation.site",
            ]
        },
    }
]
ROOT_URLCONF = "waywo_site.urls"
WSGI_APPLICATION = "waywo_site.wsgi.application"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{validator}"}
    for validator in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# -- Safe by default: what Django's own defaults leave open -------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = any(origin.startswith("https://") for origin in CSRF_TRUSTED_ORIGINS)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SESSION_COOKIE_SECURE else None
# What a page may load and do. Our own pages take all from here and run nothing that stands in the page.
SECURE_CSP = {
    "default-src": ["'self'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "object-src": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
}
# Unfold's Alpine.js compiles the expressions in its attributes ('unsafe-eval'), and its templates and charts write
# style attributes ('unsafe-inline', for styles alone). No script that stands in a page runs in the admin either.
SECURE_CSP_ADMIN = SECURE_CSP | {"script-src": ["'self'", "'unsafe-eval'"], "style-src": ["'self'", "'unsafe-inline'"]}

LOGIN_URL, LOGIN_REDIRECT_URL = "admin:login", "admin:index"

# Five wrong passwords for one name from one address, and both wait a quarter of an hour (manage.py axes_reset ends it).
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "waywo_site.security.locked_out"
AXES_CLIENT_IP_CALLABLE = "waywo_site.security.client_address"
AXES_ENABLE_ADMIN = False
# Attempts are kept until their wait is over; a row for every sign-in would be kept for ever.
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False

# -- Time, static files, logs and the looks of the admin -----------------------------------------------------

TIME_ZONE = environment.time_zone("TIME_ZONE", "UTC")
USE_I18N = False
FORMAT_MODULE_PATH = "waywo_site.formats"

STATIC_URL = "static/"
# Served by whitenoise straight from the packages: no collectstatic step to forget on a laptop or in an image.
WHITENOISE_USE_FINDERS = True

LOG_FORMAT = environment.choice("LOG_FORMAT", "line", ("line", "json"))
LOG_LEVEL = environment.choice("LOG_LEVEL", "info", ("debug", "info", "warning", "error")).upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "waywo_site.logs.LineFormatter"}, "json": {"()": "waywo_site.logs.JsonFormatter"}},
    "filters": {
        "housekeeping": {"()": "waywo_site.logs.LeaveOutHousekeeping"},
        "lost_process": {"()": "waywo_site.logs.LostProcess"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": [] if LOG_LEVEL == "DEBUG" else ["housekeeping"],
        }
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    # A line per outside request would bury everything else.
    "loggers": {
        # Without this Django would print its warnings by a handler of its own, too.
        "django": {"level": "INFO"},
        **{name: {"level": "WARNING"} for name in ("httpx", "httpcore", "axes")},
        # Three lines for each task, beside the one of our own (running/task_signals.py).
        **{
            name: {"level": "WARNING" if LOG_LEVEL == "INFO" else LOG_LEVEL}
            for name in ("celery.worker.strategy", "celery.app.trace")
        },
        "celery.worker.request": {"filters": ["lost_process"]},
        # A page for each run; what fails of it stands in the run.
        "data_designer": {"level": "ERROR"},
    },
}

UNFOLD = {
    "SITE_TITLE": "Waywo",
    "SITE_HEADER": "Waywo",
    "SITE_SUBHEADER": "What are you working on?",
    "SITE_SYMBOL": "hub",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("waywo_site/favicon.svg")}
    ],
    "SHOW_HISTORY": True,
    "SCRIPTS": [lambda request: static("waywo_site/progress.js"), lambda request: static("core/admin.js")],
    "STYLES": [
        lambda request: static("waywo_site/admin.css"),
        lambda request: static("core/admin.css"),
        lambda request: static("core/lists.css"),
    ],
    "SIDEBAR": {"show_search": True, "command_search": True, "navigation": "waywo_site.navigation.sections"},
    "COMMAND": {"search_callback": "waywo_site.menu_search.found"},
    "DASHBOARD_CALLBACK": "waywo_site.dashboard.page.context",
}

# -- Time limits: what follows from the table of tasks (waywo_site/task_table.py) ------------------------------

_reading = TASKS["process_waywo_comment"]
# A comment's workflow ends by itself, and says where it stood, before its task is ended.
READING_SECONDS = _reading.soft - 20
# So does the answer to a question.
ANSWER_SECONDS = TASKS["answer_question"].soft - 20
# All pages of a comment, waiting for turns included; the rest of its time is the model's.
PAGES_SECONDS = 90
# A worker that holds a comment for longer than this is dead.
CLAIM_EXPIRES_AFTER = timedelta(seconds=2 * _reading.hard)
# The broker hands on a message that was not acknowledged for so long: a shorter one runs a long task twice
# (pitfalls, 3.5). What waits or runs for longer is noticed: by the queue watch, and by reconciling.
VISIBILITY_TIMEOUT = 2 * max(task.hard for task in TASKS.values())
# Between two tries of a task; the worker holds its message meanwhile.
LONGEST_RETRY_PAUSE = 600

# -- Workers: what `up` and run_worker start them with ------------------------------------------------------

WORKER_QUEUES = environment.variable("WORKER_QUEUES", list(QUEUE_TIME_LIMITS), worker_options.QUEUES)
# Processes: so many, one for each processor where none is given; or as many as there is work for, between two numbers.
WORKER_CONCURRENCY = environment.variable("WORKER_CONCURRENCY", None, worker_options.CONCURRENCY)
WORKER_AUTOSCALE = environment.variable("WORKER_AUTOSCALE", None, worker_options.AUTOSCALE)
if WORKER_AUTOSCALE and WORKER_CONCURRENCY:
    raise ImproperlyConfigured("WORKER_AUTOSCALE and WORKER_CONCURRENCY are both set: set one of the two.")
# A process is replaced after so many tasks, or when it took so much memory (kB): what leaks is bounded.
CELERY_WORKER_MAX_TASKS_PER_CHILD = environment.variable(
    "WORKER_MAX_TASKS_PER_CHILD", 200, worker_options.MAX_TASKS_PER_CHILD
)
CELERY_WORKER_MAX_MEMORY_PER_CHILD = environment.variable(
    "WORKER_MAX_MEMORY_PER_CHILD", 600_000, worker_options.MAX_MEMORY_PER_CHILD
)

# -- Celery ------------------------------------------------------------------------------------------------

# Batches keep their own results, by which they cost a fraction (tests/benchmarks/queue.py).
CELERY_RESULT_BACKEND = "core.jobs.results:ResultBackend"
CELERY_RESULT_EXTENDED = True
CELERY_RESULT_EXPIRES = 30 * 24 * 3600
# A result waits for a database that is away, some three minutes (tests/faults/test_servers.py).
CELERY_RESULT_BACKEND_ALWAYS_RETRY = True
CELERY_RESULT_BACKEND_MAX_RETRIES = 40
CELERY_TASK_TRACK_STARTED = True
CELERY_ACCEPT_CONTENT = ["json"]
# Each run is written at once, not every three minutes: the beat that takes over from a killed one sends nothing again.
CELERY_BEAT_SYNC_EVERY = 1
CELERY_BEAT_SCHEDULER = "waywo_site.schedules.beat:Scheduler"
# Beat looks at the table at least this often (s), so that an edit is soon in force.
CELERY_BEAT_MAX_LOOP_INTERVAL = 5

TASK_QUEUES = {name: task.queue for name, task in TASKS.items()}
CELERY_TASK_DEFAULT_QUEUE = "waywo"
CELERY_TASK_QUEUES = [Queue(name) for name in QUEUE_TIME_LIMITS]
# A misspelt queue is an error, not a queue that nobody serves.
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_ROUTES = {task: {"queue": queue} for task, queue in TASK_QUEUES.items()}
CELERY_TASK_ANNOTATIONS = {
    name: {"soft_time_limit": task.soft, "time_limit": task.hard, "max_retries": task.retries}
    for name, task in TASKS.items()
}
# Work survives its worker: acknowledged when done, handed on when the worker is lost. What dies again and again
# is ended by the attempts that our rows count (design, section 4).
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONSUMER = "waywo_site.running.consumer:Consumer"
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Seconds that a new child may take to start; importing what traces takes more than Celery's 4 on a busy machine.
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 180
# A child keeps its database connection from task to task; Celery would open one for each, which costs more than all
# else of a small task (tests/benchmarks/queue.py). running/task_signals.py closes one that is old, dead or in doubt.
CELERY_DB_REUSE_MAX = 1_000_000
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
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

# -- Collection --------------------------------------------------------------------------------------------

HN_API_BASE_URL = environment.url("HN_API_BASE_URL", "https://hacker-news.firebaseio.com/v0")
HN_SEARCH_BASE_URL = environment.url("HN_SEARCH_BASE_URL", "https://hn.algolia.com/api/v1")
HN_CONCURRENCY = environment.whole_number("HN_CONCURRENCY", 20, least=1, most=100)
# Names of comments.sources.SOURCES.
SOURCES = environment.words("SOURCES", ("hn",))
LOBSTERS_BASE_URL = environment.url("LOBSTERS_BASE_URL", "https://lobste.rs")
# Who posts the monthly thread: with the usual title theirs is taken at once, everybody else's waits for a person.
THREAD_AUTHORS = environment.words("THREAD_AUTHORS", ("david927",))
CONTACT = environment.text("CONTACT")
if not (CONTACT.isascii() and CONTACT.isprintable() and len(CONTACT) <= 200 and not set(CONTACT) & set("()")):
    raise ImproperlyConfigured(
        f"CONTACT={CONTACT!r} is invalid: it expects an address or URL of 200 plain characters, without brackets."
    )

# -- What strangers see ------------------------------------------------------------------------------------

# The pages for readers at "/"; off, there is the admin's sign-in alone, and the API.
PUBLIC_SITE = environment.boolean("PUBLIC_SITE", True)
# All projects but those that were rejected, or those alone that a person approved.
PUBLIC_PROJECTS = environment.choice("PUBLIC_PROJECTS", "all", ("all", "approved"))

# -- Reading: models and pages -----------------------------------------------------------------------------

LLM_BASE_URL = environment.url("LLM_BASE_URL")
LLM_MODEL = environment.text("LLM_MODEL")
LLM_API_KEY = environment.text("LLM_API_KEY")
# Of one answer, thoughts included: models that think aloud take thousands.
LLM_MAX_TOKENS = environment.whole_number("LLM_MAX_TOKENS", 16_000, least=100, most=1_000_000)
# Of each process: llama.cpp serves 4 by default, and hosted services hundreds.
LLM_CALLS_AT_ONCE = environment.whole_number("LLM_CALLS_AT_ONCE", 4, least=1, most=1_000)
# Of all processes together.
LLM_REQUESTS_PER_MINUTE = environment.whole_number("LLM_REQUESTS_PER_MINUTE", None, least=1, most=1_000_000)
# How long an answer is kept, so that the same question costs no second call; 0 keeps none.
LLM_ANSWER_DAYS = environment.whole_number("LLM_ANSWER_DAYS", 30, least=0, most=10_000)
# Of a million tokens, in any currency: what the overview and the API tell of costs.
LLM_PRICE_IN = environment.number("LLM_PRICE_IN", None, least=0, most=1_000_000)
LLM_PRICE_OUT = environment.number("LLM_PRICE_OUT", None, least=0, most=1_000_000)
LLM_TIMEOUT = environment.number("LLM_TIMEOUT", 60, least=1, most=READING_SECONDS)

EMBEDDING_BASE_URL = environment.url("EMBEDDING_BASE_URL")
EMBEDDING_MODEL = environment.text("EMBEDDING_MODEL")
EMBEDDING_API_KEY = environment.text("EMBEDDING_API_KEY")
EMBEDDING_DIMENSIONS = environment.whole_number("EMBEDDING_DIMENSIONS", None, least=1, most=16000)
DEDUP_SIMILARITY_THRESHOLD = environment.number("DEDUP_SIMILARITY_THRESHOLD", 0.85, least=0, most=1)
# From which similarity to any project on an idea is refused as a copy.
IDEA_SIMILARITY_THRESHOLD = environment.number("IDEA_SIMILARITY_THRESHOLD", 0.85, least=0, most=1)

FETCH_PAGES = environment.boolean("FETCH_PAGES", True)
# Networks that a page may be fetched from although they are not public. For tests alone: a check refuses it.
PAGES_ALLOWED_TEST_NETWORKS = ()

# -- The API -----------------------------------------------------------------------------------------------

API_TOKENS = environment.words("API_TOKENS")
# For each token, and without one: each address that reads, each signed-in user who acts.
API_READS_PER_MINUTE = environment.whole_number("API_READS_PER_MINUTE", 600, least=1, most=1_000_000)
SEARCHES_PER_MINUTE = environment.whole_number("SEARCHES_PER_MINUTE", 120, least=1, most=1_000_000)
API_ACTIONS_PER_MINUTE = environment.whole_number("API_ACTIONS_PER_MINUTE", 60, least=1, most=1_000_000)

# -- Asking the index --------------------------------------------------------------------------------------

# Of each address.
ASK_PER_MINUTE = environment.whole_number("ASK_PER_MINUTE", 6, least=1, most=10_000)
ASK_PER_DAY = environment.whole_number("ASK_PER_DAY", 60, least=1, most=1_000_000)
# Of all together; 0 is no limit.
ASK_TOKENS_PER_DAY = environment.whole_number("ASK_TOKENS_PER_DAY", 1_000_000, least=0, most=10**12)

# -- Operations ----------------------------------------------------------------------------------------------

BACKUP_DIR = Path(environment.text("BACKUP_DIR", str(VAR_DIR / "backups"))).expanduser().absolute()
BACKUP_KEEP = environment.whole_number("BACKUP_KEEP", 14, least=1, most=10_000)
QUEUE_ALERT_DEPTH = environment.whole_number("QUEUE_ALERT_DEPTH", 1000, least=1, most=10_000_000)
FLOWER_BASIC_AUTH = environment.text("FLOWER_BASIC_AUTH")
# Whether Flower may end tasks and workers; else it only shows them.
FLOWER_CONTROL = environment.boolean("FLOWER_CONTROL", False)
FLOWER_URL = environment.url("FLOWER_URL", f"http://127.0.0.1:{PORT + 1}")
FLOWER_PUBLIC_URL = environment.url("FLOWER_PUBLIC_URL", FLOWER_URL)
OTEL_EXPORTER_OTLP_ENDPOINT = environment.url("OTEL_EXPORTER_OTLP_ENDPOINT")
METRICS_TOKEN = environment.secret("METRICS_TOKEN", least=16)
ALERT_EMAIL = environment.addresses("ALERT_EMAIL")
ALERT_WEBHOOK_URL = environment.url("ALERT_WEBHOOK_URL")
EMAIL_URL = environment.url("EMAIL_URL", "smtp://localhost:25", schemes=("smtp", "smtp+tls", "smtp+ssl"))
vars().update({name: value for name, value in environ.Env.email_url_config(EMAIL_URL).items() if value})
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = next(iter(environment.addresses("EMAIL_FROM")), "waywo@localhost")

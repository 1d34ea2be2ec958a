"""Settings, read from the environment; the defaults are those of production, and a bad value stops the start.

| variable | meaning | default |
|---|---|---|
| DATABASE_URL | PostgreSQL + PostGIS address in libpq's form | the private cluster's, from .local/database.url |
| MUCHAN_SECRET_KEY | signs sessions and tokens, ≥ 40 characters | made once in .local/secret_key |
| MUCHAN_DEBUG | 1: error pages with code, static files straight from their folders | 0 |
| MUCHAN_ALLOWED_HOSTS | host names, comma-separated | localhost, 127.0.0.1, [::1] |
| MUCHAN_TRUSTED_ORIGINS | https://… origins allowed to post, comma-separated | none |
| MUCHAN_HTTPS | 1: secure cookies, HSTS and redirect; 0 for plain HTTP on this machine (make run) | 1 |
| MUCHAN_PROXY_HTTPS | 1: believe X-Forwarded-Proto of the proxy in front | 0 |
| MUCHAN_TIANDITU_KEY | the city's own key for the optional Tianditu basemap | none: no basemap |
| MUCHAN_DEMO | 1: this is the demo city (make run sets it) | 0 |
| DEMO_PASSWORD | password of the demo accounts, read by seed_demo | none |
| MUCHAN_SESSION_HOURS | hours without a request after which a session ends | 8 |
| MUCHAN_HEARTBEAT_SECONDS | age at which /readyz calls the worker dead | 60 |
| MUCHAN_PUBLIC_URL | address people reach the server under, written into e-mail and SMS | none: no address |
| MUCHAN_EMAIL_URL | mail server: smtp://, smtp+tls:// or smtps://user:password@host:port | none: standard output |
| MUCHAN_EMAIL_FROM | sender of e-mail | muchan@localhost |
| MUCHAN_SMS_GATEWAY | dotted path of the class that sends SMS | core.casework.gateways.ConsoleGateway: the log |
| MUCHAN_LOG_LEVEL | DEBUG, INFO, WARNING, ERROR | INFO |
| MUCHAN_LOCAL_DIR | directory of local state: keys, cache, uploaded files | .local in the checkout |
| MUCHAN_STATIC_ROOT, MUCHAN_NPM_ROOT | collected static files; node_modules | .local/static; node_modules |
"""

import os
from pathlib import Path
from typing import Any

import pghistory
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from config import environment

BASE_DIR = Path(__file__).resolve().parent.parent
LOCAL_DIR = Path(os.environ.get("MUCHAN_LOCAL_DIR") or BASE_DIR / ".local")
NPM_ROOT = Path(os.environ.get("MUCHAN_NPM_ROOT") or BASE_DIR / "node_modules")

# GDAL would otherwise open a file as a VRT whatever its name, and a VRT may point at any file of the server.
os.environ.setdefault("OGR_SKIP", "OGR_VRT")
os.environ.setdefault("GDAL_SKIP", "VRT")

# Debian 12's GDAL 3.6 cannot be told to keep off files and network; no user's text ever becomes a SpatialReference.
SILENCED_SYSTEM_CHECKS = ["gis.W001"]

DEBUG = environment.flag("MUCHAN_DEBUG", default=False)
HTTPS = environment.flag("MUCHAN_HTTPS", default=True)
SECRET_KEY = environment.secret_key(LOCAL_DIR / "secret_key")
ALLOWED_HOSTS = environment.words("MUCHAN_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = environment.words("MUCHAN_TRUSTED_ORIGINS", default=[])

MUCHAN_DEMO = environment.flag("MUCHAN_DEMO", default=False)
MUCHAN_TIANDITU_KEY = os.environ.get("MUCHAN_TIANDITU_KEY", "").strip()
MUCHAN_HEARTBEAT_SECONDS = environment.integer("MUCHAN_HEARTBEAT_SECONDS", default=60)
DEMO_PASSWORD = os.environ.get("DEMO_PASSWORD", "")

# ── Applications ────────────────────────────────────────────────────────────
INSTALLED_APPS = [
    "config",
    "efficiency.monitoring",
    "efficiency.flags",
    "efficiency.agreements",
    "efficiency.evaluation",
    "efficiency.schemes",
    "efficiency.returns",
    "landuse.applications",
    "landuse.controls",
    "landuse.plots",
    "landuse.quotas",
    "landuse.redline",
    "parks.programmes",
    "parks.enterprises",
    "parks.zones",
    "core.web",
    "core.casework",
    "core.mapedit",
    "core.jobs",
    "core.policy",
    "core.accounts",
    "core.geodata",
    "core.history",
    "allauth",
    "allauth.account",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
    "leaflet",
    "pghistory",
    "pgtrigger",
    "rules.apps.AutodiscoverRulesConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.gis",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.security.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "config.language.ChosenLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "pghistory.middleware.HistoryMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.web.shell.shell",
            ],
        },
    },
]

# ── Database ────────────────────────────────────────────────────────────────
DATABASES = {"default": environment.database(environment.database_url(LOCAL_DIR / "database.url"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# History (core.history) is written once per statement so that a bulk COPY pays one
# set-wise insert; the database itself refuses to change or delete a row of it.
PGHISTORY_LEVEL = pghistory.Statement
PGHISTORY_FOREIGN_KEY_FIELD = pghistory.ForeignKey(db_index=False)
PGHISTORY_OBJ_FIELD = pghistory.ObjForeignKey(db_index=True)
PGHISTORY_APPEND_ONLY = True
# A read changes nothing, so it needs no context, and a tile does without looking its user up twice.
PGHISTORY_MIDDLEWARE_METHODS = ("POST", "PUT", "PATCH", "DELETE")

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default"]}}

# Files, because the web server has several processes: a sign-in limit counted per process would not be one.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": str(LOCAL_DIR / "cache"),
    }
}

# ── People ──────────────────────────────────────────────────────────────────
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "rules.permissions.ObjectPermissionBackend",
    "core.accounts.backends.AccountBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "web:home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "core.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "core.accounts.forms.SignInForm",
    "change_password": "core.accounts.forms.PasswordChangeForm",
}
ACCOUNT_LOGIN_METHODS = {"username"}
# Accounts are given by the system administrator; nobody signs up.
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
# A whole bureau shares one address behind NAT, so the limit per address is wide and the one per account is narrow.
ACCOUNT_RATE_LIMITS = {"login": "300/m/ip", "login_failed": "60/m/ip,5/300s/key"}

# Kept in the database, read from the cache: files that all web processes share, so a session that was ended is ended
# for every one of them.
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_AGE = environment.integer("MUCHAN_SESSION_HOURS", default=8) * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "core.web.errors.csrf_failed"

# ── Transport ───────────────────────────────────────────────────────────────
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
# The container's own health check asks over plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if environment.flag("MUCHAN_PROXY_HTTPS", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# ── Language and time ───────────────────────────────────────────────────────
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("简体中文")), ("en", _("英文"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

# ── Messages that leave the house ───────────────────────────────────────────
MUCHAN_PUBLIC_URL = environment.public_url("MUCHAN_PUBLIC_URL")
MUCHAN_SMS_GATEWAY = os.environ.get("MUCHAN_SMS_GATEWAY", "").strip() or "core.casework.gateways.ConsoleGateway"
DEFAULT_FROM_EMAIL = SERVER_EMAIL = os.environ.get("MUCHAN_EMAIL_FROM", "").strip() or "muchan@localhost"
globals().update(environment.email("MUCHAN_EMAIL_URL"))

# ── Static files and map ────────────────────────────────────────────────────
STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("MUCHAN_STATIC_ROOT") or LOCAL_DIR / "static")
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "config.npm_assets.NpmFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "config.static_storage.ManifestStorage"
    },
}
MEDIA_ROOT = LOCAL_DIR / "media"
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ("png", "jpg", "webp", "woff2", "gz", "br", "map")
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG
# What browsers ask for at the top of a site whatever a page says: /favicon.ico, /apple-touch-icon.png, /robots.txt.
WHITENOISE_ROOT = BASE_DIR / "core" / "web" / "root"

# Of django-leaflet the settings alone are used: its tags write scripts into the page, which the policy of
# config/security.py forbids, and it carries 1.9.3. Leaflet 1.9.4 comes from npm, and no tile address is built in.
LEAFLET_CONFIG = {"SPATIAL_EXTENT": (112.35, 22.60, 113.45, 23.60), "TILES": []}

# ── Log ─────────────────────────────────────────────────────────────────────
LOG_LEVEL = os.environ.get("MUCHAN_LOG_LEVEL", "INFO").strip().upper()
if LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
    raise ImproperlyConfigured(f"MUCHAN_LOG_LEVEL is {LOG_LEVEL!r}; set it to DEBUG, INFO, WARNING or ERROR.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        # Every statement at DEBUG; asked for by name when needed.
        "django.db.backends": {"level": "INFO"},
        # Tells each step of each letter.
        "weasyprint.progress": {"level": "WARNING"},
    },
}

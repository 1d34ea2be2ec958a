"""Settings of the tests: the project's own, with what needs a certificate, a build step or shared state turned off."""

import os

# The tests speak plain HTTP to a server on this machine.
os.environ["MUCHAN_HTTPS"] = "0"
os.environ["MUCHAN_DEBUG"] = "0"
os.environ.pop("MUCHAN_TIANDITU_KEY", None)
# Playwright's synchronous interface runs an event loop in the thread that also uses the ORM.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

from config.settings import *  # noqa: F403
from config.settings import DATABASES, MIDDLEWARE
from tests import template

# A test that commits ends with its tables emptied, which history otherwise forbids (core.history).
_options = DATABASES["default"].setdefault("OPTIONS", {})
_options["options"] = f"{_options.get('options', '')} -c muchan.truncate=allowed".strip()

# Test databases are copies of one that is migrated already (tests/template.py).
DATABASES["default"]["TEST"] = {"TEMPLATE": template.name()}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Many tests sign in from one address within a minute.
ACCOUNT_RATE_LIMITS = False
DEMO_PASSWORD = "demo-password-of-tests"
# The test server hands out static files by itself.
MIDDLEWARE = [name for name in MIDDLEWARE if not name.startswith("whitenoise.")]

"""Reads the process environment for the settings: every answer is typed, and a bad one is a sentence, not a guess."""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off", ""})


def flag(name: str, *, default: bool) -> bool:
    """The boolean in variable `name`; raises ImproperlyConfigured for anything but 1/0, true/false, yes/no, on/off."""
    text = os.environ.get(name)
    if text is None:
        return default
    lowered = text.strip().lower()
    if lowered in TRUE:
        return True
    if lowered in FALSE:
        return False
    raise ImproperlyConfigured(f"{name} is {text!r}; set it to 1 or 0.")


def integer(name: str, *, default: int) -> int:
    """The whole number ≥ 0 in variable `name`; raises ImproperlyConfigured for anything else."""
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    if not text.isdecimal():
        raise ImproperlyConfigured(f"{name} is {text!r}; set it to a whole number.")
    return int(text)


def words(name: str, *, default: list[str]) -> list[str]:
    """The comma-separated words of variable `name`."""
    text = os.environ.get(name)
    if text is None:
        return default
    return [word for word in (part.strip() for part in text.split(",")) if word]


def secret_key(file: Path) -> str:
    """SECRET_KEY from MUCHAN_SECRET_KEY, else from `file`, which is made (mode 0600) the first time."""
    key = os.environ.get("MUCHAN_SECRET_KEY", "").strip()
    if key:
        if len(key) < 40:
            raise ImproperlyConfigured("MUCHAN_SECRET_KEY is shorter than 40 characters; use a longer random text.")
        return key
    try:
        file.parent.mkdir(mode=0o755, exist_ok=True)
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as handle:
            handle.write(secrets.token_urlsafe(64))
    except FileExistsError:
        # Made by an earlier start, or just now by a process starting beside us.
        pass
    except OSError as error:
        raise ImproperlyConfigured(f"{file} cannot be written ({error.strerror}); set MUCHAN_SECRET_KEY.") from error
    try:
        key = file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{file} cannot be read ({error.strerror}); set MUCHAN_SECRET_KEY.") from error
    if len(key) < 40:
        raise ImproperlyConfigured(f"{file} holds no usable key; delete it, and the next start makes a new one.")
    return key


def database_url(file: Path) -> str:
    """The database's address: DATABASE_URL when set, else the private cluster's from `file`.

    Raises ImproperlyConfigured when there is neither.
    """
    url = os.environ.get("DATABASE_URL", "").strip()
    if url:
        return url
    try:
        url = file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        url = ""
    if not url:
        raise ImproperlyConfigured(
            "no database is set up; run 'make run' to start this checkout's own, or set DATABASE_URL."
        )
    return url


def database(url: str) -> dict[str, Any]:
    """Django's DATABASES entry for a libpq address such as postgresql://user:password@host:5432/name?sslmode=require.

    A unix socket is written as libpq writes it: postgresql://user@/name?host=/directory&port=5432.
    Raises ImproperlyConfigured for any other kind of database: the project stands on PostGIS.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read ({error}).") from error
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ImproperlyConfigured(
            "DATABASE_URL must begin with postgresql:// — Muchan needs PostgreSQL 15 or newer with PostGIS."
        )
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    name = unquote(parts.path.removeprefix("/")) or options.pop("dbname", "")
    if not name:
        raise ImproperlyConfigured("DATABASE_URL names no database; write it as postgresql://user@host/name.")
    return {
        "ENGINE": "django.contrib.gis.db.backends.postgis",
        "NAME": name,
        "USER": unquote(parts.username or options.pop("user", "")),
        "PASSWORD": unquote(parts.password or options.pop("password", "")),
        "HOST": options.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": options.pop("port", "") or (str(port) if port else ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def email(name: str) -> dict[str, Any]:
    """Django's EMAIL_* settings for the mail server in variable `name`; without one, mail goes to standard output.

    smtp://user:password@host:25 speaks plainly, smtp+tls:// begins TLS first (port 587), smtps:// speaks TLS from the
    first byte (port 465). Raises ImproperlyConfigured for anything else.
    """
    url = os.environ.get(name, "").strip()
    if not url:
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    ports = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} cannot be read ({error}).") from error
    if parts.scheme not in ports or not parts.hostname:
        raise ImproperlyConfigured(f"{name} must be smtp://, smtp+tls:// or smtps:// with user:password@host:port.")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port or ports[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        # A mail server that hangs must not hold the worker.
        "EMAIL_TIMEOUT": 20,
    }


def public_url(name: str) -> str:
    """The address people reach the server under, from variable `name`, without the last slash; "" when unset.

    Raises ImproperlyConfigured for anything but http(s)://host[:port].
    """
    url = os.environ.get(name, "").strip().rstrip("/")
    parts = urlsplit(url)
    if url and (parts.scheme not in {"http", "https"} or not parts.netloc or parts.path or parts.query):
        raise ImproperlyConfigured(f"{name} is {url!r}; write it as https://host without a path.")
    return url

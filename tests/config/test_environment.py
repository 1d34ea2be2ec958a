"""What the settings accept from the environment, and what they say when they do not."""

import stat

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import environment


def test_socket_address_of_the_private_cluster_is_read_as_libpq_reads_it():
    entry = environment.database("postgresql://muchan@/muchan?host=/var/lib/muchan/ab/s&port=21234")
    assert (entry["HOST"], entry["PORT"]) == ("/var/lib/muchan/ab/s", "21234")
    assert (entry["USER"], entry["NAME"], entry["PASSWORD"]) == ("muchan", "muchan", "")


def test_network_address_keeps_password_and_options():
    entry = environment.database("postgresql://u%40x:p%2Fw@db.example:6543/city?sslmode=require")
    assert (entry["USER"], entry["PASSWORD"], entry["NAME"]) == ("u@x", "p/w", "city")
    assert (entry["HOST"], entry["PORT"]) == ("db.example", "6543")
    assert entry["OPTIONS"]["sslmode"] == "require"


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mysql://u@h/d", "must begin with postgresql://"),
        ("postgresql://u@h", "names no database"),
        ("postgresql://u@h:port/d", "cannot be read"),
    ],
)
def test_unusable_address_is_refused_with_a_sentence(url, sentence):
    with pytest.raises(ImproperlyConfigured, match=sentence):
        environment.database(url)


def test_missing_database_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(ImproperlyConfigured, match="make run"):
        environment.database_url(tmp_path / "database.url")


def test_database_url_wins_over_the_private_cluster(tmp_path, monkeypatch):
    file = tmp_path / "database.url"
    file.write_text("postgresql:///private\n")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert environment.database_url(file) == "postgresql:///private"
    monkeypatch.setenv("DATABASE_URL", "postgresql:///elsewhere")
    assert environment.database_url(file) == "postgresql:///elsewhere"


def test_secret_key_is_made_once_and_readable_by_its_owner_alone(tmp_path, monkeypatch):
    monkeypatch.delenv("MUCHAN_SECRET_KEY", raising=False)
    file = tmp_path / "local" / "secret_key"
    key = environment.secret_key(file)
    assert len(key) >= 40
    assert environment.secret_key(file) == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_short_or_empty_secret_key_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("MUCHAN_SECRET_KEY", "short")
    with pytest.raises(ImproperlyConfigured, match="40 characters"):
        environment.secret_key(tmp_path / "secret_key")
    monkeypatch.delenv("MUCHAN_SECRET_KEY")
    (tmp_path / "secret_key").write_text("")
    with pytest.raises(ImproperlyConfigured, match="delete it"):
        environment.secret_key(tmp_path / "secret_key")


def test_flag_that_is_neither_yes_nor_no_stops_the_start(monkeypatch):
    monkeypatch.setenv("MUCHAN_DEBUG", "maybe")
    with pytest.raises(ImproperlyConfigured, match="MUCHAN_DEBUG is 'maybe'"):
        environment.flag("MUCHAN_DEBUG", default=False)
    monkeypatch.setenv("MUCHAN_DEBUG", "ON")
    assert environment.flag("MUCHAN_DEBUG", default=False) is True


def test_number_that_is_not_one_stops_the_start(monkeypatch):
    monkeypatch.setenv("MUCHAN_SESSION_HOURS", "8h")
    with pytest.raises(ImproperlyConfigured, match="MUCHAN_SESSION_HOURS is '8h'"):
        environment.integer("MUCHAN_SESSION_HOURS", default=8)


@pytest.mark.parametrize(
    ("url", "host", "port", "tls", "ssl"),
    [
        ("smtp://mail.example", "mail.example", 25, False, False),
        ("smtp+tls://me:p%40ss@mail.example", "mail.example", 587, True, False),
        ("smtps://mail.example:4650", "mail.example", 4650, False, True),
    ],
)
def test_mail_server_is_read_from_one_address(monkeypatch, url, host, port, tls, ssl):
    monkeypatch.setenv("MAIL", url)
    found = environment.email("MAIL")
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == (host, port)
    assert (found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (tls, ssl)
    assert found["EMAIL_HOST_PASSWORD"] in ("", "p@ss")


@pytest.mark.parametrize(
    ("reads", "value"),
    [
        (environment.email, "http://mail.example"),
        (environment.email, "smtp://:99999999"),
        (environment.public_url, "muchan.example"),
        (environment.public_url, "https://muchan.example/path"),
    ],
)
def test_an_address_that_cannot_be_right_stops_the_start(monkeypatch, reads, value):
    monkeypatch.setenv("SETTING", value)
    with pytest.raises(ImproperlyConfigured, match="SETTING"):
        reads("SETTING")

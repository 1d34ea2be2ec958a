"""What every response carries, and where assets come from."""

import re

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template import engines
from django.template.utils import get_app_template_dirs

from config.npm_assets import SERVED, NpmFinder


@pytest.mark.django_db
def test_pages_may_load_from_this_server_alone(client):
    policy = client.get("/accounts/login/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in policy.replace("style-src-attr 'unsafe-inline'", "")
    assert not re.search(r"https?:|\*", policy)


@pytest.mark.django_db
def test_each_response_has_its_own_nonce(client):
    first, second = (client.get("/accounts/login/").headers["Content-Security-Policy"] for _ in range(2))
    assert first != second


@pytest.mark.django_db
def test_language_is_chinese_whatever_the_browser_prefers_until_english_is_chosen(client):
    assert client.get("/accounts/login/", headers={"accept-language": "en"}).headers["Content-Language"] == "zh-hans"
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    assert client.get("/accounts/login/").headers["Content-Language"] == "en"
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "../../etc"
    assert client.get("/accounts/login/").headers["Content-Language"] == "zh-hans"


@pytest.mark.parametrize(
    ("address", "kind", "start"),
    [
        ("/favicon.ico", "image/", b"\x00\x00\x01\x00"),
        ("/apple-touch-icon.png", "image/png", b"\x89PNG"),
        ("/robots.txt", "text/plain", b"User-agent: *"),
    ],
)
def test_what_browsers_ask_for_unbidden_is_answered_without_signing_in(
    client, settings, tmp_path, address, kind, start
):
    # The tests' settings leave out what hands out files (tests/settings.py).
    settings.STATIC_ROOT = tmp_path
    settings.MIDDLEWARE = ["whitenoise.middleware.WhiteNoiseMiddleware", *settings.MIDDLEWARE]
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(kind)
    assert b"".join(answer).startswith(start)


@pytest.mark.parametrize("pattern", SERVED)
def test_every_listed_npm_file_is_installed(pattern):
    assert list(settings.NPM_ROOT.glob(pattern))


def test_npm_finder_gives_listed_files_only():
    assert finders.find("npm/leaflet/dist/leaflet.js")
    for path in ("npm/leaflet/package.json", "npm/../manage.py", "npm/leaflet/dist/../package.json", "leaflet.js"):
        assert NpmFinder().find(path) == []


def test_icons_are_found_but_not_collected():
    assert finders.find("npm/@tabler/icons/icons/outline/home.svg")
    assert not [path for path, _storage in NpmFinder().list([]) if "icons/outline" in path]


def test_every_template_compiles():
    names = [
        file.relative_to(folder).as_posix()
        for folder in get_app_template_dirs("templates")
        if str(folder).startswith(str(settings.BASE_DIR)) and ".venv" not in folder.parts
        for file in folder.rglob("*.html")
    ]
    assert names
    for name in names:
        engines["django"].get_template(name)

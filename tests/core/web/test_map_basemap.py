"""The basemap proxy: nothing without a key, the key never shown, one request a tile, bounds kept."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from core.accounts.models import CITY_CODE, Role
from core.web import map_basemap
from tests.places import account

pytestmark = pytest.mark.django_db

KEY = "a-key-of-tests"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100


class Upstream:
    """A stand-in for Tianditu on this machine; ``answer`` is (status, headers, body)."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: tuple[int, dict[str, str], bytes] = (200, {}, PNG)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                status, headers, body = outer.answer
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Keep the tests' output clean."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def upstream(settings: Any, tmp_path: Any) -> Iterator[Upstream]:
    stand_in = Upstream()
    thread = threading.Thread(target=stand_in.server.serve_forever, daemon=True)
    thread.start()
    settings.MUCHAN_TIANDITU_KEY = KEY
    settings.MUCHAN_TIANDITU_URL = stand_in.url + "/{kind}/{z}/{x}/{y}?tk={key}"
    settings.LOCAL_DIR = tmp_path
    yield stand_in
    stand_in.server.shutdown()
    stand_in.server.server_close()


@pytest.fixture(autouse=True)
def _reader(client):
    client.force_login(account(Role.PLANNER, CITY_CODE))


def test_without_a_key_there_is_no_basemap(client):
    assert client.get("/basemap/vec/10/833/445").status_code == 404
    assert "data-base>" not in client.get("/map/").content.decode()


def test_a_tile_is_asked_for_once_and_the_key_stays_here(client, upstream):
    for _time in range(2):
        response = client.get("/basemap/vec/10/833/445")
        assert response.content == PNG
        assert response["Content-Type"] == "image/png"
    assert upstream.asked == [f"/vec/10/833/445?tk={KEY}"]
    assert KEY not in client.get("/map/").content.decode()
    assert "data-base>" in client.get("/map/").content.decode()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/basemap/secret/10/833/445", 404),
        ("/basemap/vec/x/833/445", 400),
        ("/basemap/vec/10/1024/445", 400),
        ("/basemap/vec/20/833/445", 404),
        ("/basemap/vec/0/0/0", 404),
    ],
)
def test_only_known_kinds_and_real_tiles_are_asked_for(client, upstream, path, status):
    assert client.get(path).status_code == status
    assert upstream.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}, b""),
        (200, {}, b"<html>quota exceeded</html>"),
        (302, {"Location": "http://127.0.0.1:9/elsewhere"}, b""),
        (200, {}, PNG + b"0" * map_basemap.MOST_TILE_BYTES),
    ],
)
def test_what_is_no_tile_is_neither_shown_nor_kept(client, upstream, answer, caplog):
    upstream.answer = answer
    response = client.get("/basemap/vec/10/833/445")
    assert response.status_code == 502
    assert KEY not in response.content.decode() + caplog.text
    upstream.answer = (200, {}, PNG)
    assert client.get("/basemap/vec/10/833/445").status_code == 200


def test_a_silent_upstream_is_given_up(client, upstream, settings):
    upstream.server.shutdown()
    upstream.server.server_close()
    assert client.get("/basemap/vec/10/833/445").status_code == 502


def test_the_folder_keeps_below_its_bound(client, upstream, monkeypatch, tmp_path):
    monkeypatch.setattr(map_basemap, "MOST_CACHE_BYTES", 5 * len(PNG))
    for x in range(10):
        client.get(f"/basemap/vec/10/{x}/0")
    map_basemap._sweep(tmp_path / "basemap")
    kept = list((tmp_path / "basemap").glob("*/*"))
    assert 0 < sum(file.stat().st_size for file in kept) <= 5 * len(PNG)


def test_a_stranger_gets_no_basemap(client, upstream):
    client.logout()
    assert client.get("/basemap/vec/10/833/445").status_code == 401
    assert upstream.asked == []

"""The site with TLS that operators get, in front of a server: what is said, and what counts."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
from contextlib import closing
from types import SimpleNamespace

import pytest
from PIL import Image

from tests.dashboard.tls import NAME, needs_tls, secure_site

pytestmark = needs_tls


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with secure_site(tmp_path_factory.mktemp("tls")) as site:
        site.trusted = ssl.create_default_context(cafile=site.certificate)
        yield site


class Secure(http.client.HTTPSConnection):
    """A connection that knows where the name is, as the name's own record would say."""

    def __init__(self, site):
        super().__init__(NAME, context=site.trusted, timeout=60)
        self._place = ("127.0.0.1", site.nginx.secure_port)
        self._trusted = site.trusted

    def connect(self):
        plain = socket.create_connection(self._place, self.timeout)
        self.sock = self._trusted.wrap_socket(plain, server_hostname=NAME)


def asked(connection, method, path, body=None, **headers):
    with closing(connection):
        connection.request(method, path, body, {"Host": NAME, **headers})
        answer = connection.getresponse()
        return SimpleNamespace(
            status=answer.status, headers=answer.headers, text=answer.read().decode()
        )


def picture():
    file = io.BytesIO()
    Image.new("L", (28, 28)).save(file, "PNG")
    return file.getvalue()


def test_who_comes_without_tls_is_led_to_the_same_address_with_it(site):
    plain = http.client.HTTPConnection("127.0.0.1", site.nginx.port, timeout=60)
    answer = asked(plain, "GET", "/activations/conv2d?data=digits&index=3")
    assert answer.status == 308
    assert answer.headers["Location"] == f"https://{NAME}/activations/conv2d?data=digits&index=3"


def test_a_page_comes_by_tls_with_all_its_headers_and_without_an_address_that_has_none(site):
    answer = asked(Secure(site), "GET", "/")
    assert answer.status == 200
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "http://" not in answer.text.replace("http://www.w3.org/", "")


def test_what_is_refused_or_moved_is_told_by_tls_too(site):
    moved = asked(Secure(site), "GET", "/lens/conv2d")
    assert (moved.status, moved.headers["Location"]) == (308, "/one-step/conv2d")
    assert moved.headers["Strict-Transport-Security"] == "max-age=31536000"
    stranger = asked(Secure(site), "GET", "/", Host="stranger.example")
    assert stranger.status == 421


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": f"https://{NAME}"}, 200),
        ({"Origin": f"https://{NAME}", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "https://stranger.example"}, 403),
        ({"Origin": f"http://{NAME}", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": f"https://{NAME}:444"}, 403),
    ],
)
def test_only_pages_of_the_server_itself_may_change_something(site, headers, status):
    assert asked(Secure(site), "POST", "/upload", picture(), **headers).status == status

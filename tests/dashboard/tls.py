"""The site with TLS that operators get, in front of a server, with a certificate of this test."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from tests.browser.server import Server, stop_worker
from tests.dashboard.nginx import SITES, Nginx, needs_nginx

OPENSSL = shutil.which("openssl")
needs_tls = [
    needs_nginx,
    pytest.mark.skipif(
        OPENSSL is None, reason="openssl is not on this machine (sudo apt-get install openssl)"
    ),
]
NAME = "cnn.example"


def certificate(folder):
    """Make a certificate of the name, signed by itself; return it and its key."""
    made, key = folder / "cnn.pem", folder / "cnn.key"
    subprocess.run(
        [OPENSSL, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", f"/CN={NAME}",
         "-addext", f"subjectAltName=DNS:{NAME}", "-out", made, "-keyout", key],
        check=True, capture_output=True,
    )  # fmt: skip
    return made, key


@contextmanager
def secure_site(folder, kind: type[Server] = Server):
    """The site of the documentation and a server behind it, for as long as the block lasts."""
    server = kind(folder / "home", folder / "no-data", CNN_PROXIES="1", CNN_HOSTS=NAME)
    made, key = certificate(folder)
    shutil.copytree(SITES / "snippets", folder / "nginx" / "snippets")
    text = (SITES / "cnn-dashboard-tls.conf").read_text()
    for told, own in (
        ("/etc/ssl/cnn.example.pem", made),
        ("/etc/ssl/private/cnn.example.key", key),
        ("127.0.0.1:8050", f"127.0.0.1:{server.port}"),
    ):
        assert told in text
        text = text.replace(told, str(own))
    nginx = Nginx(folder / "nginx", text)
    try:
        server.start()
        nginx.start()
        yield SimpleNamespace(nginx=nginx, certificate=made)
    finally:
        nginx.stop()
        server.end()
        stop_worker(server.home)

"""A real nginx in front of a server: unprivileged, with all that it writes in a folder."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.browser.server import free_port
from tests.conftest import ROOT

SITES = ROOT / "docs" / "deploy" / "nginx"
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
needs_nginx = pytest.mark.skipif(
    NGINX is None, reason="nginx is not on this machine (sudo apt-get install nginx)"
)
_START_SECONDS = 20
_PATHS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def shipped(folder: Path, name: str, port: int) -> Nginx:
    """Return nginx, not started, with a site of the documentation in front of the server at a port."""
    shutil.copytree(SITES / "snippets", folder / "snippets")
    site = (SITES / name).read_text().replace("127.0.0.1:8050", f"127.0.0.1:{port}")
    return Nginx(folder, site)


class Nginx:
    """nginx with a site: what stands in `http {}`, a server block and perhaps more.

    Whatever the site listens to, it listens to one free port of loopback, and with TLS to another.
    """

    def __init__(self, folder: Path, server_block: str) -> None:
        self.port = free_port()
        self.secure_port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        site = re.sub(
            r"\blisten 443 ssl;", f"listen 127.0.0.1:{self.secure_port} ssl;", server_block
        )
        site = re.sub(r"\blisten \d+;", f"listen 127.0.0.1:{self.port};", site)
        self._configuration = folder / "nginx.conf"
        self._configuration.write_text(_main(folder, site))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Nginx:
        assert NGINX, "nginx is not on this machine"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [NGINX, "-p", str(self._folder), "-c", str(self._configuration), "-e", "error.log"],
                stdout=log, stderr=log,
            )  # fmt: skip
        end = time.monotonic() + _START_SECONDS
        while not self._answers():
            died = self._process.poll() is not None
            assert not died and time.monotonic() < end, f"no nginx:\n{self.told()}"
            time.sleep(0.02)
        return self

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(20)

    def told(self) -> str:
        """Return what nginx has written of its errors."""
        logs = (self._log, self._folder / "error.log")
        return "".join(log.read_text() for log in logs if log.exists())

    @property
    def _log(self) -> Path:
        return self._folder / "nginx.out"

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("HEAD", "/")
            connection.getresponse()
        except OSError:
            return False
        finally:
            connection.close()
        return True


def _main(folder: Path, site: str) -> str:
    """Return the whole configuration around a site."""
    paths = "\n".join(f"  {name}_temp_path {folder}/{name};" for name in _PATHS)
    user = "user root;" if os.geteuid() == 0 else ""
    return f"""daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
{user}
events {{ worker_connections 512; }}
http {{
  access_log off;
{paths}
{site}
}}
"""

"""What goes over the wire: compressed, kept by browsers for as long as it cannot change, timed."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from threading import Lock, Timer

import brotli
from flask import Flask, Request, Response, g, request
from flask_compress import Compress

from cnn.files import replacing

_YEAR_SECONDS = 31_536_000
_WORTH_REFINING = 10_000
_REFINE_AFTER_SECONDS = 20.0
_SUITES = "/_dash-component-suites/"
_VERSIONED = "/package/"


class StaticCache:
    """Compressed files by address; answers that differ from request to request are not kept.

    A file is first compressed quickly. Some time later it is compressed as well as possible, which
    takes seconds, and the result is kept on disk; its address has a version, so it never grows old.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[str, bytes] = {}
        self._refining = Lock()

    def get(self, key: str) -> bytes | None:
        """Return the compressed file, or None if it is not known."""
        if key not in self._kept and self._refined(key).is_file():
            self._kept[key] = self._refined(key).read_bytes()
        return self._kept.get(key)

    def set(self, key: str, value: bytes) -> None:
        """Keep a file that was compressed quickly."""
        if key.endswith(";") or key in self._kept:
            return
        self._kept[key] = value
        if key.startswith("br;") and len(value) > _WORTH_REFINING:
            later = Timer(_REFINE_AFTER_SECONDS, self.refine, [key])
            later.daemon = True
            later.start()

    def refine(self, key: str) -> None:
        """Replace a file in brotli by its smallest form, on the disk as well if that has room."""
        # A signal to the whole server ends the compression first: the quick form stays.
        with self._refining, suppress(subprocess.CalledProcessError):
            self._kept[key] = smallest = _smallest(brotli.decompress(self._kept[key]))
            with suppress(OSError):
                self._folder.mkdir(parents=True, exist_ok=True)
                with replacing(self._refined(key)) as aside:
                    aside.write_bytes(smallest)

    def _refined(self, key: str) -> Path:
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()}.br"


def _smallest(text: bytes) -> bytes:
    """Return the text in brotli's smallest form, made by a process of low priority.

    It takes seconds and a hundred megabytes, which a server would not get back.
    """
    code = (
        "import brotli, os, sys; os.nice(19); "
        "sys.stdout.buffer.write(brotli.compress(sys.stdin.buffer.read(), quality=11))"
    )
    command = [sys.executable, "-c", code]
    return subprocess.run(command, input=text, stdout=subprocess.PIPE, check=True).stdout


def compress(server: Flask, folder: Path) -> None:
    """Compress every answer, files only once, and let browsers keep what has a fingerprint.

    The smallest form of each file is kept in `folder`.
    """
    cache = StaticCache(folder)
    server.config.update(
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_ALGORITHM_STREAMING=["br"],
        COMPRESS_BR_LEVEL=3,
        COMPRESS_LEVEL=6,
        COMPRESS_CACHE_BACKEND=lambda: cache,
        COMPRESS_CACHE_KEY=lambda asked: asked.full_path if _is_immutable(asked) else "",
    )
    Compress(server)
    server.after_request(_keep_immutable)


def serve_bootstrap(server: Flask) -> str:
    """Serve Bootstrap's style sheet from its package; return its address."""
    sheet = (files("flask_bootstrap") / "static/bootstrap5/css/bootstrap.min.css").read_text(
        "utf-8"
    )
    text = sheet.split("/*# sourceMappingURL")[0]
    return _serve(server, "bootstrap", version("Bootstrap-Flask"), text, "text/css")


def serve_plotly(server: Flask) -> str:
    """Serve plotly.js from its package; return its address.

    Dash has it at an address without a version, which browsers may not keep.
    """
    text = (files("plotly") / "package_data/plotly.min.js").read_text("utf-8")
    return _serve(server, "plotly", version("plotly"), text, "text/javascript")


def _serve(server: Flask, name: str, edition: str, text: str, mimetype: str) -> str:
    address = f"{_VERSIONED}{name}-{edition}"
    server.add_url_rule(address, name, lambda: Response(text, mimetype=mimetype))
    return address


def time_forward_passes(server: Flask) -> None:
    """Say in `Server-Timing` when an answer took a forward pass, and how long it was."""

    def tell(response: Response) -> Response:
        took = g.pop("forward_milliseconds", None)
        if took is not None:
            response.headers["Server-Timing"] = f"forward;dur={took:.2f}"
        return response

    server.after_request(tell)


def _is_immutable(asked: Request) -> bool:
    """Whether the address has a version in it: another content would have another address."""
    path = asked.path
    if "/assets/" in path:
        return "m" in asked.args
    return _VERSIONED in path or (_SUITES in path and ".v" in path.rsplit("/", 1)[-1])


def _keep_immutable(response: Response) -> Response:
    if response.status_code == 200 and _is_immutable(request):
        response.cache_control.public = True
        response.cache_control.max_age = _YEAR_SECONDS
        response.cache_control.immutable = True
    return response

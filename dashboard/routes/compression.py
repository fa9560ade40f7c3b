"""What goes over the wire: compressed, kept by browsers for as long as it cannot change, timed."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from threading import Lock, Thread

import brotli
from dash import Dash
from dash.exceptions import DependencyException
from dash.fingerprint import build_fingerprint, check_fingerprint
from flask import Flask, Request, Response, g, request
from flask_compress import Compress

from cnn.files import replacing
from dashboard.routes import versioned

_YEAR_SECONDS = 31_536_000
_WORTH_REFINING = 10_000
_REFINE_AFTER_SECONDS = 20.0
_DIGEST_BYTES = 32
_SUITES = "package_name"


class StaticCache:
    """Compressed files by address; answers that differ from request to request are not kept.

    A file is first compressed quickly. Some time later it is compressed as well as possible, which
    takes seconds, one file after the other, and the result is kept on disk behind its own digest:
    one that is damaged is made anew. Its address has a version, so it never grows old.
    """

    def __init__(self, folder: Path, *, refine_after: float = _REFINE_AFTER_SECONDS) -> None:
        self._folder = folder
        self._refine_after = refine_after
        self._kept: dict[str, bytes] = {}
        self._due: list[str] = []
        self._lock = Lock()
        self._refiner: Thread | None = None

    def get(self, key: str) -> bytes | None:
        """Return the compressed file, or None if it is not known."""
        if key not in self._kept:
            refined = self._read(key)
            if refined is None:
                return None
            self._kept[key] = refined
        return self._kept[key]

    def set(self, key: str, value: bytes) -> None:
        """Keep a file that was compressed quickly."""
        if key.endswith(";"):
            return
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = value
            if key.startswith("br;") and len(value) > _WORTH_REFINING:
                self._due.append(key)
                if self._refiner is None:
                    self._refiner = Thread(target=self._refine_all, name="refine", daemon=True)
                    self._refiner.start()

    def _refine_all(self) -> None:
        """Refine what is due, one file at a time, and what has become due meanwhile."""
        time.sleep(self._refine_after)
        while True:
            with self._lock:
                if not self._due:
                    self._refiner = None
                    return
                key = self._due.pop(0)
            # Without room on the disk, or for another process, the quick form stays.
            with suppress(OSError, subprocess.SubprocessError):
                self.refine(key)

    def refine(self, key: str) -> None:
        """Replace a file in brotli by its smallest form, on the disk as well if that has room."""
        smallest = self._read(key) or _smallest(brotli.decompress(self._kept[key]))
        self._kept[key] = smallest
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            with replacing(self._refined(key)) as aside:
                aside.write_bytes(hashlib.sha256(smallest).digest() + smallest)

    def _read(self, key: str) -> bytes | None:
        """Return what is kept on disk; None if it is not there, or damaged."""
        try:
            data = self._refined(key).read_bytes()
        except OSError:
            return None
        digest, smallest = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
        return smallest if hashlib.sha256(smallest).digest() == digest else None

    def _refined(self, key: str) -> Path:
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()}.br"


class Files:
    """The files whose content would have another address if it were another."""

    def __init__(self, app: Dash) -> None:
        self._app = app

    def key(self, request: Request) -> str:
        """Return the address under which such a file is kept, "" for all other answers.

        Parameters make no other file of it.
        """
        is_one = request.method in ("GET", "HEAD") and "Range" not in request.headers
        return (
            request.path
            if is_one and (self._is_package(request) or self._is_suite(request))
            else ""
        )

    def is_named(self, request: Request) -> bool:
        """Whether the address is the one that the pages name for such a file, to the letter."""
        return not request.query_string and (self._is_package(request) or self._is_suite(request))

    def _is_package(self, request: Request) -> bool:
        return request.path in versioned.addresses(self._app.server)

    def _is_suite(self, request: Request) -> bool:
        """Whether it is a file of Dash's components with one of the fingerprints of its package.

        A file that a script asks for later comes with the fingerprint of that script.
        """
        arguments = request.view_args or {}
        if _SUITES not in arguments:
            return False
        package, path = str(arguments[_SUITES]), str(arguments["fingerprinted_path"])
        plain, has_fingerprint = check_fingerprint(path)
        known = self._app.registered_paths.get(package, ())
        name = path.rsplit("/", 1)[-1]
        return (
            has_fingerprint
            and plain in known
            and name.split(".")[1] in _marks(package, tuple(sorted(known)))
        )


@lru_cache(maxsize=32)
def _marks(package: str, paths: tuple[str, ...]) -> frozenset[str]:
    """Return the fingerprints that Dash gives files of a package: version and time of each."""
    marks = set()
    for path in paths:
        holder = f"{package}.{path.split('/')[0]}"
        whole = sys.modules[package]
        edition = getattr(sys.modules.get(holder), "__version__", None) or whole.__version__
        file = Path(str(whole.__file__)).parent / path
        with suppress(OSError):
            made = build_fingerprint("x.js", edition, int(file.stat().st_mtime))
            marks.add(made.split(".")[1])
    return frozenset(marks)


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


def compress(app: Dash, folder: Path) -> None:
    """Compress every answer, files only once, and let browsers keep what has a fingerprint.

    The smallest form of each file is kept in `folder`.
    """
    cache, known = StaticCache(folder), Files(app)
    server = app.server
    server.config.update(
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_ALGORITHM_STREAMING=["br"],
        COMPRESS_BR_LEVEL=3,
        COMPRESS_LEVEL=6,
        COMPRESS_CACHE_BACKEND=lambda: cache,
        COMPRESS_CACHE_KEY=known.key,
    )
    Compress(server)
    server.register_error_handler(DependencyException, _no_such_file)

    def keep(response: Response) -> Response:
        if response.status_code == 200 and known.is_named(request):
            response.cache_control.public = True
            response.cache_control.max_age = _YEAR_SECONDS
            response.cache_control.immutable = True
        return response

    server.after_request(keep)


def _no_such_file(_: DependencyException) -> Response:
    return Response("There is no such file here.", 404, mimetype="text/plain")


def time_forward_passes(server: Flask) -> None:
    """Say in `Server-Timing` when an answer took a forward pass, and how long it was."""

    def add_header(response: Response) -> Response:
        took = g.get("forward_milliseconds")
        if took is not None:
            response.headers["Server-Timing"] = f"forward;dur={took:.2f}"
        return response

    server.after_request(add_header)

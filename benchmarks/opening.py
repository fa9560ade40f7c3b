"""How long a folder of very many pictures takes to open, beside a look at its names."""

from __future__ import annotations

import io
import os
import statistics
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

import cnn
from benchmarks.browsing import real_browser, running_server, start_seconds
from benchmarks.row import Row, milliseconds
from tests.browser.shown import MAPS_ARE_PAINTED

_CLASSES, _EACH = 100, 1000


def opening() -> list[Row]:
    """A data set of 100,000 files, none of which is decoded; and a server that is started with it."""
    with tempfile.TemporaryDirectory() as folder:
        _fill(Path(folder))
        opened = milliseconds(lambda: cnn.load_dataset(folder), times=3, warm_up=1)
        named = milliseconds(lambda: _look(folder), times=3, warm_up=1)
        with real_browser() as browser:
            started, fewer = (_started(browser, data) for data in (folder, ""))
    files = f"{_CLASSES * _EACH:,} files"
    return [
        Row(f"a folder of {files} is opened", opened, "ms", "os.scandir of it", named, "≤ 3 s"),
        Row(f"start → first page painted, with {files}", started, "s", "with the embedded digits",
            fewer, "≤ 3 s"),
    ]  # fmt: skip


def _started(browser: Browser, data: str) -> float:
    """Return the median of three first starts."""
    times = []
    for _ in range(3):
        with running_server(CNN_DATA=data) as server:
            painted, _ = start_seconds(browser, server, "/", MAPS_ARE_PAINTED)
        times.append(painted)
    return statistics.median(times)


def _fill(folder: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32)).save(buffer, "PNG")
    for label in range(_CLASSES):
        inside = folder / f"{label:03}"
        inside.mkdir()
        for number in range(_EACH):
            (inside / f"{number:04}.png").write_bytes(buffer.getvalue())


def _look(folder: str) -> int:
    return sum(
        1 for inside in os.scandir(folder) if inside.is_dir() for _ in os.scandir(inside.path)
    )

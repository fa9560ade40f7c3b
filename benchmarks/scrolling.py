"""How the page of all layers of a large network comes part by part, in a real browser."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import keras
from playwright.sync_api import Browser, Page

from benchmarks.browsing import open_drawn, real_browser, running_server
from benchmarks.row import Row
from tests.browser.server import Server

_NETWORKS = ("MobileNetV2", "ResNet50")
_BYTES = 1_000_000
_ARE_DRAWN = """() => {
  const tiles = [...document.querySelectorAll("#layers-tiles section")];
  return tiles.length > 0 && tiles.every((tile) => tile.querySelector(".gtitle"));
}"""
_IS_MORE = """(seen) => [...document.querySelectorAll("#layers-tiles > .tiles:has(section)")]
  .some((part) => !seen.includes(part.dataset.layers))"""
_PARTS = """() => [...document.querySelectorAll("#layers-tiles > .tiles")].map((part) =>
  [part.dataset.layers, part.querySelector("section") !== null])"""
_ADDRESSES = ("/values/", "/_dash-update-component")
_DRAWN = "main .js-plotly-plot .gtitle"
_DOWN = "() => scrollTo(0, document.documentElement.scrollHeight)"
_WAIT = 300_000


def scrolling() -> list[Row]:
    """All layers of large networks, from the top to the end, beside the page of one layer."""
    rows = []
    for name in _NETWORKS:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{name}.keras"
            getattr(keras.applications, name)(weights=None).save(path)
            with running_server(CNN_MODEL=str(path)) as server, real_browser() as browser:
                server.start()
                rows += _of(name, browser, server)
    return rows


def _of(name: str, browser: Browser, server: Server) -> list[Row]:
    open_drawn(browser, server, "/activations").close()
    one = browser.new_page(viewport={"width": 1400, "height": 900}, bypass_csp=True)
    began = time.perf_counter()
    one.goto(f"{server.url}/activations")
    one.wait_for_selector(_DRAWN, timeout=_WAIT)
    of_one, one_heap = time.perf_counter() - began, _heap(one)
    one.close()
    page = browser.new_page(viewport={"width": 1400, "height": 900}, bypass_csp=True)
    sizes = _sizes(page)
    began = time.perf_counter()
    page.goto(f"{server.url}/layers")
    page.wait_for_function(_ARE_DRAWN, timeout=_WAIT)
    first = time.perf_counter() - began
    parts = _scrolled(page)
    whole = time.perf_counter() - began
    what, yardstick = f"all layers of {name}", "the page of one layer"
    return [
        Row(f"{what}: first part painted", first, "s", yardstick, of_one, "-"),
        Row(f"{what}: all {parts} parts, one after the other", whole, "s", yardstick, of_one, "-"),
        Row(f"{what}: the browser's memory then", _heap(page), "MB", yardstick, one_heap, "-"),
        Row(
            f"{what}: the largest answer",
            max(sizes.values()) / _BYTES,
            "MB",
            "a megabyte",
            1.0,
            "≤ 1 MB",
        ),
    ]


def _heap(page: Page) -> float:
    """Return the megabytes of a page's objects, without garbage."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used: float = session.send("Runtime.getHeapUsage")["usedSize"]
    return used / 1e6


def _sizes(page: Page) -> Counter[str]:
    """Return the bytes of each answer about layers, without compression, counted as they come."""
    sizes: Counter[str] = Counter()
    session = page.context.new_cdp_session(page)
    session.on(
        "Network.requestWillBeSent",
        lambda sent: sizes.update({sent["requestId"]: 0} if _is_of_layers(sent) else {}),
    )
    session.on(
        "Network.dataReceived",
        lambda part: sizes.update(
            {part["requestId"]: part["dataLength"]} if part["requestId"] in sizes else {}
        ),
    )
    session.send("Network.enable")
    return sizes


def _is_of_layers(sent: dict[str, Any]) -> bool:
    return any(part in sent["request"]["url"] for part in _ADDRESSES)


def _scrolled(page: Page) -> int:
    """Scroll down until each part has been painted; return how many parts there are."""
    seen: list[str] = []
    while True:
        parts = page.evaluate(_PARTS)
        seen += [layers for layers, is_there in parts if is_there and layers not in seen]
        if len(seen) == len(parts):
            return len(parts)
        page.evaluate(_DOWN)
        page.wait_for_function(_IS_MORE, arg=seen, timeout=_WAIT)
        page.wait_for_function(_ARE_DRAWN, timeout=_WAIT)

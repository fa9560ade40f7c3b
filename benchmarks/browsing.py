"""Figures measured on a real server with a real browser."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.row import Row, percentile
from tests.browser.server import CHROMIUM, FLAGS, Server, stop_worker
from tests.browser.shown import MAPS_ARE_PAINTED, at_rest

_READY = "#content:not(.waiting)"
_HAS_FIGURE = "() => document.querySelector('#activations-main .gtitle')"
_DRAWN = "main .js-plotly-plot .gtitle"
_DIGITS = 45
_EVERY_PAGE = (
    "/", "/layers", "/architecture", "/filters/dense", "/activations/conv2d_1", "/training",
    "/moments",
)  # fmt: skip
# Painted is what stands on the screen in the frame of the answer, which is over with the next task; at
# rest the figures have it too.
CLICK = """async (count) => {
  const plots = [...document.querySelectorAll("main .js-plotly-plot")].filter((plot) => plot.data.length);
  if (!plots.length) throw Error("No figure is drawn yet: there is nothing to draw again.");
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  const until = (is, node) => new Promise((done) => {
    const look = () => is() && (watching.disconnect(), done());
    const watching = new MutationObserver(look);
    watching.observe(node, { subtree: true, attributes: true });
  });
  const prediction = document.getElementById("prediction");
  const isPainted = () => prediction.getAttribute("aria-busy") === "false";
  const isBrought = () => !document.querySelector(".painted-over");
  const drawn = () =>
    Promise.all(plots.map((plot) => new Promise((done) => plot.once("plotly_afterplot", done))));
  const buttons = [...document.querySelectorAll(".digits button")];
  const clicks = [], brought = [], redraws = [];
  for (let i = 0; i < count; i++) {
    let began = performance.now();
    const painted = until(isPainted, prediction);
    buttons[i % buttons.length].click();
    await painted;
    await new Promise((over) => setTimeout(over, 0));
    clicks.push(performance.now() - began);
    if (!isBrought()) await until(isBrought, document.querySelector("main"));
    brought.push(performance.now() - began);
    await new Promise((rest) => setTimeout(rest, 250));
    began = performance.now();
    const again = drawn();
    plots.forEach((plot) => Plotly.redraw(plot));
    await again;
    await frame();
    redraws.push(performance.now() - began);
    await new Promise((rest) => setTimeout(rest, 100));
  }
  return [clicks, brought, redraws].map((times) => times.slice(5));
}"""


@contextmanager
def running_server(**settings: str) -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "home", Path(folder) / "no-data", **settings)
        try:
            yield server
        finally:
            server.stop()
            stop_worker(server.home)


@contextmanager
def real_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def open_page(browser: Browser, server: Server, path: str) -> Page:
    page = browser.new_page(viewport={"width": 1400, "height": 900}, bypass_csp=True)
    page.goto(server.url + path)
    page.wait_for_selector(_READY, timeout=120_000)
    page.wait_for_timeout(2000)
    return page


def open_drawn(browser: Browser, server: Server, path: str) -> Page:
    """Open a page, and wait until its figures are drawn with the numbers of now."""
    page = open_page(browser, server, path)
    page.wait_for_selector(_DRAWN, timeout=120_000)
    page.wait_for_function("() => !document.querySelector('.painted-over')")
    return page


def digits() -> list[Row]:
    """From the click on a digit to its figures painted, against redrawing them with no new values."""
    rows = []
    with running_server() as server, real_browser() as browser:
        server.start()
        open_page(browser, server, "/").close()
        wait_until_refined(server)
        for path, what, most in (
            ("/activations/conv2d", "a layer's tab", (1.0, 1.5)),
            ("/layers", "all layers at once", (0.6, 1.0)),
        ):
            page = open_page(browser, server, path)
            page.wait_for_selector(_DRAWN, timeout=120_000)
            at_rest(page)
            clicks, brought, redraws = page.evaluate(CLICK, _DIGITS)
            name = f"change the digit → painted, {what}"
            yardstick = "`Plotly.redraw` of the same figures"
            median = statistics.median(redraws)
            rows += [
                Row(f"{name}: median", statistics.median(clicks), "ms", yardstick, median,
                    f"≤ {most[0]} ×"),
                Row(f"{name}: p95", percentile(clicks, 95), "ms", yardstick,
                    percentile(redraws, 95), f"≤ {most[1]} ×"),
                Row(f"change the digit → in the figures, {what}: median",
                    statistics.median(brought), "ms", yardstick, median, "at rest"),
            ]  # fmt: skip
    return rows


def start() -> list[Row]:
    """From the start of the process to the first paint and to the first feature maps.

    Of the Network page, which opens first; then of a layer's tab, which needs plotly.js.
    """
    importing = statistics.median(_import_seconds() for _ in range(3))
    first, again, tab = [], [], []
    with real_browser() as browser:
        for _ in range(3):
            with running_server() as server:
                first.append(start_seconds(browser, server, "/", MAPS_ARE_PAINTED))
                again.append(start_seconds(browser, server, "/", MAPS_ARE_PAINTED))
                start_seconds(browser, server, "/activations", _HAS_FIGURE)
                tab.append(start_seconds(browser, server, "/activations", _HAS_FIGURE))
    painted, mapped = map(statistics.median, zip(*first, strict=True))
    repainted, remapped = map(statistics.median, zip(*again, strict=True))
    tab_painted, tab_mapped = map(statistics.median, zip(*tab, strict=True))
    yardstick, what = "`import tensorflow` alone", "→ first feature maps"
    return [
        Row("start → first page painted", painted, "s", yardstick, importing, "≤ 3 s"),
        Row(f"first start {what}", mapped, "s", yardstick, importing, "≤ the import + 3 s"),
        Row(f"second start {what}", remapped, "s", "its first page painted", repainted,
            "≤ the page + 0.3 s"),
        Row("the same of a layer's tab", tab_mapped, "s", "its first page painted", tab_painted,
            "with plotly.js"),
    ]  # fmt: skip


def start_seconds(browser: Browser, server: Server, path: str, maps: str) -> tuple[float, float]:
    """Start the server; return when the page was painted, and when its maps were. Stop it again."""
    began = time.perf_counter()
    server.start()
    page = browser.new_page(bypass_csp=True)
    page.goto(server.url + path)
    page.get_by_role("heading", level=1).wait_for()
    painted = time.perf_counter() - began
    page.wait_for_function(maps, timeout=120_000)
    mapped = time.perf_counter() - began
    page.wait_for_timeout(1000)
    page.close()
    server.stop()
    return painted, mapped


def _import_seconds() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import tensorflow"], check=True, capture_output=True)
    return time.perf_counter() - began


def first_visit() -> list[Row]:
    """Bytes over the wire of a first visit to a server that has had a minute to itself."""
    with running_server() as server, real_browser() as browser:
        server.start()
        addresses = _requests_of(browser, server)
        wait_until_refined(server)
        sizes = {name: _bytes(addresses, name) for name in ("br", "gzip", "identity")}
    raw = sizes["identity"]
    return [
        Row("first visit, brotli", sizes["br"], "MB", "uncompressed", raw, "≤ 1.6 MB"),
        Row("first visit, gzip", sizes["gzip"], "MB", "uncompressed", raw, "≤ 1.9 MB"),
    ]


def _requests_of(browser: Browser, server: Server) -> list[tuple[str, str, str | None]]:
    """Return (method, address, body) of every request until the first feature maps are painted."""
    page = browser.new_page(bypass_csp=True)
    requests: list[tuple[str, str, str | None]] = []
    page.on("request", lambda r: requests.append((r.method, r.url, r.post_data)))
    page.goto(f"{server.url}/activations")
    page.locator("#activations-main .gtitle").wait_for(timeout=120_000)
    page.wait_for_timeout(1000)
    page.close()
    return [one for one in requests if one[1].startswith(server.url)]


def wait_until_refined(server: Server) -> None:
    """Wait until no better compressed file has appeared for some seconds."""
    before = -1
    while (now := len(list((server.home / "compressed").glob("*.br")))) != before:
        before = now
        time.sleep(25)


def _bytes(requests: list[tuple[str, str, str | None]], encoding: str) -> float:
    total = 0
    for method, address, body in requests:
        headers = {"Accept-Encoding": encoding, "Content-Type": "application/json"}
        data = body.encode() if body else None
        request = urllib.request.Request(address, data, headers, method=method)
        with urllib.request.urlopen(request) as answer:
            total += len(answer.read()) + len(str(answer.headers))
    return total / 1e6


def memory() -> list[Row]:
    """The web process after every page was used, against a process that only imported TensorFlow."""
    with running_server() as server, real_browser() as browser:
        server.start()
        for path in _EVERY_PAGE:
            page = open_page(browser, server, path)
            for name in ("1", "4", "7"):
                page.get_by_role("button", name=name, exact=True).click()
                page.wait_for_timeout(300)
            page.close()
        used = max(resident(pid) for pid in children(server))
    bare = subprocess.run(
        [sys.executable, "-c", "import tensorflow; print(open('/proc/self/status').read())"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    what = "memory of the web process after use"
    return [
        Row(what, used, "GB", "TensorFlow imported, nothing else", _gigabytes(bare), "≤ 0.9 GB")
    ]


def children(server: Server) -> list[int]:
    assert server._process
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(server._process.pid)], capture_output=True, text=True
    )
    return [int(pid) for pid in found.stdout.split()]


def resident(pid: int) -> float:
    return _gigabytes(Path(f"/proc/{pid}/status").read_text())


def _gigabytes(status: str) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024 / 1e9

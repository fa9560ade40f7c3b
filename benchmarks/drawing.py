"""How soon the frame comes that shows what a move of the pen changes, in a real browser."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from typing import Any

from playwright.async_api import CDPSession, FloatRect, Page, async_playwright

from benchmarks.browsing import running_server
from benchmarks.machine import processor_seconds
from benchmarks.row import Row, percentile
from tests.browser.server import CHROMIUM, FLAGS, Server

_HERTZ = 60
_STROKES = 12
_MOVES = 50
_WATCH = """(inkOnly) => {
  const cnn = dash_clientside.cnn, stamps = [], latencies = [], sent = new Map();
  let shown = 0, arrived = 0;
  const afterFrame = (included) => setTimeout(() => {
    const now = performance.now();
    while (shown < included) latencies.push(now - stamps[shown++]);
  }, 0);
  const heard = ({ data }) => (arrived = Math.max(arrived, data.number));
  const moved = "onpointerrawupdate" in window ? "pointerrawupdate" : "pointermove";
  window.addEventListener(moved, (event) => {
    if (event.buttons) for (const one of event.getCoalescedEvents()) stamps.push(one.timeStamp);
  }, true);
  if (inkOnly) {
    cnn.live = () => { const all = stamps.length; requestAnimationFrame(() => afterFrame(all)); };
  } else {
    const { postMessage } = Worker.prototype, { paintPrediction } = cnn;
    Worker.prototype.postMessage = function (request, ...more) {
      if (!sent.size) this.addEventListener("message", heard);
      sent.set(request.number, stamps.length);
      return postMessage.call(this, request, ...more);
    };
    cnn.paintPrediction = (...all) => {
      afterFrame(sent.get(arrived) ?? 0);
      return paintPrediction(...all);
    };
  }
  window.measured = () => ({ latencies, missed: stamps.length - shown });
}"""
_PAGES = (
    ("/", "Network page", "≤ 50 ms p95"),
    ("/activations/conv2d", "a layer of 32 maps of 26×26", "≤ 35 ms p95"),
    ("/activations/conv2d_1", "a layer of 64 maps of 11×11", "≤ 35 ms p95"),
    ("/activations/dense", "a dense layer of 64 units", "≤ 35 ms p95"),
    ("/layers", "all layers at once", "-"),
)


def drawing() -> list[Row]:
    """From each pointer event, sent at 60 Hz and not waited for, to the frame that includes it."""
    with running_server() as server:
        server.start()
        return asyncio.run(_measure(server))


async def _measure(server: Server) -> list[Row]:
    rows = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for path, what, budget in _PAGES:
            ink, ink_work = await _draw(await _open(browser, server.url + path), ink_only=True)
            ours, work = await _draw(await _open(browser, server.url + path), ink_only=False)
            name, yardstick = f"drawing, event → frame, {what}", "only the ink is painted"
            rows += [
                Row(f"{name}: median", percentile(ours, 50), "ms", yardstick,
                    percentile(ink, 50), "-"),
                Row(f"{name}: p95", percentile(ours, 95), "ms", yardstick,
                    percentile(ink, 95), budget),
                Row(f"drawing, processor time per move, {what}", work, "ms", yardstick, ink_work,
                    "-"),
            ]  # fmt: skip
        await browser.close()
    return rows


async def _open(browser: object, address: str) -> Page:
    page: Page = await browser.new_page(viewport={"width": 1400, "height": 900})  # type: ignore[attr-defined]
    await page.goto(address)
    await page.wait_for_selector("#content:not(.waiting)", timeout=120_000)
    await page.wait_for_timeout(2500)
    await page.get_by_role("button", name="Draw", exact=True).click()
    return page


async def _draw(page: Page, *, ink_only: bool) -> tuple[list[float], float]:
    """Return the milliseconds of every event, and those of the processors per event.

    A first stroke that warms up is not counted.
    """
    box = await page.locator("#drawing canvas").first.bounding_box()
    assert box
    session = await page.context.new_cdp_session(page)
    await _stroke(session, box, list(_path(0)))
    await page.wait_for_timeout(1500)
    await page.evaluate(_WATCH, ink_only)
    began = processor_seconds()
    for stroke in range(_STROKES):
        await _stroke(session, box, list(_path(stroke)))
        await page.wait_for_timeout(150)
    await page.wait_for_timeout(1500)
    measured = await page.evaluate("measured()")
    assert not measured["missed"], f"{measured['missed']} events were never shown"
    work = 1000 * (processor_seconds() - began) / len(measured["latencies"])
    await page.close()
    return sorted(measured["latencies"]), work


def _path(stroke: int) -> Iterator[tuple[float, float]]:
    """Yield the points of a curl, from 0 to 1 in both directions."""
    for move in range(_MOVES):
        turn = 2 * math.pi * move / _MOVES
        yield (
            0.5 + 0.3 * math.cos(turn + stroke) * (1 - move / 120),
            0.5 + 0.35 * math.sin(turn + 0.5 * stroke),
        )


async def _stroke(session: CDPSession, box: FloatRect, path: list[tuple[float, float]]) -> None:
    kinds = ["mousePressed", *["mouseMoved"] * (len(path) - 2), "mouseReleased"]
    events = [
        {
            "type": kind,
            "x": box["x"] + x * box["width"],
            "y": box["y"] + y * box["height"],
            "button": "left",
            "buttons": 1 if kind != "mouseReleased" else 0,
            "clickCount": 1,
        }
        for kind, (x, y) in zip(kinds, path, strict=True)
    ]
    await send_events(session, events)


async def send_events(session: CDPSession, events: list[dict[str, Any]]) -> None:
    """Send mouse events at 60 Hz; none waits until the page has dealt with the one before."""
    loop, waiting = asyncio.get_running_loop(), []
    began = loop.time()
    for number, event in enumerate(events):
        waiting.append(asyncio.ensure_future(session.send("Input.dispatchMouseEvent", event)))
        await asyncio.sleep(max(0, began + (number + 1) / _HERTZ - loop.time()))
    await asyncio.gather(*waiting)

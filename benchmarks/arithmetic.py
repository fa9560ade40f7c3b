"""How soon a cell that is clicked is taken apart, and how soon its receptive field is drawn."""

from __future__ import annotations

import asyncio
import math
import statistics
from itertools import product

from playwright.async_api import Page as AsyncPage
from playwright.async_api import async_playwright
from playwright.sync_api import Page

import cnn
from benchmarks.browsing import CLICK, open_drawn, real_browser, running_server
from benchmarks.drawing import send_events
from benchmarks.row import Row, milliseconds, percentile
from tests.browser.server import CHROMIUM, FLAGS, Server

_CELLS = list(product(range(1, 10, 2), range(0, 10, 2)))
_PLACE = """([row, column]) => {
  const plot = document.querySelector("#why-map .js-plotly-plot");
  const { xaxis, yaxis } = plot._fullLayout;
  const { left, top } = plot.getBoundingClientRect();
  return [left + xaxis._offset + xaxis.l2p(column), top + yaxis._offset + yaxis.l2p(row)];
}"""
# From the button that goes down to the frame with another formula.
_WATCH = """() => {
  const formula = document.getElementById("why-formula");
  window.painted = new Promise((done) => {
    let began;
    addEventListener("pointerdown", () => (began = performance.now()), { capture: true, once: true });
    const watching = new MutationObserver(() => {
      watching.disconnect();
      setTimeout(() => done(performance.now() - began), 0);
    });
    watching.observe(formula, { childList: true, characterData: true, subtree: true });
  });
}"""

# From each move of the pointer to the frame that has the outline; or, with nothing to draw, to the frame.
_FOLLOW = """(nothing) => {
  const cnn = dash_clientside.cnn, stamps = [], latencies = [];
  let shown = 0, waits = false;
  const afterFrame = (included) => setTimeout(() => {
    const now = performance.now();
    while (shown < included) latencies.push(now - stamps[shown++]);
  }, 0);
  window.addEventListener("pointermove", (event) => {
    for (const one of event.getCoalescedEvents()) stamps.push(one.timeStamp);
    if (!nothing || waits) return;
    waits = true;
    event.stopImmediatePropagation();
    requestAnimationFrame(() => { waits = false; afterFrame(stamps.length); });
  }, true);
  const { paintText } = cnn;
  cnn.paintText = (id, text) => {
    if (id === "field-text" && !nothing) afterFrame(stamps.length);
    return paintText(id, text);
  };
  window.followed = () => latencies;
}"""
_MOVES = 300
_POINTED = (
    ("/layers", '[id*="conv2d_1"] .nsewdrag', "a cell on all layers"),
    ("/why/conv2d_1", "#why-map .nsewdrag", "a cell on Why"),
    ("/", '[aria-label="Channels of conv2d_1"]', "a cell of a thumbnail"),
    ("/layers", "#picture", "a pixel, all layers"),
    ("/", "#picture", "a pixel, the Network page"),
)


def arithmetic() -> list[Row]:
    """A click on a cell against another digit on the same page; a field against a compiled pass."""
    with running_server() as server, real_browser() as browser:
        server.start()
        page = open_drawn(browser, server, "/why/conv2d_1?channel=5")
        digits, *_ = page.evaluate(CLICK, 25)
        page.locator("#why-map").scroll_into_view_if_needed()
        clicks = [_click(page, *cell) for cell in _CELLS]
    with running_server() as server:
        server.start()
        pointing = asyncio.run(_pointing(server))
    name, yardstick = "click on a cell → its arithmetic painted", "another digit on that page"
    return [
        Row(f"{name}: median", statistics.median(clicks), "ms", yardstick,
            statistics.median(digits), "≤ 1.5 ×"),
        Row(f"{name}: p95", percentile(clicks, 95), "ms", yardstick, percentile(digits, 95), "-"),
        _field(),
        *pointing,
    ]  # fmt: skip


def _click(page: Page, row: int, column: int) -> float:
    x, y = page.evaluate(_PLACE, [row, column])
    page.mouse.move(x - 1, y)
    page.mouse.move(x, y)
    page.wait_for_timeout(100)
    page.evaluate(_WATCH)
    page.mouse.click(x, y)
    latency: float = page.evaluate("painted")
    page.wait_for_timeout(300)
    return latency


def _field() -> Row:
    model = cnn.load_model()
    picture = cnn.load_dataset("digits")[0].pixels
    ours = milliseconds(lambda: cnn.receptive_field(model, layer="conv2d_1", row=4, column=5))
    one = milliseconds(lambda: cnn.activations(model, picture))
    return Row("receptive field of a cell", ours, "ms", "all layers' activations", one, "≤ 33 ms")


async def _pointing(server: Server) -> list[Row]:
    """The moves of a pointer, sent at 60 Hz and not waited for, to the frames with the outlines."""
    rows = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for path, part, what in _POINTED:
            found = {}
            for nothing in (False, True):
                page = await browser.new_page(viewport={"width": 1400, "height": 900})
                await page.goto(server.url + path)
                await page.wait_for_selector("#content:not(.waiting)", timeout=120_000)
                await page.wait_for_timeout(2500)
                found[nothing] = await _follow(page, part, nothing=nothing)
                await page.close()
            rows.append(
                Row(f"pointing at {what} → its field outlined: p95", percentile(found[False], 95),
                    "ms", "a frame with nothing to draw", percentile(found[True], 95),
                    "≤ 33 ms p95")
            )  # fmt: skip
        await browser.close()
    return rows


async def _follow(page: AsyncPage, part: str, *, nothing: bool) -> list[float]:
    await page.locator(part).first.scroll_into_view_if_needed()
    box = await page.locator(part).first.bounding_box()
    assert box
    session = await page.context.new_cdp_session(page)
    turns = [2 * math.pi * move / 60 for move in range(_MOVES)]
    moves = [
        {
            "type": "mouseMoved",
            "x": box["x"] + box["width"] * (0.5 + 0.4 * math.cos(turn)),
            "y": box["y"] + box["height"] * (0.5 + 0.4 * math.sin(1.3 * turn)),
        }
        for turn in turns
    ]
    await send_events(session, moves[:30])
    await page.wait_for_timeout(1000)
    await page.evaluate(_FOLLOW, nothing)
    await send_events(session, moves)
    await page.wait_for_timeout(500)
    latencies: list[float] = await page.evaluate("followed()")
    assert len(latencies) > _MOVES / 2, f"{len(latencies)} of {_MOVES} moves were shown"
    return latencies

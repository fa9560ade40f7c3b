"""How soon a cell that is clicked is taken apart, and how soon its receptive field is known."""

from __future__ import annotations

import statistics
from itertools import product

from playwright.sync_api import Page

import cnn
from benchmarks.browsing import CLICK, open_page, real_browser, running_server
from benchmarks.row import Row, milliseconds, percentile

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
      requestAnimationFrame(() => setTimeout(() => done(performance.now() - began), 0));
    });
    watching.observe(formula, { childList: true, characterData: true, subtree: true });
  });
}"""


def arithmetic() -> list[Row]:
    """A click on a cell against another digit on the same page; a field against a compiled pass."""
    with running_server() as server, real_browser() as browser:
        server.start()
        page = open_page(browser, server, "/why/conv2d_1?channel=5")
        digits, *_ = page.evaluate(CLICK, 25)
        clicks = [_click(page, *cell) for cell in _CELLS]
    name, yardstick = "click on a cell → its arithmetic painted", "another digit on that page"
    return [
        Row(f"{name}: median", statistics.median(clicks), "ms", yardstick,
            statistics.median(digits), "≤ 1.5 ×"),
        Row(f"{name}: p95", percentile(clicks, 95), "ms", yardstick, percentile(digits, 95), "-"),
        _field(),
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

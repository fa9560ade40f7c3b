"""All that a page shows, as data."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import READY

# On the Network page, which needs no plotly.js.
MAPS_ARE_PAINTED = """() => {
  const canvases = [...document.querySelectorAll("#network canvas.net-tiles")];
  const isPainted = (canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.some((value) => value > 0);
  };
  return canvases.length > 0 && canvases.every(isPainted);
}"""
# All that the page shows of its figures, texts and hidden parts, numbers rounded as they travel.
_SHOWN = """() => {
  const plain = (value) => {
    if (ArrayBuffer.isView(value) || Array.isArray(value)) return Array.from(value, plain);
    if (value && value._inputArray) return plain(value._inputArray);
    if (value && typeof value === "object") {
      const given = Object.keys(value).sort().filter((key) => value[key] !== null);
      return Object.fromEntries(given.map((key) => [key, plain(value[key])]));
    }
    if (value === undefined || Number.isNaN(value)) return null;
    return typeof value === "number" ? Math.fround(value) : value;
  };
  const figures = [...document.querySelectorAll("main .js-plotly-plot")].map((plot) => {
    const traces = plot.data.map(({ uid, ...trace }) => plain(trace));
    const { title, xaxis, yaxis, shapes, annotations } = plot.given.layout;
    // Plotly gives axes ranges of its own where nothing is drawn.
    const ranges = traces.length ? [xaxis?.range, yaxis?.range] : [];
    const layout = plain([title?.text, ...ranges, shapes, annotations]);
    const { width, height } = plot.parentNode.style;
    return { id: plot.closest("[id]").id, traces, layout, width, height };
  });
  const texts = [...document.querySelectorAll("main figcaption, main .facts, main p.numbers")]
    .map((part) => part.textContent);
  const hidden = [...document.querySelectorAll("main [id]:not(.js-plotly-plot *)")]
    .map((part) => [part.id, part.hidden]);
  return JSON.stringify({ figures, texts, hidden });
}"""


def shown(page: Page) -> dict[str, Any]:
    """Return what is shown once nothing is painted over and nothing is on its way."""
    page.wait_for_selector(READY)
    expect(page.locator("#prediction")).to_have_attribute("aria-busy", "false")
    page.wait_for_function(
        """() => {
          const boxes = [...document.querySelectorAll("main .figure-box")];
          const told = document.querySelector("main figcaption");
          return told && told.textContent && boxes.every((box) => box.querySelector(".js-plotly-plot"));
        }"""
    )
    before = ""
    for _ in range(100):
        page.wait_for_timeout(150)
        now: str = page.evaluate(_SHOWN)
        if now == before and not page.locator(".painted-over").count():
            return json.loads(now)
        before = now
    raise AssertionError("The page does not come to rest.")

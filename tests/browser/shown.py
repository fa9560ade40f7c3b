"""All that a page shows, as data."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Locator, Page

from tests.browser.conftest import READY, STATE_MILLISECONDS

# Nothing is asked for any more, by Dash or by the scripts, and what came is in the figures.
_AT_REST = """() => {
  const boxes = [...document.querySelectorAll("main .figure-box")];
  return !store.getState().isLoading && dash_clientside.cnn.heldForm()
    && !dash_clientside.cnn.awaitsRest()
    && document.querySelector("#prediction").getAttribute("aria-busy") === "false"
    && document.querySelector("main figcaption")?.textContent
    && boxes.every((box) => box.querySelector(".js-plotly-plot"))
    && !document.querySelector(".painted-over");
}"""
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


# The same for some frames, for what a callback has changed another may follow.
_SHOWN_AT_REST = f"""async (most) => {{
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  const [isAtRest, shown, end] = [{_AT_REST}, {_SHOWN}, performance.now() + most];
  while (performance.now() < end) {{
    const before = isAtRest() && shown();
    for (let i = 0; i < 12; i++) await frame();
    if (before && isAtRest() && shown() === before) return before;
  }}
  throw Error("The page does not come to rest.");
}}"""


def first_figure(page: Page) -> Locator:
    """The first figure that is seen: one in a closed fold-out may be drawn as well."""
    return page.locator("main .js-plotly-plot .main-svg").filter(visible=True).first


def at_rest(page: Page) -> None:
    """Wait until nothing is on its way and nothing is painted over."""
    page.wait_for_selector(READY)
    page.wait_for_function(_AT_REST)


def shown(page: Page) -> dict[str, Any]:
    """Return what is shown once the page is at rest."""
    page.wait_for_selector(READY)
    found: dict[str, Any] = json.loads(page.evaluate(_SHOWN_AT_REST, STATE_MILLISECONDS))
    return found


def apart(one: Any, other: Any, place: str = "") -> list[str]:
    """Return where two screens differ, each place with both values in short."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [found for key in one for found in apart(one[key], other[key], f"{place}.{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [found for i, pair in pairs for found in apart(*pair, f"{place}[{i}]")]
    return [] if one == other else [f"{place}: {str(one)[:80]} is not {str(other)[:80]}"]

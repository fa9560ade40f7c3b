"""`python -m tests.drawings.make` draws the set in a real browser, and keeps what the page sends."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page, sync_playwright

import cnn
from dashboard.routes.values import DRAWING_SIDE
from dashboard.state import pixels
from tests.browser.server import CHROMIUM, FLAGS, Server, stop_worker
from tests.drawings.strokes import SIDE, Drawing, drawings

RECORDED = Path(__file__).with_name("drawings.npz")
_PATH = "/activations/conv2d"
_READY = "#content:not(.waiting):not(.unavailable)"


class Hand:
    """Draws with the mouse on the drawing area of a page, and takes the ink from its requests."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._sent: list[bytes] = []
        page.on("request", self._heard)
        page.get_by_role("button", name="Draw", exact=True).click()
        self._area = page.get_by_label("Drawing area")

    def _heard(self, request) -> None:
        if request.method == "POST" and urlsplit(request.url).path.startswith("/values/"):
            self._sent.append(request.post_data_buffer)

    def ink(self, drawing: Drawing) -> NDArray[np.uint8]:
        """Return what the page sends of a drawing, uint8 (112, 112)."""
        self.page.get_by_role("button", name="Clear", exact=True).click()
        self.page.get_by_label("Brush").fill(str(drawing.brush))
        self._area.scroll_into_view_if_needed()
        for stroke in drawing.strokes:
            self._stroke(stroke)
        self._sent.clear()
        self.page.wait_for_url(self._shows_what_was_sent)
        return self._last()

    def _stroke(self, stroke: list[tuple[int, int]]) -> None:
        box = self._area.bounding_box()
        scale = box["width"] / SIDE
        points = [(round(box["x"] + x * scale), round(box["y"] + y * scale)) for x, y in stroke]
        self.page.mouse.move(*points[0])
        self.page.mouse.down()
        for point in points[1:]:
            self.page.mouse.move(*point)
        self.page.mouse.up()

    def _shows_what_was_sent(self, address: str) -> bool:
        """Say whether the link holds the last ink: so it is once the pen rests."""
        shown = parse_qs(urlsplit(address).query).get("pixels")
        return bool(self._sent) and shown == [pixels.encode(cnn.centre_digit(self._last()))]

    def _last(self) -> NDArray[np.uint8]:
        return np.frombuffer(self._sent[-1], np.uint8).reshape(DRAWING_SIDE, DRAWING_SIDE)


def record(page: Page, chosen: list[Drawing]) -> NDArray[np.uint8]:
    """Return the ink of each drawing, uint8 (n, 112, 112), drawn one after another on a page."""
    hand = Hand(page)
    return np.stack([hand.ink(drawing) for drawing in chosen])


def main() -> None:
    chosen = drawings()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder) / "home", Path(os.environ.get("CNN_DATA_DIR", "data"))).start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            page.goto(server.url + _PATH)
            page.wait_for_selector(_READY, timeout=120_000)
            ink = record(page, chosen)
        finally:
            browser.close()
            server.stop()
            stop_worker(server.home)
    np.savez_compressed(
        RECORDED,
        ink=ink,
        labels=np.array([drawing.digit for drawing in chosen]),
        forms=np.array([drawing.form for drawing in chosen]),
        styles=np.array([drawing.style for drawing in chosen]),
    )


if __name__ == "__main__":
    main()

"""`make screenshots` takes the pictures of the documentation from a server of its own."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.server import CHROMIUM, FLAGS, Server, stop_worker

IMAGES = Path(__file__).parent / "images"
FOUR = ((0.62, 0.15), (0.25, 0.6), (0.78, 0.6)), ((0.62, 0.35), (0.58, 0.88))
PICTURES = (
    ("network", "/", "light", 1400),
    ("drawing", "/activations/conv2d", "dark", 1400),
    ("pictures", "/?picking=1", "light", 1400),
    ("architecture", "/architecture", "light", 1400),
    ("diagnosis", "/diagnosis", "light", 1400),
    ("filters", "/filters/conv2d_1", "light", 1400),
    ("activations", "/activations/conv2d?channel=16", "dark", 1400),
    ("why", "/why/conv2d_1?channel=5", "light", 1400),
    ("output", "/output?of=7&against=9", "light", 1400),
    ("surgery", "/surgery/conv2d_1?channel=3&surgery=conv2d_1%3A0-40*0", "light", 1400),
    ("perturb", "/perturb?rotate=-30", "light", 1400),
    ("training", "/training", "light", 1400),
    ("moments", "/moments/conv2d?other=0-8", "dark", 1400),
    ("step", "/one-step/conv2d", "light", 1400),
    ("phone", "/activations/conv2d_1", "dark", 390),
)
# In a picture of the whole page nothing stays at the edge of the window.
_WHOLE = ".form-foot { position: static !important } .panel { max-height: none !important }"
_DRAWN = ("network", "drawing")
_IN_WINDOW = (*_DRAWN, "pictures")
_STEPPED = ("step",)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        data = Path(os.environ.get("CNN_DATA_DIR", "data"))
        server = Server(Path(folder) / "home", data).start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            for name, path, scheme, width in PICTURES:
                page = _open(browser, server.url + path, scheme, width)
                if name in _DRAWN:
                    _draw(page)
                if name in _STEPPED:
                    _step(page)
                page.screenshot(
                    path=IMAGES / f"{name}.png", full_page=name not in _IN_WINDOW, style=_WHOLE
                )
                page.close()
        finally:
            browser.close()
            server.stop()
            stop_worker(server.home)


def _open(browser: Browser, address: str, scheme: str, width: int) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(address)
    page.wait_for_selector("#content:not(.waiting)", timeout=120_000)
    page.wait_for_timeout(2000)
    return page


def _draw(page: Page) -> None:
    page.get_by_role("button", name="Draw", exact=True).click()
    box = page.locator("#drawing canvas").first.bounding_box()
    for stroke in FOUR:
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=12)
        page.mouse.up()
    page.wait_for_timeout(1500)


def _step(page: Page) -> None:
    page.get_by_label("Teach it that this is a").select_option("1")
    page.get_by_role("button", name="Step", exact=True).click()
    page.wait_for_timeout(3000)


main()

"""`make screenshots` takes the pictures of the documentation from a server of its own."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.server import CHROMIUM, FLAGS, Server, stop_worker

IMAGES = Path(__file__).parent / "images"
PICTURES = (
    ("overview", "/", "light", 1400),
    ("architecture", "/architecture", "light", 1400),
    ("filters", "/filters/conv2d_1", "light", 1400),
    ("activations", "/activations/conv2d?channel=16", "dark", 1400),
    ("training", "/training", "light", 1400),
    ("phone", "/activations/conv2d_1", "dark", 390),
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        data = Path(os.environ.get("CNN_DATA_DIR", "data"))
        server = Server(Path(folder) / "home", data).start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            for name, path, scheme, width in PICTURES:
                page = browser.new_page(
                    viewport={"width": width, "height": 900}, color_scheme=scheme
                )
                page.goto(server.url + path)
                page.wait_for_selector("#content:not(.waiting)", timeout=120_000)
                page.wait_for_timeout(2000)
                page.screenshot(path=IMAGES / f"{name}.png", full_page=name != "overview")
                page.close()
        finally:
            browser.close()
            server.stop()
            stop_worker(server.home)


main()

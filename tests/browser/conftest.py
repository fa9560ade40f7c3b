from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect, sync_playwright

from cnn.data import datasets
from tests.browser.server import CHROMIUM, FLAGS, Server, stop_worker

SIZE: ViewportSize = {"width": 1400, "height": 900}
READY = "#content:not(.waiting):not(.unavailable)"
expect.set_options(timeout=20_000)


def hover(page: Page, figure: str, x: float, y: float) -> None:
    """Move the pointer over a point of a figure until the figure has noticed it."""
    label = page.locator(f"#{figure} .hovertext")
    for step in range(100):
        page.mouse.move(x + step % 2, y)
        if label.count():
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{figure} shows no label at {x}, {y}")


def seen(page: Page) -> str:
    """Return the pixels of the picture in the panel, by whatever way it came."""
    pixels: str = page.locator("#picture").evaluate(
        """async (picture) => {
          await picture.decode();
          const canvas = document.createElement("canvas");
          Object.assign(canvas, { width: picture.naturalWidth, height: picture.naturalHeight });
          const context = canvas.getContext("2d");
          context.drawImage(picture, 0, 0);
          return context.getImageData(0, 0, canvas.width, canvas.height).data.join();
        }"""
    )
    return pixels


def answered(page: Page) -> None:
    """Wait until what the pen or the slider asked for last is painted."""
    expect(page.locator("#prediction")).to_have_attribute("aria-busy", "false")


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def known_context(browser) -> BrowserContext:
    """A browser that has compiled the scripts before, which a new one does at every visit."""
    return browser.new_context(viewport=SIZE)


@pytest.fixture(scope="session")
def compressed(tmp_path_factory) -> Path:
    """A folder for all servers of the suite: each would compress the same files for half a minute."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "compressed"
    folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def servers(tmp_path_factory, compressed: Path):
    """Start servers that end with the block; settings are given as environment variables."""
    started: list[Server] = []

    def start(data_dir: Path | None = None, **settings: str) -> Server:
        base = tmp_path_factory.mktemp("server")
        (base / "home").mkdir()
        (base / "home" / "compressed").symlink_to(compressed)
        server = Server(base / "home", data_dir or base / "no-data", **settings)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.stop()
        stop_worker(server.home)


@pytest.fixture(scope="module")
def start_server(tmp_path_factory, compressed):
    """Start servers of the module's own."""
    with servers(tmp_path_factory, compressed) as start:
        yield start


@pytest.fixture(scope="session")
def digits_server(tmp_path_factory, compressed):
    """The bundled classifier and the embedded digits, for modules that leave the server as it is."""
    with servers(tmp_path_factory, compressed) as start:
        yield start()


@pytest.fixture(scope="session")
def second_server(tmp_path_factory, compressed, best_data, second_path):
    """The second model, for modules that leave the server as it is."""
    with servers(tmp_path_factory, compressed) as start:
        yield start(best_data, CNN_MODEL=str(second_path))


@pytest.fixture(scope="session")
def best_data(request) -> Path | None:
    """MNIST where it is, else None: then the embedded digits are shown."""
    folder = Path(os.environ.get("CNN_DATA_DIR", "data"))
    return folder if datasets.find("mnist", folder) else None


class Visitor:
    """A page that nothing is remembered for; it fails the test for errors and foreign requests."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.page: Page = context.new_page()
        kept = {"origin": base, "storageTypes": "cookies,local_storage"}
        context.new_cdp_session(self.page).send("Storage.clearDataForOrigin", kept)
        self.base = base
        self.errors: list[str] = []
        self.foreign: list[str] = []
        self.answers: list = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._asked)
        self.page.on("response", lambda answer: self.answers.append(answer))

    def _heard(self, message) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def _asked(self, request) -> None:
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.foreign.append(request.url)

    def open(self, path: str = "/") -> Page:
        self.page.goto(self.base + path)
        self.page.wait_for_selector(READY, timeout=60_000)
        return self.page

    def check(self) -> None:
        assert self.errors == []
        assert self.foreign == []


@pytest.fixture
def visit(browser, known_context):
    """Open a page of a server as a new visitor; errors and foreign requests fail the test.

    Each but the first of a test has a browser of its own, so has one with options.
    """
    visitors: list[Visitor] = []

    def visit(server: Server, path: str | None = "/", **options) -> Visitor:
        is_own = bool(visitors or options)
        context = browser.new_context(**{"viewport": SIZE, **options}) if is_own else known_context
        visitor = Visitor(context, server.url)
        visitors.append(visitor)
        if path is not None:
            visitor.open(path)
        return visitor

    yield visit
    for visitor in visitors:
        context = visitor.page.context
        visitor.page.close()
        if context is not known_context:
            context.close()
        visitor.check()

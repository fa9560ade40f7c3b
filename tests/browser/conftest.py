from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

import cnn
from cnn.data import datasets
from tests import nets
from tests.browser.server import FLAGS, HEADLESS, ForkedServer, Server, stop_worker

SIZE: ViewportSize = {"width": 1400, "height": 900}
# Playwright makes functions of the conditions it waits for, which the policy of a page forbids;
# `test_policy.py` holds every page to it.
CONTEXT = {"viewport": SIZE, "bypass_csp": True}
NOWHERE, MISSING = "/nowhere", "This page does not exist"
READY = "#content:not(.waiting):not(.unavailable)"
# As long as a busy machine of two slow cores may take; TensorFlow's start takes the longest.
STATE_MILLISECONDS, START_MILLISECONDS = 60_000, 240_000
expect.set_options(timeout=STATE_MILLISECONDS)
_PIXELS = """async (picture) => {
  await picture.decode();
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: picture.naturalWidth, height: picture.naturalHeight });
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height).data.join();
}"""


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
    pixels: str = page.locator("#picture").evaluate(_PIXELS)
    return pixels


def answered(page: Page) -> None:
    """Wait until what the pen or the slider asked for last is painted."""
    expect(page.locator("#prediction")).to_have_attribute("aria-busy", "false")


@pytest.fixture(scope="session")
def browser():
    if HEADLESS is None:
        pytest.skip("Chromium is not installed (apt-get install chromium-headless-shell)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=HEADLESS, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def known_context(browser) -> BrowserContext:
    """A browser that has compiled the scripts before, which a new one does at every visit."""
    return browser.new_context(**CONTEXT)


@pytest.fixture(scope="session")
def compressed(pytestconfig) -> Path:
    """A folder for all servers, kept from run to run: each would compress the same files for long."""
    return pytestconfig.cache.mkdir("compressed")


@contextmanager
def servers(tmp_path_factory, compressed: Path, kind: type[Server] = ForkedServer):
    """Start servers that end with the block; settings are given as environment variables."""
    started: list[Server] = []

    def start(data_dir: Path | None = None, **settings: str) -> Server:
        base = tmp_path_factory.mktemp("server")
        (base / "home").mkdir()
        (base / "home" / "compressed").symlink_to(compressed)
        server = kind(base / "home", data_dir or base / "no-data", **settings)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.end()
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
def best_server(tmp_path_factory, compressed, best_data):
    """The bundled classifier and the best data, for modules that leave the server as it is."""
    with servers(tmp_path_factory, compressed) as start:
        yield start(best_data)


@pytest.fixture(scope="session")
def many_server(tmp_path_factory, compressed):
    """A model of forty layers, for modules that leave the server as it is."""
    path = tmp_path_factory.mktemp("models") / "deep.keras"
    cnn.save_model(nets.deep(40), path)
    with servers(tmp_path_factory, compressed) as start:
        yield start(CNN_MODEL=str(path))


@pytest.fixture(scope="session")
def second_server(tmp_path_factory, compressed, second_path):
    """The second model, for modules that leave the server as it is."""
    with servers(tmp_path_factory, compressed) as start:
        yield start(CNN_MODEL=str(second_path))


@pytest.fixture(scope="session")
def best_data(request) -> Path | None:
    """MNIST where it is, else None: then the embedded digits are shown."""
    folder = Path(os.environ.get("CNN_DATA_DIR", "data"))
    return folder if datasets.find("mnist", folder) else None


class Visitor:
    """A page that nothing is remembered for; it fails the test for errors and foreign requests."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.page: Page = context.new_page()
        self.page.set_default_timeout(STATE_MILLISECONDS)
        kept = {"origin": base, "storageTypes": "cookies,local_storage"}
        context.new_cdp_session(self.page).send("Storage.clearDataForOrigin", kept)
        self.base = base
        self.errors: list[str] = []
        self.foreign: list[str] = []
        self.failures: list[str] = []
        self.answers: list = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.errors.append(error.stack or str(error)))
        self.page.on("request", self._asked)
        self.page.on("response", lambda answer: self.answers.append(answer))
        self.page.on("requestfailed", self._failed)

    def _heard(self, message) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def _asked(self, request) -> None:
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.foreign.append(request.url)

    def _failed(self, request) -> None:
        self.failures.append(f"{request.failure} {request.url}")

    def open(self, path: str = "/") -> Page:
        self.page.goto(self.base + path)
        self.page.wait_for_selector(READY, timeout=START_MILLISECONDS)
        return self.page

    def told(self) -> str:
        """What is on the page, and what went wrong on the way, for the report of a test that failed."""
        try:
            shown = self.page.locator("body").inner_text(timeout=5_000)
        except PlaywrightError as problem:
            shown = str(problem)
        refused = [_in_words(answer) for answer in self.answers if answer.status >= 400]
        return "\n".join([shown, *self.errors, *refused, *self.failures])

    def check(self) -> None:
        assert self.errors == []
        assert self.foreign == []


@pytest.fixture
def visit(browser, known_context, request):
    """Open a page of a server as a new visitor; errors and foreign requests fail the test.

    Each but the first of a test has a browser of its own, so has one with options.
    """
    visitors: list[Visitor] = []

    def visit(server: Server, path: str | None = "/", **options) -> Visitor:
        is_own = bool(visitors or options)
        context = browser.new_context(**CONTEXT | options) if is_own else known_context
        visitor = Visitor(context, server.url)
        visitors.append(visitor)
        request.node.stash[_VISITORS].append(visitor)
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


_REMEMBER = """() => {
  const root = document.documentElement;
  root.atFirst = root.dataset.bsTheme;
  for (const one of document.querySelectorAll("details")) one.atFirst = one.open;
}"""
# Where no page is mounted, the shell takes back what belongs neither to a page nor to the view.
_RESET = """() => {
  const root = document.documentElement;
  dash_clientside.cnn.reset();
  root.dataset.bsTheme = root.atFirst;
  for (const one of document.querySelectorAll("details"))
    if (one.atFirst !== undefined) one.open = one.atFirst;
  dash_clientside.set_props("notice", { is_open: false });
  document.activeElement.blur();
  localStorage.clear();
  sessionStorage.clear();
  scrollTo(0, 0);
}"""
# As the links of the dashboard do: Dash notices this event. The view stays.
_GO = """(path) => {
  history.pushState({ view: dash_clientside.cnn.currentView() }, "", path + location.search);
  dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
}"""
# Go to a link on the same page; return what the server makes of it.
_TAKE = """async (search) => {
  const { view } = await (await fetch("/link" + search)).json();
  history.pushState({}, "", location.pathname + search);
  dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
  return view;
}"""
_TAKEN = """(wanted) => {
  const text = (view) => String(new URLSearchParams(view));
  const view = dash_clientside.cnn.currentView();
  return text(view) === text(wanted) && location.search === "?" + text(view);
}"""
# Its picture by the pixels: the server and the browser write the same ones as other bytes.
_PANEL = f"""async () => {{
  const ids = ["picture", "picture-text", "prediction"];
  const [picture, ...texts] = ids.map((id) => document.getElementById(id));
  const pixels = await ({_PIXELS})(picture).catch(() => "none yet");
  return [pixels, ...texts.map((one) => one.textContent)].join();
}}"""
# Once it is whole, and the same for some frames.
_PANEL_AT_REST = f"""async (most) => {{
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  const isWhole = () => document.getElementById("picture").naturalWidth
    && ["picture-text", "prediction"].every((id) => document.getElementById(id).textContent);
  const [panel, end] = [{_PANEL}, performance.now() + most];
  while (performance.now() < end) {{
    const before = isWhole() && (await panel());
    for (let i = 0; i < 12; i++) await frame();
    if (before && (await panel()) === before) return before;
  }}
  throw Error("The panel does not come to rest: " + (await panel()));
}}"""
# Playwright takes the promise of a condition for true.
_PANEL_BECOMES = f"""async ([wanted, most]) => {{
  const [panel, end] = [{_PANEL}, performance.now() + most];
  while ((await panel()) !== wanted) {{
    if (performance.now() > end) throw Error("The panel is another: " + (await panel()));
    await new Promise(requestAnimationFrame);
  }}
}}"""


def _in_words(answer) -> str:
    return f"{answer.status} {answer.url} {answer.request.post_data or ''}"


class Kept(Visitor):
    """A page that is loaded once, and led to other pages by the router."""

    def begin(self) -> None:
        """Load the page, and remember how it is for one who comes without a link."""
        self.open(NOWHERE)
        answered(self.page)
        self.page.wait_for_url("**index=**")
        self.page.evaluate(_REMEMBER)
        self.search = self.page.url.partition("?")[2]
        self.panel = self.page.evaluate(_PANEL_AT_REST, STATE_MILLISECONDS)

    def lead(self, path: str, viewport: ViewportSize) -> None:
        """Go to a page as one who has just come: on the way everything is set back."""
        page, heading = self.page, self.page.get_by_role("heading", level=1)
        page.unroute_all()
        page.mouse.move(0, 0)
        page.evaluate(_GO, NOWHERE)
        expect(heading).to_have_text(MISSING)
        self._take(self.search)
        page.evaluate(_RESET)
        page.evaluate(_PANEL_BECOMES, [self.panel, STATE_MILLISECONDS])
        answered(page)
        page.set_viewport_size(viewport)
        self.answers.clear()
        path, is_link, search = path.partition("?")
        if is_link:
            self._take(search)
        page.evaluate(_GO, path)
        if path != NOWHERE:
            expect(heading).not_to_have_text(MISSING)

    def _take(self, search: str) -> None:
        view = self.page.evaluate(_TAKE, f"?{search}")
        self.page.wait_for_function(_TAKEN, arg=view)


_FAILED = pytest.StashKey[bool]()
_VISITORS = pytest.StashKey[list[Visitor]]()


def pytest_runtest_setup(item):
    item.stash[_FAILED] = False
    item.stash[_VISITORS] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    item.stash[_FAILED] = item.stash[_FAILED] or report.failed
    if report.failed:
        visitors = dict.fromkeys(item.stash[_VISITORS])
        report.sections += [(f"page {one.page.url}", one.told()) for one in visitors]
    return report


@pytest.fixture(scope="module")
def kept(browser):
    """The pages of `shared`, by server and options."""
    visitors: dict[str, Kept] = {}
    yield visitors
    for visitor in visitors.values():
        visitor.page.context.close()


@pytest.fixture
def shared(browser, kept, request):
    """Go to a page of a server as `visit` does, without loading all scripts anew for each test.

    For tests in which neither the load nor what the browser remembers is the subject. A page that a
    test failed with is not used again.
    """
    used: dict[str, Kept] = {}

    def shared(
        server: Server, path: str = "/", *, viewport: ViewportSize = SIZE, **options
    ) -> Kept:
        key = f"{server.url} {options}"
        if key not in kept:
            context = browser.new_context(**CONTEXT, **options)
            kept[key] = Kept(context, server.url)
            used[key] = kept[key]
            kept[key].begin()
        used[key] = kept[key]
        request.node.stash[_VISITORS].append(kept[key])
        kept[key].lead(path, viewport)
        return kept[key]

    yield shared
    faults = [visitor for visitor in used.values() if visitor.errors or visitor.foreign]
    for key, visitor in used.items():
        if request.node.stash[_FAILED] or visitor in faults:
            del kept[key]
            visitor.page.context.close()
    for visitor in used.values():
        visitor.check()

"""`make screenshots` takes the pictures of the documentation from servers of its own.

`python -m docs.screenshots upload notebook` takes some of them. That of a notebook needs nbconvert, which
nothing else does: `pip install nbconvert`.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import keras
import nbformat
from nbclient import NotebookClient
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

import cnn
from cnn.files import content_hash
from cnn.training.importing import import_checkpoints
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
    ("features", "/features/conv2d_1?channel=5", "light", 1400),
    ("why", "/why/conv2d_1?channel=5", "light", 1400),
    ("output", "/output?of=7&against=9", "light", 1400),
    ("explain", "/explain?index=18", "light", 1400),
    ("counterfactual", "/counterfactual?index=18", "light", 1400),
    ("quiz", "/quiz?quiz=3", "light", 1400),
    ("surgery", "/surgery/conv2d_1?channel=3&surgery=conv2d_1%3A0-40*0", "light", 1400),
    ("perturb", "/perturb?rotate=-30", "light", 1400),
    ("training", "/training", "light", 1400),
    ("moments", "/moments/conv2d?other=0-8", "dark", 1400),
    ("step", "/one-step/conv2d", "light", 1400),
    ("phone", "/activations/conv2d_1", "dark", 390),
)
# Each way in, with a network and pictures that are not the project's.
DOORS = {
    "own": "/activations/edges",
    "recorded": "/training?runs=mine",
    "imported": "/moments/edges?model={}",
}
UPLOAD, NOTEBOOK, CHECK = "upload", "notebook", "check"
_CELLS = (
    """import cnn, dashboard, keras
model = keras.models.load_model("my_network.keras")
digits = cnn.load_dataset("digits")""",
    """dashboard.launch(model, images=digits.images, labels=digits.labels, scale=1 / 255)""",
)
_SMALL = {"width": 1200, "height": 500}
_COLOURS = 256
_TERMINAL = "body { margin: 0; padding: 14px 18px; } pre { margin: 0; font-size: 16px; }"
_HEIGHT = "() => document.body.scrollHeight"
# In a picture of the whole page nothing stays at the edge of the window.
_WHOLE = ".form-foot { position: static !important } .panel { max-height: none !important }"
_DRAWN = ("network", "drawing")
_IN_WINDOW = (*_DRAWN, "pictures")
_STEPPED = ("step",)
_STUDIED = ("features",)
_ANSWERED = ("quiz",)


def main(names: list[str]) -> None:
    """Take all pictures, or those with these names."""
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        folder = Path(made)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            if pictures := [one for one in PICTURES if one[0] in names or not names]:
                _take_pages(browser, folder, pictures)
            if doors := {
                name for name in (*DOORS, UPLOAD, NOTEBOOK, CHECK) if name in names or not names
            }:
                _take_doors(browser, folder, doors)
        finally:
            browser.close()


@contextmanager
def _serving(home: Path, data: Path, **settings: str) -> Iterator[Server]:
    server = Server(home, data, **settings).start()
    try:
        yield server
    finally:
        server.stop()
        stop_worker(home)


def _take_pages(browser: Browser, folder: Path, pictures: list[tuple[str, str, str, int]]) -> None:
    """Take pictures of pages that show the bundled classifier."""
    data = Path(os.environ.get("CNN_DATA_DIR", "data"))
    with _serving(folder / "home", data) as server:
        for name, path, scheme, width in pictures:
            page = _open(browser, server.url + path, scheme, width)
            if name in _DRAWN:
                _draw(page)
            if name in _STEPPED:
                _step(page)
            if name in _STUDIED:
                _study(page)
            if name in _ANSWERED:
                _answer(page)
            page.screenshot(
                path=IMAGES / f"{name}.png", full_page=name not in _IN_WINDOW, style=_WHOLE
            )
            page.close()


def _take_doors(browser: Browser, folder: Path, doors: set[str]) -> None:
    """Take small pictures of a network and pictures of somebody's own, by each way in."""
    home = folder / "doors"
    path = _train_elsewhere(folder, home / "runs")
    settings = {"CNN_MODEL": str(path), "CNN_DATA": str(folder / "pictures")}
    with _serving(home, folder, **settings) as server:
        for name, address in DOORS.items():
            if name in doors:
                key = content_hash(home / "runs" / "checkpoints" / "model.keras")
                page = _open(browser, server.url + address.format(key), "light", _SMALL["width"])
                page.set_viewport_size(_SMALL)
                page.wait_for_timeout(2000)
                _keep(page, name)
    if CHECK in doors:
        _take_check(browser, folder, path)
    if UPLOAD in doors:
        with _serving(folder / "others", folder) as server:
            _take_upload(browser, server.url, path)
    if NOTEBOOK in doors:
        _take_notebook(browser, folder)


def _keep(page: Page, name: str) -> None:
    """Keep a small picture of the page, and close it."""
    place = IMAGES / f"{name}.png"
    page.screenshot(path=place)
    Image.open(place).convert("RGB").quantize(_COLOURS).save(place, optimize=True)
    page.close()


def _take_upload(browser: Browser, url: str, path: Path) -> None:
    """Take the picture of a model file that a reader has opened in the browser."""
    page = _open(browser, f"{url}/activations", "light", _SMALL["width"])
    page.set_viewport_size(_SMALL)
    page.locator("details:has(#opening)").evaluate("choices => (choices.open = true)")
    button = page.get_by_role("button", name="Open a model file")
    with page.expect_file_chooser() as chosen:
        button.click()
    chosen.value.set_files(path)
    page.get_by_role("link", name="edges", exact=True).first.wait_for(timeout=120_000)
    button.scroll_into_view_if_needed()
    page.wait_for_timeout(3000)
    _keep(page, UPLOAD)


def _take_check(browser: Browser, folder: Path, path: Path) -> None:
    """Take the picture of what the command says of the network in a terminal."""
    command = ("check", path.name, "--data", "pictures/")
    said = subprocess.run(
        [sys.executable, "-m", "dashboard", *command],
        cwd=folder,
        env={**os.environ, "FORCE_COLOR": "1", "COLUMNS": "110", "PYTHONPATH": str(Path.cwd())},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    terminal = Console(record=True, width=110, file=io.StringIO())
    terminal.print(Text(f"$ cnn-dashboard {' '.join(command)}"))
    terminal.print(Text.from_ansi(said))
    page = browser.new_page(viewport=_SMALL)
    page.set_content(terminal.export_html(theme=MONOKAI, inline_styles=True))
    page.add_style_tag(content=_TERMINAL)
    page.set_viewport_size({**_SMALL, "height": int(page.evaluate(_HEIGHT))})
    _keep(page, CHECK)


def _take_notebook(browser: Browser, folder: Path) -> None:
    """Take the picture of an executed notebook while its kernel serves the dashboard in it."""
    if not find_spec("nbconvert"):
        sys.exit("The picture of a notebook is not taken: pip install nbconvert.")
    cells = [nbformat.v4.new_code_cell(source) for source in _CELLS]
    notebook, path = nbformat.v4.new_notebook(cells=cells), folder / "notebook.ipynb"
    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources)
    with client.setup_kernel():
        for number, cell in enumerate(notebook.cells):
            client.execute_cell(cell, number)
        nbformat.write(notebook, path)
        subprocess.run([sys.executable, "-m", "nbconvert", "--to", "html", path], check=True)
        handler = partial(SimpleHTTPRequestHandler, directory=folder)
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as pages:
            threading.Thread(target=pages.serve_forever, daemon=True).start()
            page = browser.new_page(viewport=_SMALL)
            page.goto(f"http://127.0.0.1:{pages.server_port}/notebook.html")
            inside = page.frame_locator("iframe")
            inside.locator("#content:not(.waiting)").wait_for(timeout=120_000)
            # Above it stands what TensorFlow logs.
            page.locator(".jp-CodeCell").last.evaluate("cell => cell.scrollIntoView()")
            page.wait_for_timeout(3000)
            _keep(page, NOTEBOOK)
            pages.shutdown()


def _train_elsewhere(folder: Path, runs: Path) -> Path:
    """Train a small network by Keras alone, recorded and with checkpoints, and write its pictures."""
    digits = cnn.load_dataset("digits")
    for number in range(100):
        sample = digits[number]
        place = folder / "pictures" / sample.class_name
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(sample.pixels[..., 0]).save(place / f"{number}.png")
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(12, 5, activation="relu", name="edges"),
            layers.MaxPooling2D(name="halved"),
            layers.Conv2D(16, 3, activation="relu", name="parts"),
            layers.Flatten(name="flat"),
            layers.Dense(10, activation="softmax", name="classes"),
        ],
        name="my_network",
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    checkpoints = folder / "checkpoints"
    kept = keras.callbacks.ModelCheckpoint(checkpoints / "epoch{epoch}.keras")
    model.fit(
        digits.images / 255, digits.labels, epochs=8, validation_split=0.2, verbose=0,
        callbacks=[cnn.RunRecorder(runs / "mine", data="digits"), kept],
    )  # fmt: skip
    path = folder / "my_network.keras"
    model.save(path)
    import_checkpoints(checkpoints, path, runs)
    return path


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


def _study(page: Page) -> None:
    """Let the worker do what the page offers."""
    for study in page.locator(".study").all():
        study.locator(".study-start").click()
        study.locator(".study-controls").wait_for(state="hidden", timeout=120_000)
    page.evaluate("scrollTo(0, 0)")


def _step(page: Page) -> None:
    page.get_by_label("Teach it that this is a").select_option("1")
    page.get_by_role("button", name="Step", exact=True).click()
    page.wait_for_timeout(3000)


def _answer(page: Page) -> None:
    page.get_by_role("button", name="A is untrained").click()
    page.wait_for_timeout(2000)


main(sys.argv[1:])

"""The first seconds of a server, and models that cannot be used."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from pages.filters import BIASES, MAIN, SPREAD
from tests.browser.conftest import READY, START_MILLISECONDS, answered, servers
from tests.browser.server import Server
from tests.browser.shown import MAPS_ARE_PAINTED, apart, shown

_PICTURES = """() =>
  [...document.querySelectorAll("#network canvas.net-tiles")].map((one) => one.toDataURL())"""


@pytest.fixture(scope="module")
def start_server(tmp_path_factory, compressed):
    """Start servers that import TensorFlow themselves."""
    with servers(tmp_path_factory, compressed, Server) as start:
        yield start


def test_the_page_is_there_before_tensorflow_and_fills_by_itself(start_server, visit):
    server = start_server()
    visitor = visit(server, None)
    page = visitor.page
    page.goto(f"{server.url}/activations")
    expect(page.get_by_role("heading", level=1)).to_have_text("Activations")
    expect(page.locator("#content.waiting")).to_be_visible()
    with urllib.request.urlopen(f"{server.url}/health", timeout=3) as answer:
        assert answer.status == 200
    expect(page.locator("#status")).to_contain_text("TensorFlow is starting")
    page.evaluate("window.sameVisit = true")
    page.wait_for_selector(READY, timeout=START_MILLISECONDS)
    expect(page.locator("#activations-main .gtitle")).to_contain_text("conv2d")
    expect(page.locator("#status")).to_be_empty()
    assert page.evaluate("window.sameVisit") is True


@pytest.fixture
def without_tensorflow(tmp_path):
    """Return a folder that holds a TensorFlow which never gets ready."""
    (tmp_path / "tensorflow.py").write_text("import time\n\ntime.sleep(3600)\n")
    return str(tmp_path)


def test_what_was_opened_before_is_there_while_tensorflow_starts(
    start_server, visit, without_tensorflow
):
    server = start_server()
    pages = ("/activations", "/layers", "/filters/dense")
    computed = {path: _read(visit(server, path).page, shown) for path in pages}
    network = _read(visit(server, "/").page, _network)
    server.end()
    server.environment["PYTHONPATH"] = without_tensorflow
    server.start()
    for path in pages:
        assert apart(shown(visit(server, path).page), computed[path]) == []
    visitor = visit(server, "/")
    page = visitor.page
    assert _network(page) == network
    expect(page.locator("#status")).to_contain_text("TensorFlow is starting")
    page.get_by_role("button", name="3", exact=True).click()
    expect(page.locator("body.late")).to_be_visible()
    assert all("503" in error for error in visitor.errors)
    visitor.errors.clear()


def _read(page: Page, read: Callable[[Page], Any]) -> Any:
    """Return what is read of the page, and leave the page."""
    content = read(page)
    page.close()
    return content


def _network(page: Page) -> list[str]:
    """Return the pictures of all layers once they are painted."""
    page.wait_for_function(MAPS_ARE_PAINTED)
    answered(page)
    pictures: list[str] = page.evaluate(_PICTURES)
    return pictures


def test_a_page_that_was_not_opened_before_fills_when_tensorflow_is_there(start_server, visit):
    server = start_server()
    visit(server, "/activations").page.close()
    server.end()
    server.start()
    filters = _read(visit(server, "/filters").page, shown)
    assert [figure["id"] for figure in filters["figures"]] == [MAIN, BIASES, SPREAD]
    server.end()
    server.start()
    assert _read(visit(server, "/").page, _network)


def test_a_broken_model_is_explained_and_the_bundled_one_stays(start_server, visit, tmp_path):
    path = tmp_path / "broken.keras"
    path.write_bytes(b"this is no model")
    page = visit(start_server(CNN_MODEL=str(path)), "/architecture").page
    expect(page.locator("#status")).to_contain_text("broken.keras is no Keras model")
    expect(page.locator("#status")).to_contain_text("The bundled classifier is shown instead")
    expect(page.locator("#layer-table")).to_contain_text("conv2d_1")
    assert path.read_bytes() == b"this is no model"


def test_a_missing_model_is_trained_saved_and_used(start_server, visit, tmp_path):
    path = tmp_path / "mine.keras"
    server = start_server(CNN_MODEL=str(path))
    page = visit(server).page
    expect(page.locator("#status")).to_contain_text("mine.keras is being trained")
    page.locator("#status").get_by_role("link", name="watch it").click()
    row = page.locator("#training-runs tbody tr").first
    expect(row).to_contain_text("finished", timeout=START_MILLISECONDS)
    expect(row).not_to_contain_text("bundled")
    assert path.exists()
    expect(page.locator("#model option:checked")).to_have_text("mine.keras")
    other = visit(server, "/training").page
    expect(other.locator("#model option:checked")).to_have_text("mine.keras")
    expect(other.locator("#training-settings")).to_contain_text("digits")


def test_without_data_and_network_the_digits_stay_and_the_reason_is_told(
    start_server, visit, tmp_path
):
    """The download goes through the worker for real; its network is a proxy that is not there."""
    server = start_server(
        CNN_DOWNLOAD="true", KERAS_HOME=str(tmp_path), HTTPS_PROXY="http://127.0.0.1:9"
    )
    page = visit(server).page
    expect(page.locator("#picture-text")).to_contain_text("embedded digit")
    expect(page.locator("#status")).to_contain_text("MNIST is being downloaded")
    expect(page.locator("#status")).to_contain_text(
        "could not be downloaded", timeout=START_MILLISECONDS
    )
    expect(page.locator("#picture-text")).to_contain_text("embedded digit")

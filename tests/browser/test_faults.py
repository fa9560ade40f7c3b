"""A page that is open while processes of its server are killed, or the server becomes another."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import READY, START_MILLISECONDS, answered, seen
from tests.browser.server import Server, stop_worker
from tests.conftest import ROOT


def test_a_page_catches_up_when_its_web_process_is_killed(start_server, visit):
    server = start_server()
    visitor = visit(server, "/activations/conv2d")
    page = visitor.page
    expect(page.locator(READY)).to_be_visible(timeout=START_MILLISECONDS)
    before = seen(page)
    address = page.url
    master = server._process.pid
    (killed,) = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    os.kill(int(killed), signal.SIGKILL)
    page.get_by_role("button", name="3", exact=True).click()
    expect(page).not_to_have_url(address, timeout=START_MILLISECONDS)
    answered(page)
    expect(page.locator("#silence")).to_be_empty(timeout=START_MILLISECONDS)
    expect(page.locator(READY)).to_be_visible(timeout=START_MILLISECONDS)
    assert seen(page) != before
    visitor.errors.clear()


@pytest.fixture
def renew(tmp_path):
    """End a server, and start one of another edition in its place: there an id is another."""
    started: list[Server] = []

    def renew(old: Server) -> None:
        old.end()
        for name in ("dashboard", "pages", "assets"):
            shutil.copytree(ROOT / name, tmp_path / name)
        ids = tmp_path / "dashboard" / "ids.py"
        text = ids.read_text()
        assert '"panel-data"' in text
        ids.write_text(text.replace('"panel-data"', '"renamed-data"'))
        paths = {"PYTHONSAFEPATH": "1", "PYTHONPATH": f"{tmp_path}:{ROOT}"}
        server = Server(old.home, old.data_dir, PORT=str(old.port), **paths)
        server.port, server.url = old.port, old.url
        started.append(server)
        server.start()

    yield renew
    for server in started:
        server.end()
        stop_worker(server.home)


def test_a_page_of_an_older_edition_asks_to_be_loaded_again(start_server, visit, renew):
    server = start_server()
    visitor = visit(server, "/activations/conv2d")
    page, outdated = visitor.page, visitor.page.locator("#outdated")
    answered(page)
    renew(server)
    expect(outdated).to_contain_text("The server has been renewed since this page was opened")
    before, address = seen(page), page.url
    page.get_by_role("button", name="3", exact=True).click()
    expect(page).not_to_have_url(address)
    answered(page)
    picture, told = seen(page), page.locator("#picture-text").inner_text()
    assert picture != before
    outdated.get_by_role("link", name="Load the page again").click()
    expect(outdated).to_be_hidden()
    expect(page.locator(READY)).to_be_visible(timeout=START_MILLISECONDS)
    expect(page.locator("#picture-text")).to_have_text(told)
    assert seen(page) == picture
    # Browser and Dash write a line for each question without an answer, and while TensorFlow starts.
    unanswered = ("503", "ERR_", "the server did not respond")
    assert all(any(words in error for words in unanswered) for error in visitor.errors)
    visitor.errors.clear()

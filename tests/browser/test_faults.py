"""A page that is open while processes of its server are killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import READY, START_MILLISECONDS, answered, seen


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

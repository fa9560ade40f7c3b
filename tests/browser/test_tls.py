"""A browser that comes by TLS: its own requests count as those of the page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import READY, START_MILLISECONDS, answered
from tests.browser.server import FLAGS, HEADLESS, ForkedServer
from tests.browser.shown import first_figure
from tests.browser.test_policy import VIOLATIONS, violations
from tests.browser.test_prefix import a_stroke
from tests.dashboard.tls import NAME, needs_tls, secure_site

pytestmark = needs_tls


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with secure_site(tmp_path_factory.mktemp("tls"), ForkedServer) as site:
        yield site


@pytest.fixture
def page(browser, site):
    """A page of a browser to which the site has its usual port, and that takes its certificate."""
    where = f"--host-resolver-rules=MAP {NAME}:443 127.0.0.1:{site.nginx.secure_port}"
    own = browser.browser_type.launch(executable_path=HEADLESS, args=[*FLAGS, where])
    page = own.new_context(
        viewport={"width": 1400, "height": 900}, ignore_https_errors=True
    ).new_page()
    page.add_init_script(VIOLATIONS)
    page.said, page.refused = [], []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("response", lambda answer: answer.status >= 400 and page.refused.append(answer.url))
    yield page
    own.close()


def test_digits_uploads_and_pages_come_by_tls_alone(page):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"https://{NAME}/")
    page.locator(READY).wait_for(timeout=START_MILLISECONDS)
    page.get_by_role("button", name="3", exact=True).click()
    answered(page)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload", exact=True).click()
    chooser.value.set_files({"name": "one.png", "mimeType": "image/png", "buffer": a_stroke()})
    expect(page.locator("#picture-text")).to_contain_text("Your upload")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Activations").click()
    expect(first_figure(page)).to_be_visible()
    expect(page).to_have_url(re.compile(rf"^https://{re.escape(NAME)}/activations\?"))
    elsewhere = [one for one in asked if not one.startswith((f"https://{NAME}/", "data:", "blob:"))]
    assert (elsewhere, page.refused, violations(page)) == ([], [], [])

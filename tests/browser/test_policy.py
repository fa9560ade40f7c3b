"""Every page works within what its headers allow, and no other site shows or asks it."""

import http.server
import io
import threading

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import READY

VIOLATIONS = """addEventListener("securitypolicyviolation", (event) =>
  (window.violations = window.violations || []).push(
    [event.violatedDirective, event.blockedURI, event.sourceFile, event.lineNumber].join(" ")));"""


def encoded() -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (28, 28), 200).save(buffer, "PNG")
    return buffer.getvalue()


PICTURE = encoded()


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.add_init_script(VIOLATIONS)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.said = said
    yield page
    context.close()


def violations(page):
    """What the policy forbade, by the event and by what the console says of it."""
    told = page.evaluate("() => window.violations || []")
    return told + [text for text in page.said if "Content Security Policy" in text]


def test_no_page_does_what_its_policy_forbids(digits_server, page):
    page.goto(digits_server.url)
    expect(page.locator(READY)).to_be_visible()
    links = page.get_by_role("navigation", name="Pages").get_by_role("link")
    names = links.all_inner_texts()
    assert len(names) > 8
    # Pages that Explain leads to are opened by their own addresses.
    for name in (*names, "/counterfactual", "/quiz"):
        if name.startswith("/"):
            page.goto(f"{digits_server.url}{name}")
        else:
            links.filter(has_text=name).first.click()
        expect(page.locator("h1")).to_be_visible()
        expect(page.locator(READY)).to_be_visible()
        page.get_by_role("button", name="7", exact=True).click()
        expect(page.locator("#prediction")).to_have_attribute("aria-busy", "false")
        page.wait_for_load_state("networkidle")
        assert violations(page) == [], name


def test_the_policy_is_in_force(digits_server, page):
    page.goto(digits_server.url)
    expect(page.locator(READY)).to_be_visible()
    page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.planted = 1";
          document.body.append(script);
        }"""
    )
    assert page.evaluate("() => 'planted' in window") is False
    assert violations(page) != []


@pytest.fixture
def stranger():
    """A site of somebody else that frames an address, and sends things to it."""

    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            target = self.path.removeprefix("/?")
            body = f"<iframe src='{target}'></iframe>".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_no_other_site_frames_a_page(digits_server, stranger, page):
    page.goto(f"{stranger}/?{digits_server.url}/")
    page.wait_for_load_state("networkidle")
    assert any("frame-ancestors" in text for text in page.said)
    assert [frame.locator("#content").count() for frame in page.frames[1:]] == [0]


def test_no_other_site_sends_something(digits_server, stranger, page):
    page.goto(f"{stranger}/?about:blank")
    kept = digits_server.home / "uploads"
    before = sorted(kept.rglob("*"))
    with page.expect_event("requestfailed") as failed:
        page.evaluate(
            """([address, picture]) => fetch(`${address}/upload`, { method: "POST", mode: "no-cors",
              body: new Uint8Array(picture) }).catch(() => null)""",
            [digits_server.url, list(PICTURE)],
        )
    assert failed.value.url == f"{digits_server.url}/upload"
    assert sorted(kept.rglob("*")) == before

"""Every page behind nginx below a path, as `--prefix` or as what the proxy takes away."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import READY, START_MILLISECONDS, seen, servers
from tests.browser.shown import MAPS_ARE_PAINTED, first_figure
from tests.dashboard.nginx import needs_nginx, shipped

pytestmark = needs_nginx
WAYS = {
    "--prefix": ("cnn-dashboard.conf", {"CNN_PREFIX": "/cnn/", "CNN_PROXIES": "1"}),
    "X-Forwarded-Prefix": ("cnn-dashboard-below.conf", {"CNN_PROXIES": "1"}),
}
# Pages that Explain leads to, with the texts of their links there.
BEYOND = {
    "Counterfactual": "What would turn it into another class?",
    "Quiz": "Quiz: which map is of the untrained network?",
}
WITHOUT_FIGURE = ("Diagnosis", "Features", "Training", "Moments", "One step")
ADDRESSES = """() => [...document.querySelectorAll("a[href], img[src], script[src], link[href]")]
  .map((one) => one.href || one.src).filter((address) => address.startsWith("http"))"""


@pytest.fixture(scope="module", params=WAYS)
def site(request, tmp_path_factory, compressed):
    """A server as nginx shows it, which `visit` takes for one whose address ends with the path."""
    name, settings = WAYS[request.param]
    with servers(tmp_path_factory, compressed) as start:
        server = start(**settings)
        nginx = shipped(tmp_path_factory.mktemp("nginx"), name, server.port).start()
        yield SimpleNamespace(url=f"{nginx.url}/cnn", server=server)
        nginx.stop()


def refused(visitor):
    return [(answer.status, answer.url) for answer in visitor.answers if answer.status >= 400]


def a_stroke():
    paper = Image.new("L", (60, 60), 255)
    paper.paste(0, (26, 10, 34, 50))
    buffer = io.BytesIO()
    paper.save(buffer, "PNG")
    return buffer.getvalue()


def painted(page, name):
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    if name == "Network":
        page.wait_for_function(MAPS_ARE_PAINTED)
    elif name not in WITHOUT_FIGURE:
        expect(first_figure(page)).to_be_visible(timeout=START_MILLISECONDS)
    page.wait_for_selector(READY)


def elsewhere(page, site):
    """The addresses on the page that are not below the path."""
    return [one for one in page.evaluate(ADDRESSES) if not one.startswith(f"{site.url}/")]


def test_every_page_stays_below_the_path(site, visit):
    visitor = visit(site)
    page = visitor.page
    pages = page.get_by_role("navigation", name="Pages")
    names = pages.get_by_role("link").all_inner_texts()
    assert {"Network", "Perturb", "Training"} <= {*names}
    for name in names:
        pages.get_by_role("link", name=name, exact=True).click()
        painted(page, name)
        expect(page.locator("nav.pages a[aria-current=page]")).to_have_text(name)
        assert elsewhere(page, site) == []
    for name, link in BEYOND.items():
        pages.get_by_role("link", name="Explain", exact=True).click()
        page.get_by_role("link", name=link, exact=True).click()
        painted(page, name)
        assert elsewhere(page, site) == []
    page.get_by_role("link", name="Glossary").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Glossary")
    assert refused(visitor) == []


def test_back_forward_reload_and_a_link_opened_anew(site, visit):
    visitor = visit(site, "/activations/conv2d_1?data=digits&index=3")
    page = visitor.page
    painted(page, "Activations")
    picture = seen(page)
    page.get_by_role("link", name="conv2d", exact=True).click()
    expect(page.locator(".layer-tabs a[aria-current=page]")).to_have_text("conv2d")
    page.locator("nav.pages").get_by_role("link", name="Filters").click()
    painted(page, "Filters")
    page.go_back()
    painted(page, "Activations")
    page.go_back()
    expect(page.locator(".layer-tabs a[aria-current=page]")).to_have_text("conv2d_1")
    page.go_forward()
    expect(page.locator(".layer-tabs a[aria-current=page]")).to_have_text("conv2d")
    page.reload()
    painted(page, "Activations")
    assert seen(page) == picture
    assert page.url.startswith(f"{site.url}/activations/conv2d?")
    anew = visit(site, page.url.removeprefix(site.url))
    painted(anew.page, "Activations")
    expect(anew.page.locator(".layer-tabs a[aria-current=page]")).to_have_text("conv2d")
    assert seen(anew.page) == picture
    assert refused(visitor) + refused(anew) == []


def test_digits_uploads_and_downloads_stay_below_the_path(site, visit):
    visitor = visit(site)
    page = visitor.page
    with page.expect_request(f"{site.url}/labels/**"):
        page.get_by_role("button", name="3", exact=True).click()
    expect(page.locator("#prediction")).to_have_attribute("aria-busy", "false")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload", exact=True).click()
    chooser.value.set_files({"name": "one.png", "mimeType": "image/png", "buffer": a_stroke()})
    expect(page.locator("#picture-text")).to_contain_text("Your upload")
    assert f"{site.url}/upload" in [answer.url for answer in visitor.answers]
    page.locator("nav.pages").get_by_role("link", name="Training").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="History").first.click()
    assert download.value.url.startswith(f"{site.url}/runs/")
    assert "loss" in download.value.path().read_text()
    assert refused(visitor) == []


def test_any_name_of_a_layer_gets_through(site, visit):
    answer = visit(site, None).page.request.get(
        f"{site.url}/lens/inner%2Fa%25b%0Ac", max_redirects=0
    )
    assert answer.status == 308
    assert answer.headers["location"] == "/cnn/one-step/inner%2Fa%25b%0Ac"

"""Layers with names that an address, a script or a figure could misread, in a real browser."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

import cnn
from tests import nets
from tests.browser.conftest import START_MILLISECONDS

NAMES = (*nets.ODD_NAMES, nets.NESTED_NAME)
# What says on each page that it is about the layer.
SAYS = {
    "activations": "#activations-main .gtitle",
    "filters": "#filters-main .gtitle",
    "why": "#why-formula",
    "surgery": "#surgery-now",
    "features": ".study button >> nth=0",
    "one-step": "#one-step-after .gtitle",
}


@pytest.fixture(scope="module")
def server(start_server, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "odd.keras"
    cnn.save_model(nets.oddly_named(), path)
    return start_server(CNN_MODEL=str(path))


def address(of: str, name: str) -> str:
    return f"/{of}/{quote(name, safe='')}"


def is_shown(page: Page, of: str, name: str) -> None:
    """Wait until the page is about the layer, whose name may be cut where it is long."""
    expect(page.locator(".layer-list summary")).to_contain_text(name[:12].strip())
    expect(page.locator(SAYS[of])).to_contain_text(name[:12].strip())
    expect(page.locator(f"#{of}-problem")).to_have_count(0)


def test_every_layer_is_shown_by_its_tab_whatever_its_name(server, shared):
    page = shared(server, "/activations").page
    for name in NAMES:
        page.locator(".layer-list summary").click()
        page.locator(f'.layer-all a[href^="{address("activations", name)}"]').click()
        is_shown(page, "activations", name)
        assert page.evaluate("location.pathname") == address("activations", name)


@pytest.mark.parametrize("of", SAYS)
def test_every_page_shows_a_layer_by_its_link_whatever_its_name(server, shared, of):
    for name in (*nets.ODD_NAMES[:5], "%20", nets.NESTED_NAME):
        is_shown(shared(server, address(of, name)).page, of, name)


@pytest.mark.parametrize("name", ["_underscore", "{brace}", "__proto__", "semi;colon,comma"])
def test_a_channel_of_it_is_switched_off_and_so_it_is_after_a_reload(server, visit, name):
    page = visit(server, address("surgery", name)).page
    page.get_by_role("button", name="Off", exact=True).click()
    changed = page.get_by_role("region", name="Changed channels")
    expect(changed).to_contain_text(f"{name}: channel 0 off")
    page.wait_for_url("**surgery=*")
    page.reload()
    expect(changed).to_contain_text(f"{name}: channel 0 off")
    expect(page.locator("#surgery-now")).to_contain_text(f"{name}: channel 0 off")


def test_grad_cam_of_it_is_part_of_the_link(server, visit):
    page = visit(server, "/explain").page
    page.locator("#explain-of-grad_cam-box").get_by_text("Options").click()
    line = page.locator("#explain-of-grad_cam-python")
    expect(line).not_to_be_empty()
    for name in ("été", "{brace}", "semi;colon,comma", "_underscore"):
        page.locator("#explain-option-grad_cam-layer").select_option(name)
        expect(line).to_contain_text(f"layer={name!r}")
        expect(page.locator("#explain-of-grad_cam .hm image")).to_be_visible()
    page.wait_for_url("**options=grad_cam.layer*_underscore*")
    page.reload()
    expect(line).to_contain_text("layer='_underscore'")


def test_the_pictures_of_its_channel_are_found(server, visit):
    page = visit(server, address("features", "{brace}")).page
    page.get_by_role("button", name="Find the pictures for {brace}").click()
    box = page.get_by_role("region", name="Pictures of the data set", exact=True)
    expect(box).to_contain_text("Channel 0 of {brace} goes from", timeout=START_MILLISECONDS)

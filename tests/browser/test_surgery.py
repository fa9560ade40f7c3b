"""Channel surgery in a real browser: a channel is switched off, followed, and taken back."""

from __future__ import annotations

import re

import keras
import numpy as np
import pytest
from playwright.sync_api import Page, expect

import cnn
from tests.browser.conftest import answered
from tests.browser.shown import apart, shown


@pytest.fixture(scope="module")
def server(digits_server):
    return digits_server


def banner(page: Page):
    return page.get_by_role("region", name="Changed channels")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_a_channel_is_switched_off_seen_on_every_page_and_taken_back(server, shared):
    page = shared(server, "/surgery/conv2d_1?channel=3").page
    expect(page.locator("#surgery-unchanged")).to_contain_text("No channel is changed yet")
    expect(banner(page)).to_be_hidden()
    press(page, "Off")
    expect(banner(page)).to_contain_text("conv2d_1: channel 3 off")
    expect(page.get_by_role("button", name="Off", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page.locator("#surgery-probabilities-caption")).to_contain_text("before, it says")
    page.wait_for_url("**surgery=conv2d_1%3A3*0*")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Activations").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Activations")
    expect(banner(page)).to_contain_text("conv2d_1: channel 3 off")
    expect(page.get_by_role("link", name="conv2d_1_operated", exact=True)).to_be_visible()
    press(page, "Undo all")
    expect(banner(page)).to_be_hidden()
    expect(page.get_by_role("link", name="conv2d_1_operated", exact=True)).to_have_count(0)
    page.go_back()
    expect(banner(page)).to_contain_text("conv2d_1: channel 3 off")
    assert not page.url.endswith("surgery")


def test_the_link_opens_what_was_on_the_screen(server, visit):
    page = visit(server, "/surgery/conv2d?channel=5").page
    press(page, "Only this one")
    expect(page.locator("#surgery-now")).to_have_text("conv2d: channel 5 as it was trained")
    expect(banner(page)).to_contain_text("channels 0 to 4 off, channels 6 to 31 off")
    page.get_by_role("slider", name="Strength").fill("50")
    expect(page.locator("#surgery-now")).to_have_text("conv2d: channel 5 at 50%")
    page.get_by_role("button", name="4", exact=True).click()
    expect(page.locator("#picture-text")).to_contain_text("Label 4")
    answered(page)
    reached = shown(page)
    opened = visit(server, page.url.removeprefix(server.url)).page
    assert apart(shown(opened), reached) == []
    expect(opened.get_by_role("slider", name="Strength")).to_have_value("50")


def test_a_channel_is_held_at_its_mean_and_restored(server, shared):
    page = shared(server, "/surgery/conv2d?channel=2").page
    press(page, "Hold at its mean")
    expect(page.locator("#surgery-now")).to_have_text(
        re.compile(r"^conv2d: channel 2 held at 0\.\d+$")
    )
    expect(page.get_by_role("slider", name="Strength")).to_have_value("0")
    press(page, "As trained")
    expect(page.locator("#surgery-now")).to_have_text("conv2d: channel 2 as it was trained")
    expect(page.locator("#surgery-unchanged")).to_contain_text("No channel is changed yet")


def test_the_file_is_the_network_on_the_screen(server, shared, classifier, tmp_path):
    page = shared(server, "/surgery/conv2d?surgery=conv2d%3A3*0").page
    expect(banner(page)).to_contain_text("conv2d: channel 3 off")
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as .keras").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    image = np.random.default_rng(0).integers(0, 256, (28, 28, 1), dtype=np.uint8)
    batch = cnn.prepare(image, classifier)
    expected = cnn.ablate(classifier, {"conv2d": {3: 0.0}})(batch)
    np.testing.assert_allclose(keras.models.load_model(path)(batch), expected, atol=1e-6)


def test_a_link_to_a_channel_that_is_not_there_is_told(server, visit):
    page = visit(server, "/?surgery=conv2d%3A99*0").page
    expect(page.get_by_role("alert").first).to_contain_text("There is no channel 99 in 'conv2d'")
    expect(banner(page)).to_be_hidden()


_PAINT = """() => {
  const chart = { painted: "bars", traces: [{ y: { array: 0 } }], layout: {} };
  dash_clientside.cnn.paintChart("surgery-probabilities", chart, [{ values: new Float32Array(10) }]);
}"""
_EMPTY = """() => Plotly.react(document.querySelector("#surgery-probabilities .js-plotly-plot"),
  { data: [], layout: {} }).then(() => null)"""


def test_nothing_is_painted_over_a_figure_that_has_become_empty(server, shared):
    page = shared(server, "/surgery/conv2d?surgery=conv2d:3*0").page
    shown(page)
    painted = page.locator("#surgery-probabilities .painted-over")
    page.evaluate(_PAINT)
    expect(painted).to_have_count(1)
    page.evaluate(_EMPTY)
    expect(painted).to_have_count(0)

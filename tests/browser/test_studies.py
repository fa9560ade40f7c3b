"""Studies in a real browser, done by a real worker: begun, found again after a reload, and used."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

import cnn
from cnn.jobs import Home
from tests import nets
from tests.browser.conftest import START_MILLISECONDS

SURGERY = "surgery=conv2d:3*0,7*0.5"


@pytest.fixture(scope="module")
def server(start_server):
    return start_server()


def study(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def done(box: Locator) -> Locator:
    """Wait for the worker, which imports TensorFlow first."""
    table = box.get_by_role("table")
    expect(table).to_be_visible(timeout=START_MILLISECONDS)
    expect(box.get_by_role("button", name="Cancel")).to_be_hidden()
    return table


def test_changes_are_evaluated_on_the_test_split(server, visit):
    page = visit(server, f"/surgery/conv2d?{SURGERY}").page
    box = study(page, "What the changes cost")
    start = box.get_by_role("button", name="Evaluate on the test split")
    start.focus()
    page.keyboard.press("Enter")
    expect(box.get_by_role("progressbar")).to_be_visible()
    expect(box.get_by_role("button", name="Cancel")).to_be_focused()
    expect(done(box).get_by_role("row", name=re.compile("^all"))).to_have_count(1)
    expect(done(box).get_by_role("row")).to_have_count(12)
    expect(box).to_contain_text("the changed network tells")
    said = box.locator(".study-said").text_content()
    page.reload()
    expect(done(box)).to_be_visible()
    expect(box.locator(".study-said")).to_have_text(str(said))
    page.evaluate("dash_clientside.cnn.changeView({ surgery: 'conv2d:3*0' })")
    expect(box.get_by_role("table")).to_have_count(0)
    expect(start).to_be_enabled()
    page.go_back()
    expect(done(box)).to_be_visible()
    page.evaluate("dash_clientside.cnn.changeView({ surgery: null })")
    expect(box).to_contain_text("No channel is changed")
    expect(start).to_be_disabled()


def test_channels_are_ranked_and_one_is_chosen(server, visit):
    page = visit(server, "/surgery/dense").page
    box = study(page, "What each channel is worth")
    box.get_by_role("button", name="Rank the channels of dense").click()
    expect(done(box).get_by_role("row")).to_have_count(65)
    channel = box.get_by_role("row").nth(1).get_by_role("button")
    number = re.findall(r"\d+", str(channel.get_attribute("aria-label")))[0]
    channel.click()
    page.wait_for_url(f"**channel={number}*")
    expect(channel).to_have_attribute("aria-pressed", "true")
    expect(box).to_contain_text(f"Channel {number} is missed the most")


def test_a_study_is_cancelled_and_offered_again(start_server, visit):
    server = start_server()
    # As long as another has its lock, no worker starts.
    with Home(server.home, server.data_dir).worker_lock():
        page = visit(server, "/surgery/conv2d").page
        box = study(page, "What each channel is worth")
        start = box.get_by_role("button", name="Rank the channels of conv2d")
        start.click()
        expect(box).to_contain_text("waiting for the worker")
        cancel = box.get_by_role("button", name="Cancel")
        cancel.focus()
        page.keyboard.press("Enter")
        expect(start).to_be_focused()
        expect(cancel).to_be_hidden()
        expect(box.get_by_role("table")).to_have_count(0)


def test_the_cards_of_slow_maps_say_that_they_are_being_computed(start_server, visit, tmp_path):
    cnn.save_model(nets.costly(), tmp_path / "costly.keras")
    server = start_server(CNN_MODEL=str(tmp_path / "costly.keras"))
    with Home(server.home, server.data_dir).worker_lock():
        page = visit(server, "/explain").page
        card = page.locator("#explain-of-smoothgrad-caption")
        expect(card).to_contain_text("press Compute them, below")
        box = study(page, "Maps that take many passes")
        box.get_by_role("button", name="Compute them").click()
        expect(card).to_contain_text("is being computed")
        page.reload()
        expect(card).to_contain_text("is being computed")
        box.get_by_role("button", name="Cancel").click()
        expect(card).to_contain_text("press Compute them, below")


def test_what_a_network_without_classes_cannot_show_takes_no_room(start_server, visit, tmp_path):
    cnn.save_model(nets.segmenting(), tmp_path / "segmenting.keras")
    page = visit(start_server(CNN_MODEL=str(tmp_path / "segmenting.keras")), "/perturb").page
    expect(page.locator("#perturb-curve-caption")).to_contain_text("No curve is drawn")
    expect(page.get_by_label("Curve over")).to_be_hidden()
    expect(page.get_by_role("link", name="The smallest change into another class")).to_be_hidden()
    assert (
        page.get_by_role("figure", name="Prediction along the slider").bounding_box()["height"] < 80
    )
    expect(page.locator("#prediction-note")).to_contain_text("at each cell 3 class probabilities")
    for empty in ("#prediction", "#prediction-bars"):
        assert page.locator(empty).bounding_box()["height"] == 0
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Explain").click()
    expect(page.locator("#explain-of-saliency .gtitle")).to_be_visible()
    expect(page.get_by_role("link", name="What would turn it into another class?")).to_be_hidden()

"""The page "One step" in a real browser: teach a picture, take it back, teach it differently."""

from __future__ import annotations

import re

import keras
import pytest
from keras import layers
from keras.initializers import RandomNormal
from playwright.sync_api import Page, expect

import cnn
from tests.browser.conftest import READY


@pytest.fixture(scope="module")
def server(digits_server):
    return digits_server


@pytest.fixture(scope="module")
def fragile_server(start_server, tmp_path_factory):
    """A server of a nested network whose first large step overflows."""
    keras.utils.set_random_seed(3)
    x = picture = keras.Input((28, 28, 1))
    x = layers.Flatten()(layers.Rescaling(1e18)(x))
    first = layers.Dense(4, kernel_initializer=RandomNormal(stddev=1e-20), name="first")
    x = keras.Sequential([first, layers.Dense(4, name="second")], name="block")(x)
    model = keras.Model(picture, layers.Dense(10, activation="softmax")(x))
    path = tmp_path_factory.mktemp("models") / "fragile.keras"
    cnn.save_model(model, path)
    return start_server(CNN_MODEL=str(path))


def button(page: Page, name: str):
    return page.get_by_role("button", name=name, exact=True)


def figure(page: Page, name: str):
    return page.get_by_role("figure", name=name, exact=True)


def teach(page: Page, label: str, rate: str) -> None:
    """Choose what is taught; the page has answered when the sentence names the class."""
    prediction = figure(page, "Prediction before and after")
    expect(prediction).to_contain_text("to be taught")
    page.get_by_label("Teach it that this is a").select_option(label=label)
    expect(prediction).to_contain_text(f"Class {label}, to be taught")
    page.get_by_label("Learning rate").fill(rate)


def steps(page: Page, words: str) -> None:
    expect(page.get_by_text(words, exact=True)).to_be_visible()


def test_the_page_is_a_click_away_and_shows_the_network_as_it_is(server, shared):
    page = shared(server).page
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="One step").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("One step")
    steps(page, "No step made yet.")
    for name in (
        "Prediction before and after",
        "Gradient of each layer",
        "Change of each layer",
        "Weights of the layer before",
        "Weights of the layer after",
        "Difference of the weights",
    ):
        expect(figure(page, name).locator(".gtitle")).to_be_visible()
    expect(button(page, "Step")).to_be_enabled()
    for name in ("Undo", "Again with this rate", "Start again"):
        expect(button(page, name)).to_be_disabled()


def test_a_step_moves_the_prediction_and_undo_takes_it_back(server, shared):
    page = shared(server, "/one-step").page
    prediction = figure(page, "Prediction before and after")
    teach(page, "3", "0.001")
    expect(prediction).to_contain_text(re.compile("taught\\s*3"))
    before = prediction.locator("figcaption").inner_text()
    button(page, "Step").click()
    steps(page, "1 step made with learning rate 0.001.")
    expect(prediction).to_contain_text("Class 3, which was taught, goes from")
    expect(figure(page, "Difference of the weights")).to_contain_text(
        "Each weight moved by at most"
    )
    one = prediction.locator("figcaption").inner_text()
    button(page, "Step").dblclick()
    steps(page, "3 steps made with learning rate 0.001.")
    expect(prediction.locator("figcaption")).not_to_have_text(one)
    button(page, "Undo").dblclick()
    steps(page, "1 step made with learning rate 0.001.")
    expect(prediction.locator("figcaption")).to_have_text(one)
    button(page, "Undo").click()
    steps(page, "No step made yet.")
    expect(prediction.locator("figcaption")).to_have_text(before)


def test_the_last_step_is_made_again_with_another_rate(server, shared):
    page = shared(server, "/one-step").page
    teach(page, "3", "0.0001")
    button(page, "Step").click()
    steps(page, "1 step made with learning rate 0.0001.")
    change = figure(page, "Difference of the weights").locator("figcaption")
    expect(change).to_contain_text("Each weight moved")
    small = change.inner_text()
    page.get_by_label("Learning rate").fill("0.001")
    button(page, "Again with this rate").click()
    steps(page, "1 step made with learning rate 0.001.")
    expect(change).not_to_have_text(small)
    page.get_by_label("Learning rate").fill("20")
    button(page, "Step").click()
    expect(page.get_by_text("20 was given: give a number above 0 and at most 10")).to_be_visible()
    steps(page, "1 step made with learning rate 0.001.")
    page.get_by_label("Learning rate").fill("0.01")
    button(page, "Step").click()
    steps(page, "2 steps made: 1 with 0.001, then 1 with 0.01.")
    expect(page.get_by_text("20 was given")).to_have_count(0)
    button(page, "Start again").click()
    steps(page, "No step made yet.")


def test_the_steps_are_in_the_address_and_belong_to_one_picture(server, visit):
    page = visit(server, "/one-step").page
    teach(page, "3", "0.002")
    button(page, "Step").click()
    steps(page, "1 step made with learning rate 0.002.")
    tabs = page.get_by_role("navigation", name="Layers with weights")
    for name in ("dense_1", "conv2d_1"):
        tabs.get_by_role("link", name=name, exact=True).click()
        after = figure(page, "Weights of the layer after").locator(".gtitle")
        expect(after).to_have_text(f"{name} after 1 step")
        steps(page, "1 step made with learning rate 0.002.")
    page.get_by_label("Input channel").select_option(label="3")
    before = figure(page, "Weights of the layer before").locator(".gtitle")
    expect(before).to_have_text("conv2d_1 before, input channel 3")
    page.reload()
    page.wait_for_selector(READY)
    steps(page, "1 step made with learning rate 0.002.")
    expect(page.get_by_label("Learning rate")).to_have_value("0.002")
    other = visit(server, page.url.removeprefix(server.url)).page
    steps(other, "1 step made with learning rate 0.002.")
    expect(other.get_by_label("Teach it that this is a")).to_have_value("3")
    button(page, "4").click()
    expect(page.locator("#picture-text")).to_contain_text("Label 4")
    steps(page, "No step made yet.")
    page.wait_for_function("() => !/teach|rates/.test(location.search)")
    page.go_back()
    steps(page, "1 step made with learning rate 0.002.")


def test_a_step_too_large_is_told_and_can_be_taken_back(fragile_server, visit):
    page = visit(fragile_server, "/one-step/block%2Fsecond").page
    after = figure(page, "Weights of the layer after").locator(".gtitle")
    expect(after).to_have_text("block/second after no step")
    page.get_by_label("Learning rate").fill("10")
    button(page, "Step").click()
    told = page.get_by_role("alert").filter(has_text="no longer finite")
    expect(told).to_contain_text("After step 1, with learning rate 10")
    expect(figure(page, "Weights of the layer after")).to_be_hidden()
    button(page, "Undo").click()
    expect(told).to_be_hidden()
    expect(after).to_be_visible()
    page.get_by_label("Learning rate").fill("1e-30")
    button(page, "Step").click()
    expect(after).to_have_text("block/second after 1 step")


def test_nothing_is_wider_than_a_phone(server, visit):
    visitor = visit(server, None, is_mobile=True)
    visitor.page.set_viewport_size({"width": 360, "height": 780})
    for path in ("/one-step", "/one-step/dense"):
        page = visitor.open(path)
        expect(figure(page, "Difference of the weights").locator(".gtitle")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path

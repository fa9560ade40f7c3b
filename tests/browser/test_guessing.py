"""Guess first, in a real browser: what gives the answer away is hidden until there is a guess."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

import cnn
from tests.browser.conftest import answered
from tests.browser.test_why import click_cell


@pytest.fixture(scope="module")
def server(digits_server):
    return digits_server


def option(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name="Your guess").get_by_role("button", name=name)


def verdict(page: Page) -> Locator:
    return page.locator(".guess-verdict")


def parts(page: Page, *ids: str) -> list[Locator]:
    return [page.locator(f"#{one}") for one in ids]


def test_the_sign_is_hidden_until_it_is_guessed_and_hidden_again_for_the_next_cell(
    server, shared, classifier
):
    first = cnn.load_dataset("digits")[0].pixels
    unit = cnn.explain_unit(classifier, first, layer="conv2d_1", channel=3, row=4, column=5)
    page = shared(server, "/why/conv2d_1?channel=3&row=4&column=5").page
    result = parts(page, "why-formula", "why-proof", "why-products", "why-terms", "why-curve")
    for part in result:
        expect(part).to_be_visible()
    page.get_by_role("switch", name="Let me guess first").press("Space")
    expect(page.get_by_text("Is the sum, before the activation, positive")).to_be_visible()
    for part in result:
        expect(part).to_be_hidden()
    expect(page.locator("#why-map .hm")).to_be_hidden()
    expect(page.locator("#why-kernel")).to_be_visible()
    page.wait_for_url("**guess=1*")
    place = page.locator("#why-patch").bounding_box()
    option(page, "Negative").press("Enter")
    expect(verdict(page)).to_contain_text("taken away")
    said = "✓ You are right. Negative" if unit.sum < 0 else "✗ Not so. Positive"
    expect(verdict(page)).to_contain_text(said)
    expect(option(page, "Negative")).to_be_focused()
    for part in result:
        expect(part).to_be_visible()
    assert page.locator("#why-patch").bounding_box() == place
    page.get_by_role("button", name="Next cell").click()
    expect(verdict(page)).to_be_empty()
    for part in result:
        expect(part).to_be_hidden()


def test_the_winner_of_a_window_is_guessed_by_a_click_on_it(server, visit):
    page = visit(server, "/why/max_pooling2d?channel=3&row=9&column=6&guess=1").page
    expect(page.get_by_text("Which of the 4 numbers in the frame")).to_be_visible()
    expect(option(page, "row 1, column 1")).to_be_visible()
    (patch,) = parts(page, "why-patch")
    expect(patch).to_be_hidden()
    click_cell(page, "why-before", 19, 12)
    expect(option(page, "row 1, column 0")).to_have_attribute("aria-pressed", "true")
    expect(verdict(page)).not_to_be_empty()
    expect(patch).to_be_visible()
    page.wait_for_url("**row=9*")


def test_the_class_that_wins_without_a_channel_is_guessed(server, shared):
    page = shared(server, "/surgery/conv2d_1?channel=3&guess=1").page
    expect(page.get_by_text("There is nothing to guess here")).to_be_visible()
    prediction, bars, effect = parts(page, "prediction", "prediction-bars", "surgery-effect")
    expect(prediction).to_be_visible()
    page.get_by_role("button", name="Only this one", exact=True).click()
    expect(page.get_by_text("Which class wins with conv2d_1: channels 0 to 2 off")).to_be_visible()
    for part in (prediction, bars, effect):
        expect(part).to_be_hidden()
    answered(page)
    option(page, "9").click()
    expect(verdict(page)).to_contain_text("logit goes from")
    for part in (prediction, bars, effect):
        expect(part).to_be_visible()
    winner = page.locator("#prediction .class").text_content()
    expect(verdict(page)).to_contain_text(f"{winner} ")
    expect(option(page, f"✓ {winner}")).to_be_visible()
    page.get_by_role("button", name="4", exact=True).first.click()
    expect(verdict(page)).to_be_empty()
    for part in (prediction, bars, effect):
        expect(part).to_be_hidden()
    page.get_by_role("link", name="Filters", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Filters")
    expect(prediction).to_be_visible()
    page.go_back()
    for part in (prediction, bars, effect):
        expect(part).to_be_hidden()
    page.get_by_role("switch", name="Let me guess first").uncheck()
    for part in (prediction, bars, effect):
        expect(part).to_be_visible()

"""The slider over the moments of a training, on the pages that it drives."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import answered
from tests.browser.shown import MAPS_ARE_PAINTED, at_rest
from tests.browser.test_drawing import picture

# The maps of the second layer, and the lines to the channel that is pointed at.
_MAPS_AND_LINES = """() => [
  document.querySelectorAll("#network canvas.net-tiles")[1].toDataURL(),
  document.querySelector(".net-links").innerHTML,
]"""


@pytest.fixture(scope="module")
def server(digits_server):
    return digits_server


def slider(page: Page):
    return page.get_by_role("slider", name="Epoch", exact=True)


def scrub(page: Page, place: int, told: str) -> None:
    slider(page).fill(str(place))
    expect(page.locator(".epoch-label")).to_have_text(told)


def test_the_kernels_dissolve_into_those_of_the_start_and_come_back(server, shared, visit):
    page = shared(server, "/filters/conv2d").page
    caption = page.locator("#filters-main-caption")
    expect(caption).not_to_be_empty()
    trained, sure = caption.inner_text(), page.locator("#prediction").inner_text()
    scrub(page, 0, "Before the first step")
    expect(caption).not_to_have_text(trained)
    page.wait_for_url("**epoch=0")
    at_rest(page)
    expect(page.locator("#prediction")).not_to_have_text(sure)
    other = visit(server, page.url.removeprefix(server.url)).page
    for part in ("#filters-main-caption", "#prediction", ".epoch-label"):
        expect(other.locator(part)).to_have_text(page.locator(part).text_content())
    page.go_back()
    expect(caption).to_have_text(trained)
    expect(page.locator(".epoch-label")).to_have_text("After epoch 24")
    page.wait_for_url(lambda address: "epoch=" not in address)


@pytest.mark.parametrize(
    ("path", "figures"),
    [
        ("/filters/conv2d", ["filters-main", "filters-biases"]),
        ("/filters/dense_1", ["filters-main"]),
        ("/activations/conv2d", ["activations-main", "activations-detail", "activations-kernel"]),
        ("/moments/conv2d", ["moments-left", "moments-right", "moments-change"]),
    ],
)
def test_what_is_painted_while_scrubbing_is_the_figure_at_rest(server, visit, path, figures):
    page = visit(server, path).page
    expect(page.locator(f"#{figures[0]} .gtitle")).to_be_visible()
    at_rest(page)
    page.evaluate("Object.assign(dash_clientside.cnn, { changeView() {}, bringLater() {} })")
    scrub(page, 4, "Epoch 1, after 8 steps")
    expect(page.locator(f"#{figures[0]} .painted-over")).to_be_visible()
    answered(page)
    heatmaps = [figure for figure in figures if page.locator(f"#{figure} .hm image").count()]
    painted = {figure: picture(page, figure) for figure in heatmaps}
    page.goto(page.url + "&epoch=0-8")
    expect(page.locator(".epoch-label")).to_have_text("Epoch 1, after 8 steps")
    expect(page.locator(f"#{figures[0]} .gtitle")).to_be_visible()
    at_rest(page)
    for figure, before in painted.items():
        assert np.ptp(before) > 30
        np.testing.assert_array_equal(picture(page, figure), before)


def test_the_moment_that_the_same_step_reaches_is_asked_for_ahead_and_once(server, visit):
    page = visit(server, "/filters/conv2d").page
    caption = page.locator("#filters-main-caption")
    expect(caption).not_to_be_empty()
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    scrub(page, 0, "Before the first step")
    with page.expect_response(lambda response: "epoch=0-2&moving" in response.url):
        scrub(page, 1, "Epoch 1, after 1 step")
    page.wait_for_url("**epoch=0-1")
    at_rest(page)
    before = caption.inner_text()
    scrub(page, 2, "Epoch 1, after 2 steps")
    expect(caption).not_to_have_text(before)
    page.wait_for_url("**epoch=0-2")
    assert len([url for url in requested if "epoch=0-2&moving" in url]) == 1


def test_the_network_page_follows_with_its_connections(server, shared):
    page = shared(server, "/").page
    page.wait_for_function(MAPS_ARE_PAINTED)
    page.locator("#network canvas.net-tiles").nth(1).hover(position={"x": 8, "y": 8})
    expect(page.locator(".net-links .net-link").first).to_be_attached()
    before = page.evaluate(_MAPS_AND_LINES)
    with page.expect_response(re.compile("/values/network.*epoch=0-1.*pointed=")):
        scrub(page, 1, "Epoch 1, after 1 step")
    page.wait_for_function(
        f"(before) => ({_MAPS_AND_LINES})().every((part, i) => part !== before[i])", arg=before
    )
    page.wait_for_url("**epoch=0-1*")


def test_the_training_plays_and_keys_step_through_it(server, shared):
    page = shared(server, "/filters/conv2d").page
    expect(page.locator(".epoch-label")).to_have_text("After epoch 24")
    page.keyboard.press("[")
    expect(page.locator(".epoch-label")).to_have_text("After epoch 23")
    page.wait_for_url("**epoch=23")
    page.keyboard.press("]")
    expect(page.locator(".epoch-label")).to_have_text("After epoch 24")
    page.get_by_role("button", name="Play the training").click()
    expect(page.locator(".epoch-label")).to_have_text(re.compile("steps"))
    page.get_by_role("button", name="Pause").click()
    at = page.locator(".epoch-label").inner_text()
    page.wait_for_url("**epoch=0*")
    page.wait_for_timeout(600)
    assert page.locator(".epoch-label").inner_text() == at


@pytest.mark.parametrize("change", ["another digit", "a view that comes around late"])
def test_a_change_of_the_view_does_not_end_the_playing(server, shared, change):
    page = shared(server, "/filters/conv2d").page
    expect(page.locator(".epoch-label")).to_have_text("After epoch 24")
    held: list = []
    moving = re.compile("moving=epoch")
    page.route(moving, lambda route: held.append(route), times=1)
    with page.expect_request(moving):
        page.get_by_role("button", name="Play the training").click()
    expect(page.locator(".epoch-label")).to_have_text("Before the first step")
    if change == "another digit":
        page.locator(".digits button", has_text="3").click()
        page.wait_for_url(re.compile("index=(?!0)"))
    else:
        page.evaluate("""dash_clientside.set_props("view", {
          data: { ...dash_clientside.cnn.currentView(), epoch: "23" },
        })""")
        page.wait_for_url("**epoch=23*")
    held.pop().continue_()
    expect(page.locator(".epoch-label")).to_have_text(re.compile("steps"))
    page.get_by_role("button", name="Pause").click()
    page.wait_for_url("**epoch=0*")


def test_a_server_that_goes_away_pauses_the_playing(start_server, visit):
    own = start_server()
    visitor = visit(own, "/filters/conv2d")
    page = visitor.page
    expect(page.locator(".epoch-label")).to_have_text("After epoch 24")
    own.kill()
    page.get_by_role("button", name="Play the training").click()
    expect(page.locator("#notice")).to_contain_text("The server does not answer")
    expect(page.get_by_role("button", name="Play the training")).to_be_visible()
    page.goto("about:blank")
    visitor.errors.clear()


def test_another_model_has_its_own_moments_and_starts_at_its_end(second_server, shared):
    page = shared(second_server, "/activations").page
    expect(page.locator("#activations-main .gtitle")).to_be_visible()
    expect(slider(page)).to_be_hidden()
    page.get_by_label("Model").select_option("bundled digit classifier")
    expect(slider(page)).to_be_visible()
    scrub(page, 2, "Epoch 1, after 2 steps")
    page.wait_for_url("**epoch=0-2")
    page.get_by_label("Model").select_option("second.keras")
    expect(slider(page)).to_be_hidden()
    page.wait_for_url(lambda address: "epoch=" not in address)


def test_the_difference_of_two_moments_is_chosen_by_select_and_slider(server, shared):
    page = shared(server, "/moments/dense_1").page
    expect(page.locator("#moments-left .gtitle")).to_contain_text("before the first step")
    page.get_by_label("Compare").select_option("after epoch 1")
    expect(page.locator("#moments-left .gtitle")).to_contain_text("after epoch 1")
    page.wait_for_url("**other=1")
    scrub(page, 0, "Before the first step")
    expect(page.locator("#moments-right .gtitle")).to_contain_text("before the first step")
    expect(page.locator("#moments-drift .gtitle")).to_be_visible()

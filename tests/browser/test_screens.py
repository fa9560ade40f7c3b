"""A screen that was reached by a change is that of a page opened at the same address."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.shown import apart, shown


@pytest.fixture(scope="module")
def server(digits_server):
    return digits_server


def test_figures_that_are_put_on_the_page_again_are_filled_again(server, visit):
    page = visit(server, "/layers").page
    before = shown(page)
    page.evaluate(
        """() => {
          for (const plot of document.querySelectorAll("main .js-plotly-plot")) plot.isOld = true;
          const { data } = dash_component_api.getLayout("layers").props;
          dash_clientside.set_props("layers", { data: { ...data } });
        }"""
    )
    page.wait_for_function(
        """() => [...document.querySelectorAll("main .js-plotly-plot")].every((plot) => !plot.isOld)"""
    )
    assert apart(shown(page), before) == []


def test_a_screen_whose_figures_have_gone_meanwhile_is_no_error(server, shared):
    page = shared(server, "/layers").page
    before = shown(page)
    page.evaluate(
        """() => {
          const { data } = dash_component_api.getLayout("layers-screen").props;
          dash_clientside.cnn.showScreen(data, []);
        }"""
    )
    assert apart(shown(page), before) == []


def press_digit(page: Page) -> None:
    page.get_by_role("button", name="3", exact=True).click()
    expect(page.locator("#picture-text")).to_contain_text("Label 3")


def move_epoch(page: Page) -> None:
    slider = page.get_by_role("slider", name="Epoch")
    slider.press("Home")
    expect(page.locator(".epoch-label")).to_have_text("Before the first step")
    page.wait_for_url("**epoch=0*")


def turn(page: Page) -> None:
    opener = page.locator("summary").get_by_text("Perturb", exact=True)
    if opener.is_visible() and not page.get_by_label("Rotation").first.is_visible():
        opener.click()
    page.get_by_label("Rotation", exact=False).first.fill("30")
    page.wait_for_url("**rotate=30*")


def choose_scale(page: Page) -> None:
    page.get_by_label("channel", exact=True).check()
    page.wait_for_url("**scale=channel*")


def choose_channel(page: Page) -> None:
    page.get_by_label("Channel", exact=True).last.fill("7")
    page.wait_for_url("**channel=7*")


def choose_row(page: Page) -> None:
    page.get_by_label("Row", exact=True).fill("2")
    page.wait_for_url("**row=2*")


def choose_source(page: Page) -> None:
    page.get_by_label("Input channel").select_option("3")
    page.wait_for_url("**source=3*")


def choose_class(page: Page) -> None:
    page.get_by_label("Class", exact=True).select_option("5")
    page.wait_for_url("**of=5*")


def compare(page: Page) -> None:
    page.get_by_label("Compared with").select_option("6")
    page.wait_for_url("**against=6*")


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("/activations/conv2d", (press_digit, move_epoch, choose_scale, choose_channel, turn)),
        ("/activations/dense_1", (press_digit, move_epoch, turn)),
        ("/layers", (press_digit, choose_scale, move_epoch)),
        ("/filters/conv2d_1", (move_epoch, choose_source)),
        ("/moments/conv2d", (press_digit, move_epoch)),
        ("/perturb", (press_digit, turn)),
        ("/one-step/dense", (press_digit, move_epoch)),
        ("/why/conv2d_1", (press_digit, choose_channel, choose_row, move_epoch, turn)),
        ("/why/dense", (press_digit, move_epoch)),
        ("/output", (press_digit, choose_class, compare, move_epoch, turn)),
        ("/explain", (press_digit, choose_class, compare, move_epoch, turn)),
    ],
)
def test_after_changes_the_screen_is_that_of_a_page_opened_there(
    server, shared, visit, path, changes
):
    page = shared(server, path).page
    first = shown(page)
    for change in changes:
        change(page)
    reached = shown(page)
    assert reached != first
    opened = shown(visit(server, page.url.removeprefix(server.url)).page)
    assert apart(reached, opened) == []


def test_an_answer_for_a_page_that_was_left_is_not_painted_on_the_next(server, visit):
    page = visit(server, "/activations/conv2d").page
    shown(page)
    held = []
    page.route("**/values/activations/**", lambda route: held.append(route))
    page.get_by_role("button", name="4", exact=True).click()
    while not held:
        page.wait_for_timeout(20)
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Network").click()
    expect(page.locator(".net-class.first")).to_have_count(1)
    held.pop().continue_()
    expect(page.locator("#picture-text")).to_contain_text("Label 4")
    expect(page.locator("#prediction")).to_have_attribute("aria-busy", "false")
    expect(page.locator(".net-class.first")).to_contain_text("4")

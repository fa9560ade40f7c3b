"""The URL is the state: reload, back, links to other browsers and to other servers."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import READY, hover, seen


@pytest.fixture(scope="module")
def server(digits_server):
    return digits_server


def label(page) -> str:
    return page.locator("#picture-text").inner_text().splitlines()[0]


def test_one_digit_is_one_pass_and_one_answer_into_the_same_plot(server, visit):
    visitor = visit(server, "/activations/conv2d")
    page = visitor.page
    expect(page.locator("#activations-main-caption")).not_to_be_empty()
    expect(page.locator("#activations-main .gtitle")).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.evaluate("document.querySelector('#activations-main .js-plotly-plot').mark = 'same'")
    visitor.answers.clear()
    numbers = page.locator("#activations-numbers").inner_text()
    page.get_by_role("button", name="8", exact=True).click()
    expect(page.locator("#picture-text")).to_contain_text("Label 8")
    expect(page.locator("#activations-numbers")).not_to_have_text(numbers)
    expect(page.locator(".painted-over")).to_have_count(0)
    page.wait_for_load_state("networkidle")
    answers = [a for a in visitor.answers if a.status == 200]
    passes = [a for a in answers if "forward" in a.headers.get("server-timing", "")]
    numbers = [a for a in answers if "/values/" in a.url]
    callbacks = [a for a in answers if "_dash-update-component" in a.url]
    assert (len(passes), len(numbers), len(callbacks)) == (1, 1, 0)
    mark = page.evaluate("document.querySelector('#activations-main .js-plotly-plot').mark")
    assert mark == "same"


def test_reload_and_another_browser_show_the_same_sample(server, visit):
    page = visit(server, "/activations/conv2d_1").page
    page.get_by_role("button", name="6", exact=True).click()
    expect(page.locator("#picture-text")).to_contain_text("Label 6")
    page.get_by_label("network", exact=True).check()
    page.get_by_label("Channel", exact=True).last.fill("7")
    expect(page.locator("#activations-detail .gtitle")).to_contain_text("channel 7")
    before = screen(page)
    page.reload()
    page.wait_for_selector(READY)
    expect(page.locator("#activations-detail .gtitle")).to_contain_text("channel 7")
    assert screen(page) == before
    other = visit(server, page.url.removeprefix(server.url)).page
    expect(other.locator("#activations-detail .gtitle")).to_contain_text("channel 7")
    assert screen(other) == before
    expect(other.get_by_label("network", exact=True)).to_be_checked()


def screen(page) -> tuple:
    expect(page.locator("#activations-numbers")).to_be_visible()
    return (
        seen(page),
        page.locator("#prediction").inner_text(),
        page.locator("#activations-numbers").inner_text(),
        page.locator("#activations-main-caption").inner_text(),
    )


def test_back_and_forward_walk_through_the_pictures_and_pages(server, shared):
    page = shared(server, "/activations/conv2d").page
    first = label(page)
    page.get_by_role("button", name="3", exact=True).click()
    expect(page.locator("#picture-text")).to_contain_text("Label 3")
    page.get_by_role("button", name="5", exact=True).click()
    expect(page.locator("#picture-text")).to_contain_text("Label 5")
    page.get_by_role("link", name="Filters", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Filters")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Activations")
    expect(page.locator("#picture-text")).to_contain_text("Label 5")
    page.go_back()
    expect(page.locator("#picture-text")).to_contain_text("Label 3")
    page.go_back()
    expect(page.locator("#picture-text")).to_contain_text(first)
    page.go_forward()
    expect(page.locator("#picture-text")).to_contain_text("Label 3")


def test_back_leaves_behind_what_a_slider_has_not_yet_made_part_of_the_view(server, shared):
    page = shared(server, "/filters").page
    before = page.locator("#picture-text").inner_text()
    page.get_by_label("No.").fill("7")
    page.get_by_label("No.").press("Enter")
    page.wait_for_url("**index=7**")
    page.locator("#perturb summary").click()
    slider = page.get_by_label("Rotation")
    slider.evaluate(
        """(slider) => {
          slider.value = 20;
          slider.dispatchEvent(new Event("input", { bubbles: true }));
          history.back();
        }"""
    )
    page.wait_for_url("**index=0**")
    expect(page.locator("#picture-text")).to_have_text(before)
    expect(slider).to_have_value("0")
    page.wait_for_timeout(400)
    assert "rotate" not in page.url


def test_two_browsers_never_see_each_others_state(server, visit):
    one, two = visit(server).page, visit(server).page
    one.get_by_role("button", name="1", exact=True).click()
    two.get_by_role("button", name="2", exact=True).click()
    expect(one.locator("#picture-text")).to_contain_text("Label 1")
    expect(two.locator("#picture-text")).to_contain_text("Label 2")
    one.reload()
    one.wait_for_selector(READY)
    expect(one.locator("#picture-text")).to_contain_text("Label 1")


def test_a_click_on_a_tile_and_the_index_field_change_the_link(server, shared):
    page = shared(server, "/activations/conv2d").page
    page.get_by_label("No.").fill("123")
    page.get_by_label("No.").press("Enter")
    expect(page.locator("#picture-text")).to_contain_text("digit 123 (")
    page.wait_for_url("**index=123**")
    drag = page.locator("#activations-main .nsewdrag")
    box = drag.bounding_box()
    hover(page, "activations-main", box["x"] + box["width"] * 0.95, box["y"] + box["height"] * 0.05)
    expect(page.locator("#activations-main .hovertext")).to_contain_text("channel 7")
    page.mouse.down()
    page.mouse.up()
    expect(page.locator("#activations-detail .gtitle")).to_contain_text("channel 7")
    page.wait_for_url("**channel=7**")
    expect(page.get_by_label("Channel", exact=True).last).to_have_value("7")


def test_hovering_a_cell_tells_its_place_and_value(server, shared):
    page = shared(server, "/activations/conv2d").page
    drag = page.locator("#activations-main .nsewdrag")
    expect(drag).to_be_visible()
    box = drag.bounding_box()
    hover(page, "activations-main", box["x"] + 30, box["y"] + 30)
    expect(page.locator("#activations-main .hovertext")).to_contain_text("channel 0")


def test_nonsense_in_the_link_is_explained(server, visit):
    page = visit(server, "/layers?scale=banana&utm=1").page
    notice = page.locator("#notice")
    expect(notice).to_contain_text("scale is 'banana': expected channel, layer or network")
    expect(notice).to_contain_text("'utm' that is not known")
    visit(server, "/layers?index=1&index=2&model=banana")
    page.goto(f"{server.url}/layers?model={'0' * 12}")
    expect(notice).to_contain_text("the model 000000000000, which this server does not have")
    expect(page.locator(".tiles")).to_be_hidden()
    notice.get_by_role("link").click()
    page.wait_for_selector(READY)
    expect(page.locator(".tiles .gtitle").first).to_be_visible()


REFUSED = [
    ("No.", "-5", "-5 was given: give a whole number from 0 to 1,796. 7 stays."),
    ("No.", "3.7", "3.7 was given"),
    ("No.", "99999", "99999 was given"),
    ("No.", "", "No number was given"),
    ("Channel", "32", "32 was given: give a whole number from 0 to 31. 4 stays."),
    ("Channel", "-1", "-1 was given"),
    ("Channel", "1.5", "1.5 was given"),
    ("Channel", "", "No number was given: give a whole number from 0 to 31"),
]


def test_a_number_field_refuses_in_place_and_the_view_keeps_the_last_good_number(server, shared):
    page = shared(server, "/activations/conv2d?index=7&channel=4").page
    detail = page.locator("#activations-detail .gtitle")
    expect(detail).to_contain_text("channel 4")
    link = page.url
    for name, given, words in REFUSED:
        field = page.get_by_label(name, exact=True).last
        good = field.input_value()
        field.fill(given)
        told = page.get_by_role("alert").filter(has_text=words)
        expect(told).to_be_visible()
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_have_accessible_description(told.inner_text())
        field.blur()
        expect(field).to_have_value(good)
        expect(field).not_to_have_attribute("aria-invalid", "true")
        assert page.url == link
    expect(page.locator("#notice")).to_be_hidden()
    expect(page.locator("#picture-text")).to_contain_text("digit 7 (")
    page.get_by_label("Channel", exact=True).last.fill("31")
    expect(detail).to_contain_text("channel 31")
    expect(page.get_by_role("alert").filter(has_text="No number was given")).to_have_count(0)


REPAIRED = [
    ("?index=7", "number 7 (0 to 9,999)", "mnist/test", None),
    ("?data=foo&index=7", "number 0 (0 to 9,999)", "mnist/test", "MNIST test, picture 0 is shown"),
    ("?split=bar", "number 0 (0 to 9,999)", "mnist/test", "says split is 'bar'"),
    ("?data=digits&index=9999", "digit 0 (0 to 1,796)", "digits/all", "0 to 1,796"),
    ("?data=digits&split=test&index=9", "digits test, number 9 (0 to 897)", "digits/test", None),
]


def test_a_link_that_cannot_be_shown_is_repaired_and_panel_menu_address_and_history_agree(
    best_server, mnist_dir, visit
):
    server = best_server
    page = visit(server, "/layers" + REPAIRED[0][0]).page
    for link, place, data, told in REPAIRED:
        page.goto(f"{server.url}/layers{link}")
        shows(page, place, data)
        notice = page.locator("#notice")
        expect(notice).to_contain_text(told) if told else expect(notice).to_be_hidden()
        steps = page.evaluate("history.length")
        page.keyboard.press("3")
        expect(page.locator("#picture-text")).to_contain_text("Label 3")
        expect(notice).to_be_hidden()
        assert page.evaluate("history.length") == steps + 1
        page.go_back()
        shows(page, place, data)
        page.reload()
        page.wait_for_selector(READY)
        shows(page, place, data)
        page.go_forward()
        expect(page.locator("#picture-text")).to_contain_text("Label 3")
        page.go_back()
        shows(page, place, data)


def shows(page, place: str, data: str) -> None:
    """The panel, the menu and the address name the same picture."""
    expect(page.locator("#picture-text")).to_contain_text(place)
    expect(page.get_by_label("Data")).to_have_value(data)
    name, split = data.split("/")
    page.wait_for_url(f"**data={name}&split={split}&index=*")
    index = re.search(r" (\d+) \(", place)[1]
    expect(page.get_by_label("No.")).to_have_value(index)
    page.wait_for_url(re.compile(rf"&index={index}(&|$)"))


def test_a_link_means_the_same_on_another_server(
    server, best_server, start_server, mnist_dir, visit
):
    with_mnist = best_server
    page = visit(with_mnist, "/activations/dense").page
    expect(page.locator("#picture-text")).to_contain_text("MNIST test")
    page.get_by_role("button", name="9", exact=True).click()
    expect(page.locator("#picture-text")).to_contain_text("Label 9")
    link = page.url.removeprefix(with_mnist.url)
    third = start_server(mnist_dir)
    other = visit(third, link).page
    expect(other.locator("#picture-text")).to_contain_text("Label 9")
    assert seen(other) == seen(page)
    without = visit(server, None)
    without.page.goto(server.url + link)
    expect(without.page.locator("#notice")).to_contain_text("mnist is not on this machine")
    expect(without.page.locator("#activations-main")).to_be_hidden()

"""Presentation: everything large enough for the last row; and what keyboards and small frames need."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import READY

PROJECTOR = {"width": 1920, "height": 1080}
_SMALL_TEXTS = """() => [...document.querySelectorAll("body *")].flatMap((element) => {
  const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  const { width, height } = element.getBoundingClientRect();
  if (!own || width < 2 || height < 2 || !element.checkVisibility({ opacityProperty: true })) return [];
  const size = parseFloat(getComputedStyle(element).fontSize);
  return size < 17.99 ? [`${size} ${element.tagName} ${element.textContent.slice(0, 40)}`] : [];
})"""
_COVERED_TITLES = """() => [...document.querySelectorAll(".js-plotly-plot")].flatMap((plot) => {
  const [title, bar] = [plot.querySelector(".gtitle"), plot.querySelector(".modebar-btn")];
  if (!title || !bar) return [];
  const [a, b] = [title.getBoundingClientRect(), bar.getBoundingClientRect()];
  const meet = a.right > b.left && a.left < b.right && a.bottom > b.top && a.top < b.bottom;
  return meet ? [title.textContent] : [];
})"""
_STOPS = """() => [...document.querySelectorAll("a, button, input, select, summary, [tabindex]")].filter(
  (one) => one.tabIndex >= 0 && !one.disabled && one.getClientRects().length)"""
DRAWN = "main .figure-box .gtitle"


@pytest.fixture(scope="module")
def server(digits_server):
    return digits_server


@pytest.mark.parametrize(
    "page", ["/", "/layers", "/activations/conv2d", "/filters/conv2d_1", "/training", "/one-step"]
)
def test_no_text_of_a_presentation_is_below_18_pixels(shared, server, page):
    open_page = shared(server, f"{page}?present=1", viewport=PROJECTOR).page
    wait_for = "#network .net-tiles" if page == "/" else DRAWN
    open_page.wait_for_selector(wait_for)
    expect(open_page.locator("html")).to_have_class("presenting")
    assert open_page.evaluate(_SMALL_TEXTS) == []


def test_figures_grow_with_a_window_that_is_taken_to_a_projector(shared, server):
    page = shared(server, "/activations/conv2d?present=1").page
    page.wait_for_selector(DRAWN)
    page.set_viewport_size(PROJECTOR)
    page.wait_for_function(f"() => !({_SMALL_TEXTS})().length")


def test_a_caption_beside_its_map_has_room_for_words(shared, server):
    page = shared(server, "/activations/conv2d?present=1", viewport=PROJECTOR).page
    caption = page.locator(".detail .caption").first
    expect(caption).not_to_be_empty()
    assert caption.bounding_box()["width"] >= 250
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("caption => caption.clientWidth >= 250", arg=caption.element_handle())


def test_a_key_and_a_button_begin_and_end_it_and_the_link_has_it(visit, server):
    page = visit(server, "/activations/conv2d").page
    page.wait_for_selector(DRAWN)
    button = page.get_by_role("button", name="Presentation")
    page.keyboard.press("f")
    expect(button).to_have_attribute("aria-pressed", "true")
    page.wait_for_url("**present=1*")
    expect(page.get_by_role("toolbar", name="Pick a class")).to_be_hidden()
    before = page.locator("#picture").get_attribute("src")
    page.keyboard.press("5")
    expect(page.locator("#picture")).not_to_have_attribute("src", before)
    page.reload()
    page.wait_for_selector(READY)
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    page.wait_for_url(lambda address: "present" not in address)
    expect(page.get_by_role("toolbar", name="Pick a class")).to_be_visible()


def test_the_kernel_is_in_the_first_screen(shared, server):
    page = shared(server, "/activations/conv2d_1").page
    kernel = page.get_by_role("figure", name="Its kernel")
    expect(kernel.locator(".gtitle")).to_be_visible()
    box = kernel.bounding_box()
    assert box["y"] + box["height"] <= 900


@pytest.mark.parametrize("page", ["/activations/conv2d_1", "/filters/conv2d_1", "/training"])
def test_no_title_lies_under_the_button_of_its_figure(shared, server, page):
    open_page = shared(server, page).page
    open_page.wait_for_selector(DRAWN)
    assert open_page.evaluate(_COVERED_TITLES) == []
    open_page.set_viewport_size({"width": 390, "height": 844})
    open_page.wait_for_function(f"() => !({_COVERED_TITLES})().length")


def test_digits_radio_buttons_and_figures_are_one_stop_of_the_tab_key_each(shared, server):
    page = shared(server, "/activations/conv2d_1").page
    page.wait_for_selector(DRAWN)
    first = page.get_by_role("button", name="0", exact=True)
    first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="1", exact=True)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Another", exact=True)).to_be_focused()
    names = page.evaluate(
        f"() => ({_STOPS})().filter((e) => e.type === 'radio').map((e) => e.name)"
    )
    assert len(names) == 3
    assert len(set(names)) == 1
    figures = page.locator(".js-plotly-plot").count()
    assert (
        page.evaluate(f"() => ({_STOPS})().filter((e) => e.closest('.modebar')).length") == figures
    )


def test_what_has_the_focus_has_a_ring_that_is_seen(shared, server):
    page = shared(server, "/activations/conv2d_1").page
    for control in (
        page.get_by_label("Data", exact=True),
        page.get_by_role("link", name="Filters"),
    ):
        control.focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        expect(control).to_be_focused()
        expect(control).to_have_css("outline-style", "solid")
        expect(control).to_have_css("outline-width", "3px")

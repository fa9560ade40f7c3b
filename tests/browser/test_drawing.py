"""Drawing with the pointer and with the keyboard, in a real browser."""

from __future__ import annotations

import io
import re
from base64 import b64decode

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import answered

SEVEN = ((0.25, 0.2), (0.75, 0.2), (0.45, 0.85))
ONE = ((0.5, 0.15), (0.5, 0.85))
# The pen is taken to rest later than it does.
_LONG_REST = """() => {
  const set = window.setTimeout;
  window.setTimeout = (act, rest) => set(act, rest === 300 ? 1500 : rest);
}"""


@pytest.fixture(scope="module")
def server(digits_server):
    return digits_server


def opened(visit, server, path="/activations/conv2d", **options) -> Page:
    page = visit(server, path, **options).page
    if "activations" in path:
        expect(page.locator("#activations-main-caption")).not_to_be_empty()
    page.wait_for_load_state("networkidle")
    page.get_by_role("button", name="Draw", exact=True).click()
    expect(pad(page)).to_be_visible()
    return page


def pad(page: Page):
    return page.get_by_label(re.compile("^Drawing area"))


def draw(page: Page, points, *, lift: bool = True) -> None:
    box = pad(page).bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=10)
    if lift:
        page.mouse.up()


def at_rest(page: Page) -> None:
    page.wait_for_url("**pixels=**")
    expect(page.locator(".painted-over")).to_have_count(0)


def said(page: Page) -> str:
    return page.locator("#prediction .class").inner_text()


def picture(page: Page, figure: str) -> np.ndarray:
    """The pixels of the screen that lie wholly within a figure's heatmap and its axes.

    Answers that are late veil the figure until they are there, and a moment longer.
    """
    page.wait_for_function(
        """(figure) => {
          const above = [];
          for (let part = document.getElementById(figure); part; part = part.parentElement)
            above.push(getComputedStyle(part).opacity);
          return above.every((opacity) => opacity === "1");
        }""",
        arg=figure,
    )
    left, top, right, bottom = page.locator(f"#{figure}").evaluate(
        """(graph) => {
          const [image, axes] = [".hm image", ".nsewdrag"].map((part) =>
            graph.querySelector(part).getBoundingClientRect());
          return [
            Math.ceil(Math.max(image.left, axes.left)), Math.ceil(Math.max(image.top, axes.top)),
            Math.floor(Math.min(image.right, axes.right)),
            Math.floor(Math.min(image.bottom, axes.bottom)),
          ];
        }"""
    )
    box = {"x": left, "y": top, "width": right - left, "height": bottom - top}
    return np.asarray(Image.open(io.BytesIO(page.screenshot(clip=box))).convert("RGB"))


def shown(page: Page) -> np.ndarray:
    """The 28×28 grey values of the panel's picture."""
    source = page.locator("#picture").get_attribute("src")
    return np.asarray(Image.open(io.BytesIO(b64decode(source.partition(",")[2]))).convert("L"))


def test_while_the_pen_moves_the_prediction_and_the_layer_follow(server, visit):
    page = opened(visit, server)
    caption = page.locator("#activations-main-caption").inner_text()
    draw(page, SEVEN, lift=False)
    expect(page.locator("#prediction .class")).to_have_text("7")
    expect(page.locator("#picture-text")).to_contain_text("Your drawing")
    expect(page.locator("#activations-main .painted-over canvas.live.values")).to_be_visible()
    expect(page.locator("#activations-main-caption")).not_to_have_text(caption)
    assert "pixels=" not in page.url
    page.mouse.up()
    at_rest(page)


def test_a_page_without_the_picture_is_not_asked_for_while_the_pen_moves(server, visit):
    page = opened(visit, server, "/filters/conv2d")
    asked: list[str] = []
    page.on("request", lambda request: "/values/" in request.url and asked.append(request.url))
    draw(page, SEVEN)
    page.wait_for_url("**pixels=**")
    answered(page)
    assert len(asked) > 3
    assert not [url for url in asked if "/values/panel" not in url]


def test_of_the_moves_that_wait_for_a_slow_server_only_the_newest_is_sent(server, visit):
    page = opened(visit, server)
    held: list = []
    values = "**/values/activations/**"
    page.route(values, lambda route: held.append(route))
    with page.expect_request(values):
        draw(page, SEVEN, lift=False)
    page.wait_for_timeout(300)
    assert len(held) == 1
    with page.expect_request(values):
        held.pop().continue_()
    page.wait_for_timeout(300)
    assert len(held) == 1
    held.pop().continue_()
    expect(page.locator("#prediction .class")).to_have_text("7")
    page.wait_for_timeout(300)
    assert not held


@pytest.mark.parametrize("layer", ["conv2d", "max_pooling2d_1", "dense"])
@pytest.mark.parametrize("scale", ["layer", "channel"])
def test_the_paint_is_the_figure_to_the_last_pixel(server, visit, layer, scale):
    figures = ["activations-detail"] + (["activations-main"] if layer != "dense" else [])
    page = opened(visit, server, f"/activations/{layer}?scale={scale}")
    draw(page, SEVEN, lift=False)
    expect(page.locator("#prediction .class")).to_have_text("7")
    answered(page)
    painted = [picture(page, figure) for figure in figures]
    numbers = page.locator("#activations-numbers").inner_text()
    page.mouse.up()
    at_rest(page)
    for figure, before in zip(figures, painted, strict=True):
        assert np.ptp(before) > 50
        np.testing.assert_array_equal(picture(page, figure), before)
    assert page.locator("#activations-numbers").inner_text() == numbers


def test_the_paint_outlives_a_figure_that_is_drawn_again_meanwhile(server, visit):
    page = opened(visit, server)
    draw(page, SEVEN, lift=False)
    expect(page.locator("#prediction .class")).to_have_text("7")
    answered(page)
    plot = page.locator("#activations-main .js-plotly-plot")
    width = plot.locator(".hm image").evaluate("(image) => image.getBoundingClientRect().width")
    page.set_viewport_size({"width": 1200, "height": 900})
    page.wait_for_function(
        """({ plot, width }) => {
          const [image, paint] = [".hm image", "canvas.live.values"].map((part) =>
            plot.querySelector(part)?.getBoundingClientRect());
          return image && image.width !== width && Math.abs(image.right - paint.right) < 0.5;
        }""",
        arg={"plot": plot.element_handle(), "width": width},
    )
    painted = picture(page, "activations-main")
    expect(page.locator("#activations-main .painted-over canvas.live.values")).to_be_visible()
    page.mouse.up()
    at_rest(page)
    np.testing.assert_array_equal(picture(page, "activations-main"), painted)


def test_a_drawing_travels_in_the_link(server, visit):
    page = opened(visit, server)
    draw(page, SEVEN)
    at_rest(page)
    other = visit(server, page.url.removeprefix(server.url)).page
    expect(other.locator("#picture-text")).to_contain_text("Your drawing")
    expect(other.locator("#activations-numbers")).not_to_be_empty()
    for part in ("#prediction", "#activations-numbers", "#activations-main-caption"):
        expect(other.locator(part)).to_have_text(page.locator(part).text_content())
    np.testing.assert_array_equal(shown(other), shown(page))
    expect(pad(other)).to_be_visible()


def test_a_broken_drawing_is_told_and_a_sample_is_shown(server, visit):
    page = visit(server, "/activations?pixels=eNpjYBgmoP0a&index=3").page
    expect(page.locator("#notice")).to_contain_text("it is damaged, and a sample is shown")
    expect(page.locator("#picture-text")).to_contain_text("embedded digit 3")


def test_strokes_are_undone_one_by_one_and_clearing_too(server, visit):
    page = opened(visit, server)
    draw(page, SEVEN)
    at_rest(page)
    seven = ink(page)
    draw(page, ONE)
    assert ink(page) > seven
    page.get_by_role("button", name="Undo").click()
    assert ink(page) == seven
    page.get_by_role("button", name="Clear").click()
    assert ink(page) == 0
    expect(page.locator("#prediction")).to_have_text("nothing drawn yet")
    expect(page.locator("#picture-text")).to_contain_text("nothing drawn yet")
    expect(page.locator(".bar .first")).to_have_count(0)
    pad(page).press("Control+z")
    assert ink(page) == seven
    expect(page.locator("#prediction .class")).to_have_text("7")


def ink(page: Page) -> int:
    return pad(page).evaluate(
        "(canvas) => canvas.getContext('2d').getImageData(0, 0, 280, 280).data"
        ".reduce((sum, value, i) => sum + (i % 4 === 0 ? value : 0), 0)"
    )


def test_the_eraser_takes_ink_away_and_the_brush_has_a_width(server, visit):
    page = opened(visit, server)
    draw(page, ONE)
    thin = ink(page)
    page.get_by_role("button", name="Clear").click()
    page.get_by_label("Brush").fill("48")
    draw(page, ONE)
    thick = ink(page)
    assert thick > 1.5 * thin
    page.get_by_role("button", name="Eraser").click()
    draw(page, ((0.5, 0.5), (0.5, 0.85)))
    assert 0 < ink(page) < thick


def test_a_drawing_off_the_middle_is_centred_unless_that_is_switched_off(server, visit):
    page = opened(visit, server)
    draw(page, ((0.15, 0.1), (0.15, 0.4)))
    at_rest(page)
    expect(page.locator("#prediction .class")).to_have_text("1")
    centred = page.url
    page.get_by_label("Centre as MNIST").uncheck()
    page.wait_for_function("(url) => location.href !== url", arg=centred)
    at_rest(page)
    page.get_by_label("Network's view").uncheck()
    expect(page.locator("#picture")).to_be_hidden()
    page.get_by_label("Network's view").check()
    expect(page.locator("#picture")).to_be_visible()


def test_a_one_is_drawn_with_the_keyboard_alone(server, visit):
    page = opened(visit, server)
    expect(pad(page)).to_be_focused()
    for _ in range(9):
        page.keyboard.press("ArrowUp")
    page.keyboard.down(" ")
    for _ in range(18):
        page.keyboard.press("ArrowDown")
    page.keyboard.up(" ")
    at_rest(page)
    assert said(page) == "1"


def test_a_finger_draws_on_a_phone(server, visit):
    phone = {"width": 390, "height": 844}
    page = opened(visit, server, is_mobile=True, has_touch=True, viewport=phone)
    box = pad(page).bounding_box()
    session = page.context.new_cdp_session(page)

    def touch(kind: str, x: float, y: float) -> None:
        place = {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
        points = [] if kind == "touchEnd" else [place]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 0.5, 0.2)
    for step in range(1, 13):
        touch("touchMove", 0.5, 0.2 + 0.05 * step)
    touch("touchEnd", 0.5, 0.8)
    at_rest(page)
    assert said(page) == "1"
    expect(page.get_by_label("Model")).to_be_hidden()
    page.get_by_text("Choices", exact=True).tap()
    expect(page.get_by_label("Model")).to_be_visible()


def test_a_sample_takes_the_place_of_the_drawing_and_back_brings_it_again(server, visit):
    page = opened(visit, server)
    draw(page, SEVEN)
    at_rest(page)
    drawn = shown(page)
    page.get_by_role("button", name="3", exact=True).click()
    expect(page.locator("#picture-text")).to_contain_text("Label 3")
    expect(pad(page)).to_be_hidden()
    sample = shown(page)
    page.go_back()
    expect(page.locator("#picture-text")).to_contain_text("Your drawing")
    page.wait_for_load_state("networkidle")
    np.testing.assert_array_equal(shown(page), drawn)
    assert (sample != drawn).any()
    expect(pad(page)).to_be_visible()


def test_a_sample_chosen_right_after_the_last_stroke_stays(server, visit):
    page = opened(visit, server)
    page.evaluate(_LONG_REST)
    draw(page, ONE)
    page.locator(".digits button", has_text="7").click()
    page.wait_for_url(re.compile("index=(?!0)"))
    address = page.url
    page.wait_for_timeout(2500)
    assert page.url == address
    expect(page.locator("#picture-text")).to_contain_text("Label 7")
    expect(pad(page)).to_be_hidden()


def test_whoever_goes_back_before_the_last_answer_has_no_drawing(server, visit):
    page = opened(visit, server, "/filters/conv2d")
    pad(page).blur()
    page.keyboard.press("[")
    page.wait_for_url("**epoch=23*")
    held: list = []
    last = re.compile("/values/.*moving=(&|$)")
    page.route(last, lambda route: held.append(route), times=1)
    with page.expect_request(last):
        draw(page, ONE)
    page.go_back()
    page.wait_for_url(lambda address: "epoch=" not in address)
    held.pop().continue_()
    answered(page)
    page.wait_for_timeout(600)
    assert "pixels=" not in page.url
    expect(page.locator("#picture-text")).to_contain_text("Label 0")


def test_a_slider_that_moves_right_after_the_last_stroke_keeps_the_drawing(server, visit):
    page = opened(visit, server, "/filters/conv2d")
    held: list = []
    values = re.compile("/values/.*moving=picture")
    page.route(values, lambda route: held.append(route), times=1)
    with page.expect_request(values):
        draw(page, SEVEN)
    page.wait_for_timeout(600)
    pad(page).blur()
    page.keyboard.press("[")
    expect(page.locator(".epoch-label")).to_have_text("After epoch 23")
    held.pop().continue_()
    page.wait_for_url(re.compile("epoch=23.*pixels=|pixels=.*epoch=23"))
    expect(page.locator("#picture-text")).to_contain_text("Your drawing")


def test_going_on_drawing_adds_no_step_to_the_way_back(server, visit):
    page = opened(visit, server)
    before = page.locator("#picture-text").inner_text()
    draw(page, SEVEN)
    at_rest(page)
    first = page.url
    draw(page, ONE)
    page.wait_for_function("(url) => location.href !== url", arg=first)
    at_rest(page)
    page.go_back()
    expect(page.locator("#picture-text")).to_have_text(before)


def test_on_every_page_one_can_draw(server, visit):
    page = opened(visit, server, "/")
    pages = page.get_by_role("navigation", name="Pages")
    for number, name in enumerate(("Network", "All layers", "Architecture", "Filters", "Training")):
        pages.get_by_role("link", name=name, exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        page.get_by_role("button", name="Clear").click()
        draw(page, (SEVEN, ONE)[number % 2])
        expect(page.locator("#prediction .class")).to_have_text("71"[number % 2])
        at_rest(page)


def test_a_server_that_went_away_is_told_and_the_drawing_is_kept(start_server, visit):
    server = start_server()
    visitor = visit(server, "/activations/conv2d")
    page = visitor.page
    page.get_by_role("button", name="Draw", exact=True).click()
    draw(page, SEVEN)
    at_rest(page)
    kept = ink(page)
    server.kill()
    draw(page, ONE)
    expect(page.locator("#notice")).to_contain_text("The server does not answer")
    answered(page)
    assert ink(page) > kept
    visitor.errors.clear()
    page.goto("about:blank")
    visitor.errors.clear()

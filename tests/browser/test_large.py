"""Many layers and long names in a real browser: a list to search, and nothing cut into another."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from playwright.sync_api import expect

import cnn
from tests import nets
from tests.browser.test_network import overlaps

SHARP = re.compile(r"[?&]window=")
# A click that follows a press of the mouse at once is the second of a double click.
NEXT_CLICK_IS_ANOTHER = """() => {
  const plot = document.querySelector("#activations-main .js-plotly-plot");
  return Date.now() - plot._mouseDownTime > plot._context.doubleClickDelay;
}"""
PAINTED_AND_DRAWN = """() => {
  const plot = document.querySelector("#activations-main .js-plotly-plot");
  const outer = plot.getBoundingClientRect();
  const { left: x, top: y, ...image } = plot.querySelector(".hm image").getBoundingClientRect().toJSON();
  const style = plot.querySelector("canvas.values").style;
  const [left, top, width, height] = [style.left, style.top, style.width, style.height].map(parseFloat);
  return [[outer.left + left, outer.top + top, width, height], [x, y, image.width, image.height]];
}"""


@pytest.fixture(scope="module")
def many(many_server):
    return many_server


@pytest.fixture(scope="module")
def long(start_server, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "long.keras"
    cnn.save_model(nets.long_names(), path)
    return start_server(CNN_MODEL=str(path))


@pytest.mark.parametrize("width", [1400, 390])
def test_many_layers_are_a_list_that_is_searched_and_walked_by_keys(many, visit, width):
    visitor = visit(many, None)
    visitor.page.set_viewport_size({"width": width, "height": 844})
    page = visitor.open("/activations/step_27")
    summary = page.locator(".layer-list summary")
    expect(summary).to_contain_text("step_27 29 of 40 layers")
    summary.click()
    here = page.get_by_role("link", name="step_27", exact=True)
    expect(here).to_have_attribute("aria-current", "page")
    expect(here).to_be_in_viewport()
    field = page.get_by_role("searchbox", name="Find a layer")
    expect(field).to_be_focused()
    field.fill("step 1")
    expect(page.locator(".layer-all a:visible")).to_have_count(13)
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="step_12", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/activations/step_12"))
    expect(summary).to_contain_text("step_12 14 of 40")
    expect(page.locator(".layer-list")).not_to_have_attribute("open", "")
    page.locator("main h1").click()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("/activations/step_13"))
    page.get_by_role("link", name="Layer before: step_12").click()
    expect(summary).to_contain_text("step_12 14 of 40")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_search_that_finds_nothing_says_so_and_escape_closes(many, shared):
    page = shared(many, "/activations").page
    summary = page.locator(".layer-list summary")
    summary.click()
    page.get_by_role("searchbox").fill("pooling")
    expect(page.get_by_text("No layer has such a name.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(summary).to_be_focused()
    expect(page.get_by_role("searchbox")).to_be_hidden()


def test_long_names_are_cut_with_the_whole_at_the_pointer(long, shared):
    page = shared(long, f"/activations/{nets.LONG_NAME}").page
    title = page.locator("#activations-detail .gtitle")
    expect(title).to_contain_text(re.compile("^block3_.*….*nel 0$"))
    whole = page.locator("#activations-detail .g-gtitle > title")
    assert whole.text_content() == f"{nets.LONG_NAME}, channel 0"
    for figure in ("activations-main", "activations-detail"):
        ends = page.locator(f"#{figure}").evaluate(
            "figure => [figure.querySelector('.gtitle'), figure].map("
            "(one) => one.getBoundingClientRect().right)"
        )
        assert ends[0] <= ends[1]
    tab = page.get_by_role("link", name=nets.LONG_NAME, exact=True)
    assert tab.get_attribute("title") == nets.LONG_NAME
    assert tab.bounding_box()["width"] < 300


def test_names_of_the_diagram_and_the_network_do_not_lie_over_each_other(long, shared):
    page = shared(long).page
    expect(page.locator(".net-class.first")).to_have_count(1)
    assert overlaps(page, ".net-head") == []
    page.get_by_role("link", name="Architecture").click()
    notes = page.locator("#diagram .textpoint text")
    expect(notes.first).to_be_visible()
    boxes = [box for one in notes.all() if (box := one.bounding_box()) and box["width"]]
    boxes.sort(key=lambda box: box["x"])
    assert len(boxes) >= 7
    assert all(a["x"] + a["width"] <= b["x"] for a, b in pairwise(boxes))


def test_a_wide_table_is_a_region_that_keys_scroll_beside_its_first_column(long, visit):
    visitor = visit(long, None)
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    page = visitor.open("/architecture")
    region = page.get_by_role("region", name="Layers of the network")
    name = region.get_by_role("rowheader").first
    before = name.bounding_box()["x"]
    region.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("box => box.scrollLeft > 0", arg=region.element_handle())
    assert name.bounding_box()["x"] == before
    assert "local" in region.evaluate("box => getComputedStyle(box).backgroundAttachment")


@pytest.fixture(scope="module")
def deep(start_server, tmp_path_factory):
    """A network of 150 layers: the rows of its table come in four parts."""
    path = tmp_path_factory.mktemp("models") / "deep.keras"
    cnn.save_model(nets.deep(150), path)
    return start_server(CNN_MODEL=str(path))


ROWS, AWAITED = "#layer-table tbody tr", "#layer-table tbody[aria-busy]"


def in_first_part(page) -> None:
    """Wait until the table is there with what is near the window, and no more, below the diagram."""
    expect(page.locator("#diagram .point").first).to_be_visible()
    expect(page.locator(ROWS)).to_have_count(150)
    expect(page.locator(ROWS).nth(39).locator("td").first).to_be_attached()
    expect(page.locator(AWAITED)).not_to_have_count(0)
    expect(page.locator(ROWS).last.locator("td")).to_have_count(0)


@pytest.mark.parametrize("width", [1400, 390])
def test_a_long_table_has_all_names_and_its_rows_come_as_they_come_into_view(deep, visit, width):
    visitor = visit(deep, None)
    visitor.page.set_viewport_size({"width": width, "height": 844})
    page = visitor.open("/architecture")
    in_first_part(page)
    height = page.evaluate("document.documentElement.scrollHeight")
    last = page.get_by_role("row", name="classes Dense")
    expect(last).to_have_count(0)
    page.locator(ROWS).last.scroll_into_view_if_needed()
    expect(last).to_be_visible()
    expect(page.locator(AWAITED)).not_to_have_count(0)
    grown = page.evaluate("document.documentElement.scrollHeight") - height
    assert abs(grown) < 100
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for place in (60, 100):
        page.locator(ROWS).nth(place).scroll_into_view_if_needed()
    expect(page.locator(AWAITED)).to_have_count(0)
    expect(page.locator(f"{ROWS}:has(td)")).to_have_count(150)


def test_who_searches_a_long_table_or_prints_it_has_all_rows(deep, visit):
    page = visit(deep, None).open("/architecture")
    in_first_part(page)
    page.keyboard.press("Control+f")
    expect(page.locator(f"{ROWS}:has(td)")).to_have_count(150)
    page.reload()
    in_first_part(page)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(f"{ROWS}:has(td)").count() == 150


def test_a_row_that_is_not_there_yet_leads_to_its_layer_and_back(deep, visit):
    page = visit(deep, None).open("/architecture")
    in_first_part(page)
    rest, held = re.compile("[?&]rest=1"), []
    page.route(rest, lambda route: held.append(route))
    link = page.locator("#layer-table").get_by_role("link", name="step_101", exact=True)
    link.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/activations/step_101"))
    page.unroute(rest)
    for route in held:
        route.continue_()
    page.go_back()
    expect(page.locator(f"{ROWS}:has(td)").first).to_be_visible()
    link.hover()
    expect(page.get_by_role("row", name="step_101 ReLU")).to_be_visible()


@pytest.fixture(scope="module")
def blocks(start_server, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "in_blocks.keras"
    cnn.save_model(nets.in_blocks(), path)
    return start_server(CNN_MODEL=str(path))


def test_blocks_are_folded_until_they_are_opened(blocks, shared):
    page = shared(blocks).page
    expect(page.get_by_text("14 blocks of 56 layers in all are folded")).to_be_visible()
    expect(page.get_by_role("link", name="block_2_expand", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Open block_2: 4 layers").press("Enter")
    expect(page.get_by_role("link", name="block_2_expand", exact=True)).to_be_visible()
    expect(page.get_by_text("13 blocks of 52 layers in all are folded")).to_be_visible()
    closing = page.get_by_role("button", name="Fold block_2")
    expect(closing).to_be_focused()
    expect(closing).to_have_attribute("aria-expanded", "true")
    closing.press("Enter")
    expect(page.get_by_role("link", name="block_2_expand", exact=True)).to_have_count(0)
    expect(page.get_by_role("button", name="Open block_2: 4 layers")).to_be_focused()


def test_opened_blocks_are_part_of_the_link(blocks, visit):
    page = visit(blocks, None).open("/")
    inside = page.get_by_role("link", name="block_2_expand", exact=True)
    page.get_by_role("button", name="Open block_2: 4 layers").click()
    expect(page).to_have_url(re.compile(r"[?&]blocks=2(&|$)"))
    page.get_by_role("button", name="Open block_0: 4 layers").click()
    expect(page).to_have_url(re.compile(r"[?&]blocks=0%2C2(&|$)"))
    page.reload()
    expect(inside).to_be_visible()
    expect(page.get_by_role("button", name="Fold block_0")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("button", name="Open block_0: 4 layers")).to_be_visible()
    expect(inside).to_be_visible()


def test_models_in_models_in_a_model_are_folded_and_opened(start_server, visit, tmp_path):
    path = tmp_path / "nested.keras"
    cnn.save_model(nets.nested_three_times(), path)
    page = visit(start_server(CNN_MODEL=str(path)), None).open("/")
    inside = page.locator(".net-head").get_by_title("outer/middle/inner/step_b", exact=True)
    opening = page.get_by_role("button", name="Open outer: 44 layers")
    expect(opening).to_be_visible()
    expect(inside).to_have_count(0)
    opening.click()
    expect(inside).to_have_count(1)
    page.get_by_role("button", name="Fold outer").press("Enter")
    expect(opening).to_be_focused()
    expect(inside).to_have_count(0)


def test_all_layers_of_a_large_network_are_shown_part_by_part(blocks, shared):
    page = shared(blocks, "/layers").page
    parts = page.get_by_role("navigation", name="Parts of the network")
    expect(parts.get_by_role("link", name="1–12", exact=True)).to_have_attribute(
        "aria-current", "page"
    )
    expect(page.locator("#layers-tiles section")).to_have_count(12)
    parts.get_by_role("link", name="13–24", exact=True).click()
    expect(page).to_have_url(re.compile("/layers/block_2_relu"))
    first = page.locator("#layers-tiles section").first
    expect(first.get_by_role("heading")).to_have_text("block_2_relu")
    expect(first.locator(".gtitle")).to_have_text("block_2_relu: 48×48×24")
    caption = first.locator("figure > [id*=caption]")
    expect(caption).to_contain_text("The value largest in size is")
    before = caption.inner_text()
    page.get_by_role("button", name="4", exact=True).click()
    expect(caption).not_to_have_text(before)


PART = "#layers-tiles > .tiles"
# One look further down, to where the page ends just then.
DOWN = "() => scrollTo(0, document.documentElement.scrollHeight)"


def drawn(page, count: int) -> None:
    """Wait until so many figures are on the page, all of them drawn."""
    expect(page.locator("#layers-tiles section")).to_have_count(count)
    expect(page.locator("#layers-tiles .gtitle")).to_have_count(count)


@pytest.mark.parametrize("width", [1400, 390])
def test_the_next_part_comes_as_its_end_comes_into_view_and_what_is_far_is_let_go(
    blocks, visit, width
):
    visitor = visit(blocks, None)
    visitor.page.set_viewport_size({"width": width, "height": 844})
    page = visitor.open("/layers")
    drawn(page, 12)
    parts, links = page.locator(PART), page.locator("#layers-parts a")
    page.evaluate(DOWN)
    drawn(page, 24)
    expect(parts.nth(1).get_by_text("Layers 13–24 of 61")).to_be_visible()
    height = parts.nth(0).evaluate("part => part.offsetHeight")
    parts.nth(1).locator("section").nth(4).scroll_into_view_if_needed()
    drawn(page, 12)
    expect(parts.nth(0).locator("section")).to_have_count(0)
    assert parts.nth(0).evaluate("part => part.offsetHeight") == pytest.approx(height, abs=200)
    expect(page).to_have_url(re.compile("/layers.*#block_2_relu$"))
    expect(links.nth(1)).to_have_attribute("aria-current", "page")
    expect(links.nth(0)).not_to_have_attribute("aria-current", "page")
    page.evaluate("() => scrollTo(0, 0)")
    expect(parts.nth(0).locator(".gtitle")).to_have_count(12)
    expect(parts.nth(1).locator("section")).to_have_count(0)
    expect(page).to_have_url(re.compile("/layers[^#]*$"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_all_parts_that_are_in_view_follow_the_picture(blocks, visit):
    page = visit(blocks, None).open("/layers")
    drawn(page, 12)
    page.evaluate(DOWN)
    drawn(page, 24)
    captions = [page.locator(PART).nth(i).locator("figure > [id*=caption]").last for i in (0, 1)]
    before = [caption.text_content() for caption in captions]
    with page.expect_request(re.compile("/values/layers[?].*layer=picture&layer=block_2_relu")):
        page.get_by_role("button", name="4", exact=True).press("Enter")
    for caption, text in zip(captions, before, strict=True):
        expect(caption).not_to_have_text(text)
    expect(page.locator("#layers-tiles .painted-over")).to_have_count(0)


def test_a_reload_and_the_way_back_open_the_part_where_one_was(blocks, visit):
    page = visit(blocks, None).open("/layers")
    for count in (12, 24):
        drawn(page, count)
        page.evaluate(DOWN)
    expect(page.locator(PART).nth(2).locator(".gtitle")).to_have_count(12)
    page.locator(PART).nth(2).locator("section").nth(6).scroll_into_view_if_needed()
    expect(page).to_have_url(re.compile("/layers.*#block_5_relu$"))
    page.reload()
    drawn(page, 12)
    expect(page.get_by_text("Layers 25–36 of 61")).to_be_visible()
    page.get_by_role("heading", name="block_5_relu").get_by_role("link").click()
    expect(page).to_have_url(re.compile("/activations/block_5_relu"))
    page.go_back()
    expect(page.get_by_text("Layers 25–36 of 61")).to_be_visible()
    drawn(page, 12)
    page.get_by_role("link", name="1–12", exact=True).click()
    expect(page.get_by_text("Layers 1–12 of 61")).to_be_visible()
    expect(page).to_have_url(re.compile("/layers[^#]*$"))


@pytest.fixture(scope="module")
def costly(start_server, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "costly.keras"
    cnn.save_model(nets.costly(), path)
    return start_server(CNN_MODEL=str(path))


def test_maps_that_come_one_by_one_are_stopped_and_gone_on_with(costly, visit):
    visitor, rest, held = visit(costly, None), re.compile("[?&]rest=1"), []
    page = visitor.page
    page.route(rest, lambda route: held.append(route))
    with page.expect_request(rest):
        visitor.open("/explain")
    said = page.get_by_text("0 of 6 maps are there.")
    expect(said).to_be_visible()
    page.get_by_role("button", name="Cancel", exact=True).click()
    goes_on = page.get_by_role("button", name="Go on")
    expect(goes_on).to_be_visible()
    with page.expect_response(rest):
        held[0].continue_()
    assert len(held) == 1
    expect(said).to_be_visible()
    with page.expect_request(rest):
        goes_on.click()
    expect(page.get_by_role("button", name="Cancel", exact=True)).to_be_visible()
    held[1].fulfill(status=500, body="It failed: go on.", content_type="text/plain")
    expect(page.get_by_text("It failed: go on.")).to_be_visible()
    page.unroute(rest)
    goes_on.click()
    expect(said).to_be_hidden(timeout=60_000)
    expect(page.locator("#explain-of-saliency .gtitle")).to_be_visible(timeout=60_000)
    assert all("500" in error for error in visitor.errors)
    visitor.errors.clear()


def test_a_block_of_cells_is_told_under_the_pointer_and_leads_to_its_first(blocks, shared):
    page = shared(blocks, "/activations/stem").page
    expect(page.locator("#activations-main-caption")).to_contain_text(
        "farthest from zero among 2×2 cells"
    )
    figure = page.locator("#activations-main .nsewdrag")
    box = figure.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    expect(page.locator("#activations-main .hovertext")).to_contain_text("largest of 2×2 from row")
    page.mouse.click(box["x"] + 20, box["y"] + 20)
    expect(page).to_have_url(re.compile(r"channel=0.*row=\d*[02468](&|$)"))


def enlarge(page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag over a part of the maps, from and to shares of their width and height."""
    page.mouse.move(*place_in(page, start))
    page.mouse.down()
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    for place in (middle, end):
        page.mouse.move(*place_in(page, place), steps=3)
    with page.expect_response(SHARP):
        page.mouse.up()
    expect(page.locator("#activations-main .hm image")).to_have_count(2)
    page.wait_for_function(NEXT_CLICK_IS_ANOTHER)


def place_in(page, share: tuple[float, float]) -> tuple[float, float]:
    box = page.locator("#activations-main .nsewdrag").bounding_box()
    return box["x"] + share[0] * box["width"], box["y"] + share[1] * box["height"]


def test_what_is_enlarged_of_a_reduced_mosaic_is_sharp(blocks, visit):
    """It stays so with another digit, and a double click shows the whole again."""
    page = visit(blocks, None).open("/activations/stem")
    pictures = page.locator("#activations-main .hm image")
    expect(pictures).to_have_count(1)
    enlarge(page, (0.02, 0.02), (0.15, 0.3))
    page.mouse.click(*place_in(page, (0.42, 0.42)))
    expect(page).to_have_url(re.compile("channel=0.*column="))
    row, column = re.search(r"row=(\d+)&column=(\d+)", page.url).groups()
    page.mouse.move(*place_in(page, (0.1, 0.1)))
    page.mouse.move(*place_in(page, (0.42, 0.42)))
    hover = page.locator("#activations-main .hovertext")
    expect(hover).to_contain_text(re.compile(f"^channel 0row {row}, column {column}"))
    with page.expect_response(SHARP):
        page.get_by_role("button", name="3", exact=True).click()
    expect(page.locator("#activations-main .painted-over")).to_have_count(0)
    expect(pictures).to_have_count(2)
    page.mouse.dblclick(*place_in(page, (0.42, 0.42)))
    expect(pictures).to_have_count(1)
    expect(page).to_have_url(re.compile("/activations/stem"))


def test_what_is_painted_over_an_enlarged_mosaic_lies_where_its_cells_are(blocks, visit):
    page = visit(blocks, None).open("/activations/stem")
    enlarge(page, (0.2, 0.2), (0.8, 0.8))
    with page.expect_response(SHARP):
        page.get_by_role("button", name="3", exact=True).click()
    expect(page.locator("#activations-main .painted-over")).to_have_count(0)
    painted, drawn = page.evaluate(PAINTED_AND_DRAWN)
    assert painted == pytest.approx(drawn, abs=1.5)


def test_a_pixel_of_a_large_picture_that_is_shown_smaller_has_its_own_place(
    start_server, visit, tmp_path
):
    path = tmp_path / "large.keras"
    cnn.save_model(nets.few_weights(400), path)
    page = visit(start_server(CNN_MODEL=str(path)), None).open("/activations/steps")
    picture = page.locator("#picture")
    expect(picture).to_have_js_property("naturalWidth", 256)
    box = picture.bounding_box()
    page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.5 * box["height"])
    told = page.locator("#field-text")
    expect(told).to_contain_text(re.compile(r"The pixel in row \d+, column \d+ reaches"))
    row, column = map(int, re.search(r"row (\d+), column (\d+)", told.text_content()).groups())
    assert (row, column) == pytest.approx((200, 300), abs=6)


@pytest.mark.parametrize("kind", ["nan", "overflow"])
def test_layers_with_numbers_that_are_none_are_found_by_a_switch(
    kind, start_server, visit, tmp_path
):
    path = tmp_path / "broken.keras"
    made = nets.not_finite(float("nan"), "second") if kind == "nan" else nets.overflowing()
    cnn.save_model(made, path)
    page = visit(start_server(CNN_MODEL=str(path)), None).open("/activations/second")
    switch = page.get_by_role("checkbox", name="Only the 4 layers with NaN or infinity")
    tabs = page.locator(".layer-tabs a:visible")
    expect(tabs).to_have_count(6)
    switch.check()
    expect(tabs).to_have_text(["second", "norm", "means", "classes"])
    expect(page).to_have_url(re.compile(r"[?&]broken=1(&|$)"))
    page.get_by_role("link", name="Architecture").click()
    expect(page.locator("#layer-table tbody tr:visible")).to_have_count(4)
    page.reload()
    expect(page.locator("#layer-table tbody tr:visible")).to_have_count(4)
    switch.uncheck()
    expect(page.locator("#layer-table tbody tr:visible")).to_have_count(6)

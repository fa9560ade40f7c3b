"""Pointing at cells in a real browser: a click leads to the arithmetic, and fields are outlined."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

import cnn
from tests.browser.shown import MAPS_ARE_PAINTED

_PLACE = """(plot, [channel, row, column]) => {
  const { xaxis, yaxis } = plot._fullLayout;
  const { left, top } = plot.getBoundingClientRect();
  const { columns, high, wide } = plot.data[0].meta.tiles;
  const [x, y] = [
    (channel % columns) * wide + column, Math.floor(channel / columns) * high + row];
  return [left + xaxis._offset + xaxis.l2p(x), top + yaxis._offset + yaxis.l2p(y)];
}"""


@pytest.fixture(scope="module")
def server(digits_server):
    return digits_server


def drawn(page: Page, name: str) -> Locator:
    """The plot of a figure, when it shows its data and nothing is painted over it."""
    figure = page.get_by_role("figure", name=name, exact=True)
    expect(figure.locator(".hm image")).to_be_attached()
    expect(figure.locator(".painted-over")).to_have_count(0)
    return figure.locator(".js-plotly-plot")


def place_of(plot: Locator, channel: int, row: int, column: int) -> tuple[float, float]:
    plot.scroll_into_view_if_needed()
    x, y = plot.evaluate(_PLACE, [channel, row, column])
    return x, y


def outline(bounds, left: int = 0, top: int = 0) -> str:
    """The shape around the cells between bounds of rows and columns."""
    (r0, r1), (c0, c1) = bounds
    height, width = r1 - r0 + 1, c1 - c0 + 1
    return f"M{left + c0},{top + r0}h{width}v{height}h-{width}z"


def shape(part: Locator) -> Locator:
    return part.locator("svg.field .field-dark")


def whole(part: Locator) -> str:
    """All shapes that are drawn over a part."""
    return str(shape(part).evaluate_all("all => all.map((one) => one.getAttribute('d')).join('')"))


def test_a_click_on_a_cell_of_all_layers_opens_its_arithmetic(server, shared):
    page = shared(server, "/layers").page
    page.mouse.click(*place_of(drawn(page, "Output of conv2d_1"), 9, 4, 6))
    expect(page.get_by_role("heading", level=1)).to_have_text("Why")
    formula = page.locator("#why-formula")
    expect(formula).to_contain_text("conv2d_1, channel 9, row 4, column 6: 288 products")
    page.mouse.click(*place_of(drawn(page, "What it reads"), 0, 5, 7))
    expect(formula).to_contain_text(re.compile("^max_pooling2d, channel [0-9]+, row 5, column 7:"))
    page.go_back()
    expect(formula).to_contain_text("conv2d_1, channel 9, row 4, column 6: 288 products")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("All layers")


def test_a_second_click_on_activations_opens_why(server, shared):
    page = shared(server, "/activations/conv2d_1").page
    place = place_of(drawn(page, "Output of the layer"), 9, 4, 6)
    page.mouse.click(*place)
    expect(
        page.get_by_role("link", name=re.compile(r"\(channel 9, row 4, column 6\)$"))
    ).to_be_visible()
    page.mouse.dblclick(*place)
    expect(page.locator("#why-formula")).to_contain_text("conv2d_1, channel 9, row 4, column 6:")


def test_arrows_move_the_cell_and_enter_opens_why(server, shared):
    page = shared(server, "/activations/conv2d_1?channel=3&row=4&column=5").page
    drawn(page, "The chosen channel")
    cells = page.get_by_role("application", name="The chosen channel: cells")
    cells.focus()
    cells.press("ArrowRight")
    cells.press("ArrowDown")
    told = page.get_by_role("link", name=re.compile(r"\(channel 3, row 5, column 6\)$"))
    expect(told).to_be_visible()
    expect(told.locator("[aria-live=polite]")).to_have_count(1)
    expect(page).to_have_url(re.compile("row=5&column=6|column=6.*row=5"))
    cells.press("Enter")
    expect(page.locator("#why-formula")).to_contain_text("channel 3, row 5, column 6:")
    on_map = page.get_by_role("application", name="Where the number stands: cells")
    drawn(page, "Where the number stands")
    on_map.focus()
    on_map.press("ArrowUp")
    expect(page.locator("#why-formula")).to_contain_text("channel 3, row 4, column 6:")


def test_what_a_cell_reads_is_outlined_on_the_picture_and_in_every_layer_before(
    server, shared, classifier
):
    page = shared(server, "/layers").page
    first, second = drawn(page, "Output of conv2d"), drawn(page, "Output of max_pooling2d")
    page.mouse.move(*place_of(second, 7, 4, 6))
    field = cnn.receptive_field(classifier, layer="max_pooling2d", row=4, column=6)
    picture = outline(field.picture.bounds)
    expect(shape(page.locator(".sample-row"))).to_have_attribute("d", picture)
    (r0, r1), (c0, c1) = field.picture.bounds
    expect(page.locator("#field-text")).to_have_text(
        f"max_pooling2d, row 4, column 6, reads rows {r0} to {r1}, columns {c0} to {c1} of the "
        "picture (exact)."
    )
    # Pooling reads channel by channel: of the layer before, one map is marked.
    tiles = first.evaluate("plot => plot.data[0].meta.tiles")
    down, across = divmod(7, tiles["columns"])
    left, top = (tiles[step] for step in ("wide", "high"))
    corner = across * left, down * top
    assert whole(first) == outline(field.cells["conv2d"].bounds, *corner)
    assert whole(second).count("M") == 1
    page.mouse.move(2, 2)
    expect(shape(page.locator(".sample-row"))).to_have_attribute("d", "")


def test_what_a_pixel_reaches_is_outlined_in_every_layer_after(server, shared, classifier):
    page = shared(server, "/layers").page
    plots = {name: drawn(page, f"Output of {name}") for name in ("conv2d", "max_pooling2d")}
    box = page.locator("#picture").bounding_box()
    page.mouse.move(box["x"] + 1 + 110 * 12.5 / 28, box["y"] + 1 + 110 * 9.5 / 28)
    field = cnn.projective_field(classifier, row=9, column=12)
    for name, plot in plots.items():
        expect(shape(plot).first).to_have_attribute("d", re.compile("^M"))
        told = whole(plot)
        assert told.startswith(outline(field.cells[name].bounds))
        assert told.count("M") == 32
    expect(page.locator("#field-text")).to_contain_text("The pixel in row 9, column 12 reaches")


def test_thumbnails_show_fields_too(server, shared, classifier):
    page = shared(server, "/").page
    page.wait_for_function(MAPS_ARE_PAINTED)
    tiles = page.get_by_role("application", name="Channels of max_pooling2d", exact=True)
    box = tiles.bounding_box()
    page.mouse.move(box["x"] + 4, box["y"] + 4)
    told = page.locator("#field-text")
    expect(told).to_contain_text("max_pooling2d, row ")
    row, column = (int(n) for n in re.findall("(?:row|column) ([0-9]+)", told.text_content())[:2])
    field = cnn.receptive_field(classifier, layer="max_pooling2d", row=row, column=column)
    expect(shape(page.locator(".sample-row"))).to_have_attribute("d", outline(field.picture.bounds))
    # The picture, the channel of the layer between that is pooled, and the cell itself.
    in_network = page.locator(".net-stage")
    assert whole(in_network).count("M") == 1 + 1 + 1
    box = page.get_by_role("application", name="Channels of conv2d_1", exact=True).bounding_box()
    page.mouse.move(box["x"] + 4, box["y"] + 4)
    expect(told).to_contain_text("conv2d_1, row ")
    assert whole(in_network).count("M") == 1 + 32 + 32 + 1


def test_the_field_of_a_chosen_cell_stays_where_nothing_points(server, shared, classifier):
    page = shared(server, "/activations/conv2d_1?channel=3&row=4&column=5").page
    field = cnn.receptive_field(classifier, layer="conv2d_1", row=4, column=5)
    expect(shape(page.locator(".sample-row"))).to_have_attribute("d", outline(field.picture.bounds))

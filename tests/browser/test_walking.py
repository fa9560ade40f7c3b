"""A walk over the cells of a map in a real browser: by itself, step by step, and without motion."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import answered

# How many cells' worth of a figure is covered, from the corner of each that is.
_COVERED = """([rows, columns]) => {
  const plot = document.querySelector("#why-map .js-plotly-plot");
  const canvas = plot.querySelector("canvas.unreached");
  if (!canvas) return 0;
  const { x, y } = dash_clientside.cnn.plotly.axesOf(plot);
  const context = canvas.getContext("2d");
  const ratio = canvas.width / plot.clientWidth;
  let covered = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = [x.place(column), y.place(row)].map((place) => Math.round(place * ratio));
      covered += context.getImageData(...at, 1, 1).data[3] === 255;
    }
  }
  return covered;
}"""


@pytest.fixture(scope="module")
def server(digits_server):
    return digits_server


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name="Walk over the map").get_by_role(
        "button", name=name, exact=True
    )


def place(page: Page) -> Locator:
    return page.locator("#why-walked")


def test_the_map_fills_up_until_a_key_stops_on_a_cell(server, visit):
    page = visit(server, "/why/max_pooling2d?channel=3").page
    expect(place(page)).to_contain_text("of 169: ")
    steps = page.evaluate("history.length")
    page.get_by_role("slider", name="Cells per second").fill("10")
    button(page, "Play").click()
    expect(place(page)).to_contain_text("row 1, column ")
    assert 0 < page.evaluate(_COVERED, [13, 13]) < 156
    page.keyboard.press("Escape")
    expect(button(page, "Play")).to_be_visible()
    answered(page)
    assert page.evaluate(_COVERED, [13, 13]) == 0
    row, column = re.search(r"row (\d+), column (\d+)$", str(place(page).text_content())).groups()
    page.wait_for_url(f"**row={row}&column={column}*")
    expect(page.locator("#why-formula")).to_contain_text(f"row {row}, column {column}: The largest")
    expect(page.get_by_label("Column", exact=True)).to_have_value(column)
    assert page.evaluate("history.length") == steps + 1


def test_it_stops_at_the_last_cell_and_begins_again_at_the_first(server, shared):
    page = shared(server, "/why/max_pooling2d_1?channel=3&row=4&column=2").page
    expect(place(page)).to_have_text("cell 23 of 25: row 4, column 2")
    button(page, "Play").click()
    expect(button(page, "Play")).to_be_visible()
    expect(place(page)).to_have_text("cell 25 of 25: row 4, column 4")
    expect(button(page, "Next cell")).to_have_attribute("aria-disabled", "true")
    button(page, "Next cell").press("Enter")
    button(page, "Cell before").click()
    expect(place(page)).to_have_text("cell 24 of 25: row 4, column 3")
    button(page, "Next cell").click()
    button(page, "Play").click()
    expect(place(page)).to_contain_text("row 0, column ")
    button(page, "Pause").click()
    expect(button(page, "Play")).to_be_visible()


def test_who_wants_less_motion_steps(server, shared):
    page = shared(server, "/why/conv2d?channel=5&row=2&column=25", reduced_motion="reduce").page
    expect(place(page)).to_contain_text("row 2, column 25")
    expect(button(page, "Play")).to_have_attribute("title", re.compile("less motion"))
    button(page, "Play").press("Enter")
    expect(place(page)).to_contain_text("row 3, column 0")
    expect(page.locator("#why-formula")).to_contain_text("row 3, column 0")
    expect(button(page, "Pause")).to_have_count(0)
    expect(page.locator("canvas.unreached")).to_have_count(0)

"""The page "Why" in a real browser: a cell is clicked, taken apart, and found again by its link."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import answered


@pytest.fixture(scope="module")
def server(digits_server):
    return digits_server


def formula(page: Page):
    return page.locator("#why-formula")


def click_cell(page: Page, figure: str, row: int, column: int) -> None:
    """Click on a cell of the heatmap in a figure."""
    expect(page.locator(f"#{figure} .gtitle")).to_be_visible()
    expect(page.locator(f"#{figure} .painted-over")).to_have_count(0)
    page.locator(f"#{figure}").scroll_into_view_if_needed()
    x, y = page.locator(f"#{figure} .js-plotly-plot").evaluate(
        """(plot, [row, column]) => {
          const { xaxis, yaxis } = plot._fullLayout;
          const { left, top } = plot.getBoundingClientRect();
          return [left + xaxis._offset + xaxis.l2p(column), top + yaxis._offset + yaxis.l2p(row)];
        }""",
        [row, column],
    )
    page.mouse.move(x - 1, y)
    page.mouse.move(x, y)
    expect(page.locator(f"#{figure} .hovertext")).to_be_visible()
    page.mouse.click(x, y)


def test_a_cell_of_a_map_is_a_click_away_from_its_arithmetic(server, shared):
    page = shared(server, "/activations/conv2d_1?channel=3").page
    click_cell(page, "activations-detail", 4, 5)
    page.wait_for_url("**row=4*")
    page.get_by_role("link", name=re.compile(r"^Why .*\(channel 3, row 4, column 5\)$")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Why")
    expect(formula(page)).to_contain_text("conv2d_1, channel 3, row 4, column 5: 288 products")
    expect(page.locator("#why-proof")).to_contain_text("the network says")


def test_bars_cells_and_fields_choose_what_is_taken_apart(server, shared):
    page = shared(server, "/why/conv2d_1?channel=3&row=4&column=5").page
    expect(formula(page)).to_contain_text("row 4, column 5")
    click_cell(page, "why-map", 2, 6)
    expect(formula(page)).to_contain_text("channel 3, row 2, column 6")
    page.get_by_label("Channel", exact=True).fill("7")
    expect(formula(page)).to_contain_text("channel 7, row 2, column 6")
    page.get_by_label("Input channel", exact=True).fill("9")
    expect(page.locator("#why-patch .gtitle")).to_have_text("patch of channel 9")
    expect(page.locator("#why-products-caption")).to_contain_text("The products of channel 9")
    page.get_by_label("Row", exact=True).fill("99")
    expect(page.locator("#why-row .problem")).to_contain_text("99 was given")
    expect(formula(page)).to_contain_text("row 2")


def test_the_arithmetic_follows_the_digits(server, shared):
    page = shared(server, "/why/conv2d?channel=5").page
    expect(formula(page)).to_contain_text("9 products")
    before = formula(page).text_content()
    page.get_by_role("button", name="3", exact=True).click()
    expect(formula(page)).not_to_have_text(str(before))
    answered(page)
    expect(page.locator("#why-proof")).to_contain_text("Recomputed")


def test_a_link_to_a_cell_shows_the_same_after_a_reload(server, visit):
    page = visit(server, "/why/max_pooling2d?channel=3&row=9&column=6").page
    expect(formula(page)).to_contain_text("max_pooling2d, channel 3, row 9, column 6")
    before = formula(page).text_content()
    page.reload()
    expect(formula(page)).to_have_text(str(before))
    expect(page.locator("#why-kernel-box")).to_be_hidden()
    assert page.get_by_label("Row", exact=True).input_value() == "9"


def test_how_much_each_pixel_counts_unfolds_and_is_part_of_the_link(server, shared):
    page = shared(server, "/why/conv2d_1?channel=3&row=1&column=4").page
    expect(formula(page)).to_contain_text("row 1, column 4")
    page.get_by_text("How much each pixel counts", exact=True).click()
    expect(page.locator("#why-effective .gtitle")).to_have_text("gradient")
    expect(page.locator("#why-effective-caption")).to_contain_text("How fast the number changes")
    expect(page).to_have_url(re.compile("effective=1"))
    page.get_by_text("How much each pixel counts", exact=True).click()
    expect(page).not_to_have_url(re.compile("effective=1"))
    expect(page.locator("#why-effective-caption")).to_be_hidden()


# Each number of each window is narrower than its cell, in a figure that fills its box.
_NUMBERS_FIT = """(width) => {
  const plots = ["patch", "kernel", "products"]
    .map((one) => document.querySelector(`#why-${one} .js-plotly-plot`));
  return innerWidth === width && plots.every((plot) => {
    const { xaxis, width: drawn } = plot._fullLayout;
    const numbers = [...plot.querySelectorAll(".heatmap-label text")];
    return Math.abs(drawn - plot.clientWidth) < 1 && numbers.length === 9
      && numbers.every((number) => number.getComputedTextLength() < xaxis.l2p(1) - xaxis.l2p(0));
  });
}"""


@pytest.mark.parametrize("width", [1400, 390])
def test_numbers_stand_within_their_cells(server, shared, width):
    page = shared(server, "/why/conv2d_1?channel=3&row=4&column=5").page
    expect(page.locator("#why-products .heatmap-label")).to_have_count(9)
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_function(_NUMBERS_FIT, arg=width)
    written = page.locator("#why-kernel .heatmap-label text").all_text_contents()
    assert any("−" in number for number in written)
    assert not any("-" in number for number in written)


# Of each heatmap: its size, the texts of its bar with their places, where its title and the figure end,
# and what is painted for the bar while a pen moves.
_BARS = """() => [...document.querySelectorAll("#why-body .js-plotly-plot")]
  .filter((plot) => plot.querySelector(".cbfills rect"))
  .map((plot) => {
    const box = (element) => element.getBoundingClientRect();
    const texts = [...plot.querySelectorAll(".cbaxis text")].map((text) => {
      const { left, right, top, bottom } = box(text);
      const turned = text.getAttribute("transform") || "";
      return { text: text.textContent, left, right, top, bottom, turned };
    });
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d");
    const painted = [];
    context.fillText = (text) => painted.push(String(text));
    canvas.getContext = () => context;
    const { zmin: low, zmax: high } = plot._fullData[0];
    window.dash_clientside.cnn.paintBarNumbers(plot, canvas, { low, high });
    const title = box(plot.querySelector(".cbtitle text"));
    const map = box(plot.querySelector(".hm image"));
    return { texts, painted, titleTop: title.top, titleEnd: title.bottom, plotEnd: box(plot).bottom,
      barTop: box(plot.querySelector(".cbfills rect")).top, mapEnd: map.bottom, width: map.width };
  })"""


@pytest.mark.parametrize("width", [390, 1400])
def test_numbers_of_colour_bars_stand_beside_each_other_and_their_titles_are_whole(
    server, visit, width
):
    path = "/why/conv2d_1?channel=3&row=4&column=5"
    page = visit(server, path, viewport={"width": width, "height": 900}).page
    expect(page.locator("#why-products .cbtitle text")).to_be_attached()
    expect(page.locator("#why-map .cbtitle text")).to_be_attached()
    bars = page.evaluate(_BARS)
    assert len(bars) >= 5
    for bar in bars:
        texts = bar["texts"]
        assert len(texts) > 1
        for one, after in pairwise(texts):
            assert one["right"] < after["left"]
        assert not any("rotate" in one["turned"] for one in texts)
        assert bar["mapEnd"] <= bar["barTop"]
        assert max(one["bottom"] for one in texts) <= bar["titleTop"] + 1
        assert bar["titleEnd"] <= bar["plotEnd"]
        assert [one["text"] for one in texts] == bar["painted"]
    windows = [bar["width"] for bar in bars if bar["width"] > 100]
    assert len(windows) == len(bars)
    assert max(windows) - min(windows) < 0.06 * max(windows)


def test_a_figure_that_gets_narrower_has_fewer_numbers_below_its_bar(server, visit):
    page = visit(server, "/activations/conv2d", viewport={"width": 1400, "height": 900}).page
    texts = page.locator("#activations-detail .cbaxis text")
    expect(texts.nth(3)).to_be_attached()
    page.evaluate("document.getElementById('activations-detail').style.width = '64px'")
    page.set_viewport_size({"width": 1380, "height": 900})
    expect(texts.nth(1)).to_be_attached()
    expect(texts.nth(3)).not_to_be_attached()


@pytest.mark.parametrize("path", ["/why/conv2d_1?channel=3&row=4&column=5", "/why/dense?channel=1"])
def test_names_of_axes_are_whole_and_below_the_numbers_on_a_phone(server, visit, path):
    page = visit(server, path, viewport={"width": 390, "height": 844}).page
    for figure in ("why-terms", "why-running"):
        expect(page.locator(f"#{figure} .xtitle")).to_be_attached()
        inside = page.locator(f"#{figure} .js-plotly-plot").evaluate(
            """(plot) => {
              const box = (element) => element.getBoundingClientRect();
              const [name, whole] = [box(plot.querySelector(".xtitle")), box(plot)];
              const numbers = [...plot.querySelectorAll(".xtick text")].map((one) => box(one).bottom);
              return name.left >= whole.left && name.right <= whole.right && name.bottom <= whole.bottom
                && Math.max(...numbers) <= name.top + 1;
            }"""
        )
        assert inside, figure

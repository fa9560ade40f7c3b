"""The page "Output" in a real browser: classes are compared, and a bar leads to its arithmetic."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import hover


@pytest.fixture(scope="module")
def server(digits_server):
    return digits_server


def formula(page: Page):
    return page.locator("#output-formula")


def first_bar(page: Page) -> tuple[str, float, float]:
    """The name of the uppermost bar of the waterfall, and where its middle is on the screen."""
    expect(page.locator("#output-waterfall .gtitle")).to_be_visible()
    name, x, y = page.locator("#output-waterfall .js-plotly-plot").evaluate(
        """(plot) => {
          const { xaxis, yaxis } = plot._fullLayout;
          const { left, top } = plot.getBoundingClientRect();
          const { x, y } = plot._fullData[0];
          return [y[0], left + xaxis._offset + xaxis.l2p(x[0] / 2), top + yaxis._offset + yaxis.l2p(0)];
        }"""
    )
    return name, x, y


def test_two_classes_are_chosen_and_are_in_the_link(server, shared, visit):
    page = shared(server, "/output").page
    expect(formula(page)).to_contain_text("64 products add up to")
    page.get_by_label("Class", exact=True).select_option("3")
    expect(formula(page)).to_contain_text("the logit of 3: ")
    page.get_by_label("Compared with").select_option("8")
    expect(formula(page)).to_contain_text("the logit of 3 minus that of 8: ")
    expect(page.locator("#output-proof")).to_contain_text("the network says")
    page.wait_for_url("**against=8*")
    told = formula(page).text_content()
    again = visit(server, page.url.removeprefix(server.url)).page
    expect(formula(again)).to_have_text(str(told))
    expect(again.get_by_label("Class", exact=True)).to_have_value("3")
    expect(again.get_by_label("Compared with")).to_have_value("8")
    page.get_by_label("Class", exact=True).select_option("predicted")
    expect(formula(page)).not_to_contain_text("the logit of 3")


def test_a_bar_leads_to_the_arithmetic_of_its_input_and_the_way_back_to_the_output(server, shared):
    page = shared(server, "/output?of=7").page
    name, x, y = first_bar(page)
    hover(page, "output-waterfall", x, y)
    expect(page.locator("#output-waterfall .hovertext")).to_contain_text(f"input {name}: ")
    page.mouse.click(x, y)
    expect(page.get_by_role("heading", level=1)).to_have_text("Why")
    expect(page.locator("#why-formula")).to_contain_text(f"dense, unit {name}: ")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Output")
    expect(formula(page)).to_contain_text("the logit of 7: ")


def test_the_layer_of_the_inputs_is_a_link(server, shared):
    page = shared(server, "/output").page
    page.get_by_role("link", name="How dense makes these numbers.").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Why")
    expect(page.locator("#why-formula")).to_contain_text(re.compile(r"^dense, unit \d+: "))


def test_the_output_follows_the_digits(server, shared):
    page = shared(server, "/output").page
    expect(formula(page)).to_contain_text("64 products")
    page.get_by_role("button", name="3", exact=True).click()
    expect(page.locator("#picture-text")).to_contain_text("Label 3")
    expect(formula(page)).to_contain_text("the logit of 3: ")
    expect(page.locator("#output-waterfall .gtitle")).to_have_text("dense_1: logit of 3")

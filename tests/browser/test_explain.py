"""The page "Explain" in a real browser: a pixel is read in all maps, an option goes into the link."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import hover


@pytest.fixture(scope="module")
def server(digits_server):
    return digits_server


def test_a_pixel_that_is_pointed_at_is_read_in_all_maps(server, shared):
    page = shared(server, "/explain").page
    expect(page.locator("#explain-of-grad_cam .hm image")).to_be_visible()
    bounds = page.locator("#explain-of-saliency .hm image").bounding_box()
    middle = [bounds["x"] + bounds["width"] * 14.5 / 28, bounds["y"] + bounds["height"] * 13.5 / 28]
    hover(page, "explain-of-saliency", *middle)
    expect(page.locator("#explain-of-saliency-read")).to_have_text(
        re.compile(r"^Row 13, column 14: [0-9.]+$")
    )
    expect(page.locator("#explain-of-input_x_gradient-read")).to_have_text(
        re.compile(r"^Row 13, column 14: −?[0-9.e−]+$")
    )
    expect(page.locator("#explain-of-grad_cam-read")).to_have_text(
        re.compile(r"^Row 5, column 5: [0-9.]+$")
    )
    page.mouse.move(2, 2)
    expect(page.locator("#explain-of-saliency-read")).to_be_empty()


def test_an_option_is_part_of_the_link_and_of_the_line_of_python(server, shared):
    page = shared(server, "/explain").page
    line = page.locator("#explain-of-grad_cam-python")
    expect(line).to_contain_text("layer='conv2d_1'")
    page.locator("#explain-of-grad_cam-box").get_by_text("Options").click()
    page.locator("#explain-option-grad_cam-layer").select_option("conv2d")
    page.wait_for_url("**options=grad_cam.layer%3Aconv2d**")
    expect(line).to_contain_text("layer='conv2d'")
    page.go_back()
    expect(line).to_contain_text("layer='conv2d_1'")
    expect(page.locator("#explain-option-grad_cam-layer")).to_have_value("last")

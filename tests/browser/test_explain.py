"""The page "Explain" in a real browser: a pixel is read in all maps, an option goes into the link."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

import cnn
from cnn.attribution.methods import METHODS
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


def options_of(method: str) -> dict[str, object]:
    """What the page gives a method: 64 pictures of those that networks are trained on."""
    digits = cnn.load_dataset("digits", split="train")
    places = np.arange(64) * len(digits) // 64
    return {"baselines": [digits[place].pixels for place in places]} if (
        method == "expected_gradients"
    ) else {}  # fmt: skip


def test_what_is_read_of_a_pixel_is_what_the_library_computes(server, shared, classifier):
    picture = cnn.load_dataset("digits")[18].pixels
    made = {
        name: cnn.attribute(classifier, picture, method=name, **options_of(name)).plane
        for name in METHODS
    }
    page = shared(server, "/explain?data=digits&split=all&index=18").page
    for name in METHODS:
        expect(page.locator(f"#explain-of-{name} .hm image")).to_be_visible()
    bright = np.argwhere(picture[..., 0] > 150)
    for row, column in bright[[0, len(bright) // 2, -1]].tolist():
        bounds = page.locator("#explain-of-saliency .hm image").bounding_box()
        place = (
            bounds["x"] + bounds["width"] * (column + 0.5) / 28,
            bounds["y"] + bounds["height"] * (row + 0.5) / 28,
        )
        hover(page, "explain-of-saliency", *place)
        for name, plane in made.items():
            cell = tuple(
                int((at + 0.5) / 28 * count)
                for at, count in zip((row, column), plane.shape, strict=True)
            )
            read = page.locator(f"#explain-of-{name}-read")
            expect(read).to_have_text(re.compile(f"^Row {cell[0]}, column {cell[1]}: "))
            number = float(str(read.text_content()).partition(": ")[2].replace("−", "-"))
            # Three digits are shown.
            largest = float(abs(plane).max())
            assert number == pytest.approx(float(plane[cell]), rel=5.1e-3, abs=1e-5 * largest), name


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


def test_a_changed_picture_is_taken_to_every_page_and_back_again(server, shared):
    page = shared(server, "/explain?index=18").page
    page.get_by_role("link", name="What would turn it into another class?").click()
    said = page.locator("#counterfactual-said")
    page.get_by_label("Turn it into").select_option("3")
    expect(said).to_have_text(
        re.compile(
            r"^The network says \d \([\d.>]+%\) of the picture, and 3 \([\d.]+%\) after the change\.$"
        )
    )
    page.get_by_label("Step", exact=True).fill("30")
    expect(page.locator("#counterfactual-after-caption")).to_contain_text("97% of the change")
    page.wait_for_url("**step=30*")
    page.get_by_label("Step", exact=True).fill("31")
    expect(page.locator("#counterfactual-after-caption")).to_contain_text(
        "100% of the change: the network says 3 ("
    )
    before = page.url
    page.get_by_role("button", name="Take this picture to every page").click()
    expect(page.locator("#counterfactual-problem")).to_contain_text(
        "says 3 of this picture already"
    )
    expect(page.locator("#prediction")).to_contain_text("3")
    expect(page.locator("#picture-text")).to_contain_text("Your counterfactual")
    expect(page.locator("#drawing")).to_be_hidden()
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Output").click()
    expect(page.locator("#output-formula")).to_contain_text("the logit of 3")
    page.go_back()
    page.go_back()
    expect(page).to_have_url(before)
    expect(page.locator("#picture-text")).not_to_contain_text("counterfactual")


def test_a_number_of_any_layer_is_explained_from_its_arithmetic(server, shared):
    page = shared(server, "/why/conv2d?channel=3&row=5&column=6").page
    page.get_by_role("link", name="Which pixels make it?").click()
    line = page.locator("#explain-of-saliency-python")
    expect(line).to_contain_text("target=cnn.Target(of=3, layer='conv2d', cell=(5, 6))")
    expect(page.locator("#explain-unit")).to_have_value("conv2d")
    expect(page.get_by_label("Channel", exact=True)).to_have_value("3")
    page.get_by_label("Row", exact=True).fill("7")
    expect(line).to_contain_text("cell=(7, 6)")
    page.get_by_label("the mean of its map").check()
    expect(line).to_contain_text("target=cnn.Target(of=3, layer='conv2d'))")
    expect(page.get_by_label("Row", exact=True)).to_be_hidden()
    page.locator("#explain-unit").select_option("dense")
    expect(line).to_contain_text("layer='dense'")
    expect(page.get_by_label("Unit", exact=True)).to_have_value("predicted")
    expect(page.get_by_label("one cell")).to_be_hidden()
    page.go_back()
    expect(line).to_contain_text("target=cnn.Target(of=3, layer='conv2d'))")
    page.locator("#explain-unit").select_option("output")
    expect(line).to_contain_text(re.compile(r"target=\d\)"))
    expect(page.get_by_label("Class", exact=True)).to_have_value("predicted")
    expect(page).not_to_have_url(re.compile("unit="))


@pytest.mark.parametrize("overlay", ["apart", "over"])
def test_a_pixel_that_is_pointed_at_is_read_in_the_maps_of_all_classes(
    server, shared, classifier, overlay
):
    picture = cnn.load_dataset("digits")[18].pixels
    planes = [
        cnn.attribute(classifier, picture, method="saliency", target=label).plane
        for label in range(10)
    ]
    address = f"/explain?data=digits&split=all&index=18&method=saliency&overlay={overlay}"
    page = shared(server, address).page
    for label in range(10):
        expect(page.locator(f"#explain-class-{label} .hm image")).to_be_visible()
    row, column = np.unravel_index(planes[4].argmax(), (28, 28))
    pointed = page.locator("#explain-class-4 .hm image")
    beneath = page.locator("#explain-class-4 .imagelayer image")
    expect(beneath).to_have_count(1 if overlay == "over" else 0)
    pointed.scroll_into_view_if_needed()
    bounds = pointed.bounding_box()
    place = (
        bounds["x"] + bounds["width"] * (float(column) + 0.5) / 28,
        bounds["y"] + bounds["height"] * (float(row) + 0.5) / 28,
    )
    hover(page, "explain-class-4", *place)
    for label, plane in enumerate(planes):
        read = page.locator(f"#explain-class-{label}-read")
        expect(read).to_have_text(re.compile(f"^Row {row}, column {column}: "))
        number = float(str(read.text_content()).partition(": ")[2].replace("−", "-"))
        assert number == pytest.approx(float(plane[row, column]), rel=5.1e-3, abs=1e-5), label
    page.mouse.move(2, 2)
    for label in range(10):
        expect(page.locator(f"#explain-class-{label}-read")).to_be_empty()

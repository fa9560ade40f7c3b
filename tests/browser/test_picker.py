"""Own pictures, and the dialog in which one of them is chosen, in a real browser."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

import cnn
from cnn.models.card import Card
from tests.browser.test_accessibility import check

NAMES = ("round", "square, and wide")


@pytest.fixture(scope="module")
def server(start_server, tmp_path_factory):
    """Coloured pictures of two classes, one damaged, and a network that has these classes."""
    folder = tmp_path_factory.mktemp("shapes")
    for label, name in enumerate(NAMES):
        (folder / name).mkdir()
        for number in range(30):
            pixels = np.full((12 + number, 16, 3), (7 * number, 90, 200 * label), np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number:02}.png")
    (folder / "round" / "03.png").write_bytes(b"damaged")
    model = cnn.build_classifier((28, 28, 3), 2, seed=1)
    path = folder.parent / "shapes.keras"
    cnn.save_model(model, path, card=Card(class_names=NAMES))
    return start_server(CNN_DATA=str(folder), CNN_MODEL=str(path))


def opened(page: Page):
    page.get_by_role("button", name="Choose a picture").click()
    dialog = page.get_by_role("dialog", name="Choose a picture")
    expect(dialog.get_by_role("group", name="Pictures")).to_have_attribute("aria-busy", "false")
    return dialog


def test_a_picture_is_chosen_with_the_keyboard_and_the_way_back_closes_the_dialog(server, visit):
    page = visit(server, "/activations/conv2d").page
    dialog = opened(page)
    first = dialog.get_by_role("button", name="Picture 0: round; the network says")
    expect(first).to_be_focused()
    expect(dialog.get_by_role("button", name="Picture 3: round; round/03.png")).to_be_disabled()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator("#picture-text")).to_contain_text("number 1 (")
    expect(page.get_by_role("button", name="Choose a picture")).to_be_focused()
    page.go_back()
    page.go_back()
    expect(page.locator("#picture-text")).to_contain_text("number 0 (")
    expect(dialog).to_be_hidden()


def test_class_and_percentage_that_the_network_says_can_be_read_of_every_picture(server, visit):
    dialog = opened(visit(server, "/activations/conv2d").page)
    sure = dialog.locator(".thumbnail .sure:not(:empty)")
    expect(sure.first).to_be_visible()
    cut = (
        "all => all.filter((one) => one.scrollWidth > one.clientWidth || !one.clientHeight).length"
    )
    for lines in (sure, dialog.locator(".thumbnail .said")):
        assert lines.evaluate_all(cut) == 0
    assert all(text.endswith("%") for text in sure.all_inner_texts())
    first = dialog.get_by_role("button", name="Picture 0: round; the network says")
    assert first.get_attribute("title") == first.get_attribute("aria-label")


def test_a_link_leads_to_the_same_page_of_the_same_pictures(server, visit):
    page = visit(server, "/activations/conv2d").page
    dialog = opened(page)
    dialog.get_by_label("Order").select_option("wrong ones first")
    expect(dialog.get_by_role("status")).to_contain_text("all 60 pictures (1 damaged left out)")
    dialog.get_by_role("button", name="Next").click()
    expect(dialog).to_contain_text("Page 2 of 2 · 59 pictures")
    shown = dialog.get_by_role("group", name="Pictures").get_by_role("button")
    expect(shown).to_have_count(11)
    names = shown.evaluate_all("all => all.map((one) => one.getAttribute('aria-label'))")
    again = visit(server, page.url.removeprefix(server.url)).page
    other = again.get_by_role("dialog", name="Choose a picture")
    expect(other).to_contain_text("Page 2 of 2 · 59 pictures")
    same = other.get_by_role("group", name="Pictures").get_by_role("button")
    assert same.evaluate_all("all => all.map((one) => one.getAttribute('aria-label'))") == names


def test_classes_with_names_are_chosen_from_a_list(server, visit):
    page = visit(server, "/activations/conv2d").page
    choice = page.get_by_role("complementary").get_by_role("combobox", name="Class")
    expect(choice).to_have_value("0")
    expect(page.get_by_role("toolbar", name="Pick a class")).to_be_hidden()
    choice.select_option("square, and wide")
    expect(page.locator("#picture-text")).to_contain_text("Label square, and wide")


def test_another_picture_is_none_of_the_damaged_ones(server, visit):
    page = visit(server, "/activations/conv2d").page
    text = page.locator("#picture-text")
    expect(text).to_contain_text("number 0 (")
    # The third of the 29 others, which is damaged, is drawn first; then the last has its place.
    page.evaluate("Math.random = () => 2.5 / 29")
    page.get_by_role("button", name="Another").click()
    expect(text).to_contain_text("number 29 (")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_another_split_shows_the_same_class_and_its_place_is_in_the_link(server, visit):
    page = visit(server, "/activations/conv2d").page
    choice = page.get_by_role("complementary").get_by_role("combobox", name="Class")
    choice.select_option("square, and wide")
    expect(page.locator("#picture-text")).to_contain_text("Label square, and wide")
    page.evaluate("Math.random = () => 0.5")
    page.get_by_label("Data", exact=True).select_option(label="shapes0, training pictures")
    # Of 48 pictures, from the 25th on of that class, the one in the middle.
    expect(page.locator("#picture-text")).to_contain_text("train, number 36 (0 to 47)")
    expect(choice).to_have_value("1")
    expect(page).to_have_url(re.compile("split=train&index=36"))


def test_the_dialog_keeps_the_rules(server, visit):
    page = visit(server, "/activations/conv2d", reduced_motion="reduce").page
    opened(page)
    check(page)

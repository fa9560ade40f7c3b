"""Pictures that excite a channel, in a real browser, found by a real worker."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import START_MILLISECONDS
from tests.browser.test_accessibility import check


@pytest.fixture(scope="module")
def server(start_server):
    return start_server()


def names(box: Locator) -> list[str | None]:
    return [button.get_attribute("aria-label") for button in box.locator(".top-picture").all()]


def found(page: Page) -> Locator:
    box = page.get_by_role("region", name="Pictures of the data set", exact=True)
    expect(box.locator(".top-picture")).to_have_count(27, timeout=START_MILLISECONDS)
    return box


def test_pictures_are_found_once_for_a_layer_and_one_is_taken(server, visit):
    page = visit(server, "/features/conv2d_1?channel=5", reduced_motion="reduce").page
    page.get_by_role("button", name="Find the pictures for conv2d_1").click()
    box = found(page)
    expect(box).to_contain_text("Channel 5 of conv2d_1 goes from")
    expect(box.get_by_role("heading", level=3)).to_have_text(["Highest", "In the middle", "Lowest"])
    expect(box.locator(".top-frame")).to_have_count(27)
    first = names(box)

    page.get_by_label("Channel", exact=True).fill("6")
    expect(box).to_contain_text("Channel 6 of conv2d_1 goes from")
    assert names(found(page)) != first
    page.get_by_label("Channel", exact=True).fill("5")
    expect(box).to_contain_text("Channel 5 of conv2d_1 goes from")
    assert names(found(page)) == first

    number, label = re.findall(r"\d[\d,]*", str(first[0]))[:2]
    picture = box.locator(".top-picture").first
    picture.click()
    expect(page.locator("#picture-text")).to_contain_text(f"Label {label}")
    page.wait_for_url(f"**index={number.replace(',', '')}*")
    expect(picture).to_have_attribute("aria-current", "true")

    page.reload()
    assert names(found(page)) == first
    expect(picture).to_have_attribute("aria-current", "true")
    check(page)
    page.get_by_role("navigation", name="Layers, and the classes").get_by_role(
        "link", name="class logits"
    ).click()
    expect(page.get_by_role("button", name="Find the pictures for class logits")).to_be_enabled()
    expect(page.locator(".top-picture")).to_have_count(0)

"""Pictures that excite a channel, in a real browser, found by a real worker."""

from __future__ import annotations

import re
from itertools import pairwise

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


def test_pictures_are_made_of_noise_found_again_and_one_is_taken(server, visit):
    options = "synthesis.steps:8;synthesis.seeds:2"
    page = visit(server, f"/features/conv2d_1?channel=5&options={options}").page
    box = page.get_by_role("region", name="Pictures made of noise", exact=True)
    box.get_by_role("button", name="Synthesise what this channel of conv2d_1").click()
    take = box.get_by_role("button", name="Take the picture of seed 1 to every page")
    expect(take).to_be_visible(timeout=START_MILLISECONDS)
    expect(box.get_by_role("img", name=re.compile("^Synthesised picture, seed"))).to_have_count(2)
    expect(box.get_by_role("row")).to_have_count(3)
    expect(box).to_contain_text("Channel 5 of conv2d_1, the mean of its map, is")
    expect(box.locator(".js-plotly-plot")).to_be_visible()
    said = str(box.locator(".study-said").text_content())

    page.reload()
    expect(box.locator(".study-said")).to_have_text(said)
    take.click()
    expect(page.locator("#picture-text")).to_contain_text("Your synthesis")
    page.wait_for_url("**made=synthesis*")
    expect(box.locator(".study-said")).to_have_text(said)

    page.get_by_text("Options of the synthesis").click()
    page.get_by_label("steps", exact=True).fill("9")
    page.get_by_label("steps", exact=True).press("Enter")
    expect(box.get_by_role("button", name="Synthesise what this channel")).to_be_enabled()
    expect(box.get_by_role("img", name=re.compile("^Synthesised picture"))).to_have_count(0)


# The words of each picture and its pixels, at one moment.
_MADE = """(box) => [...box.querySelectorAll("figure")].map((figure) =>
  [figure.querySelector("figcaption").textContent, figure.querySelector("img").src])"""
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--")


def ends(words: str) -> tuple[float, float]:
    """The value of the noise and of the picture, as its words say them: "seed 0: −0.1 → 2×10⁻³"."""
    numbers = words.partition(": ")[2].replace("×10", "e").translate(_RAISED)
    before, after = map(float, numbers.split(" → "))
    return before, after


def test_each_step_of_the_worker_is_seen_while_it_goes_on(server, visit):
    # A new picture begins before the one before has long come to rest.
    options = "synthesis.steps:512;synthesis.seeds:16"
    page = visit(server, f"/features/conv2d_1?channel=5&options={options}").page
    headings = page.get_by_role("main").get_by_role("heading", level=2)
    expect(headings).to_have_text(["Pictures of the data set", "Pictures made of noise"])
    box = page.get_by_role("region", name="Pictures made of noise", exact=True)
    box.get_by_role("button", name="Synthesise what this channel of conv2d_1").click()
    cancel = box.get_by_role("button", name="Cancel")
    pictures = box.locator(".study-pictures")
    expect(pictures.get_by_role("img").first).to_be_visible(timeout=START_MILLISECONDS)
    seen = []
    for _ in range(4):
        made = pictures.evaluate(_MADE)
        expect(pictures).not_to_have_text("".join(words for words, _ in made))
        expect(cancel).to_be_visible()
        seen.append([(*ends(words), source) for words, source in made])
    for earlier, later in pairwise(seen):
        assert len(earlier) <= len(later)
        for (began, value, _), (still, now, _) in zip(earlier, later, strict=False):
            assert began == still <= value <= now
        assert [one[2] for one in earlier] != [one[2] for one in later]
    expect(box.locator(".js-plotly-plot")).to_be_visible()
    cancel.click()
    expect(box.get_by_role("button", name="Synthesise what this channel")).to_be_enabled()

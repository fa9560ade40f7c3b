"""The quiz in a real browser: the answer is told once a map is chosen, and is no part of the link."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

import cnn
from cnn.captions.quiz import LETTERS


@pytest.fixture(scope="module")
def server(digits_server):
    return digits_server


def test_the_answer_is_told_once_a_map_is_chosen_and_the_link_asks_again(
    server, shared, classifier
):
    digits = cnn.load_dataset("digits")
    first, second = (cnn.quiz(classifier, digits, seed=seed).choice for seed in (3, 4))
    right = LETTERS[first.untrained]
    wrong = LETTERS[(second.untrained + 1) % len(LETTERS)]
    page = shared(server, "/explain?quiz=3").page
    page.get_by_role("link", name="Quiz").click()
    chosen = page.get_by_role("button", name=f"{right} is untrained")
    told, trained = page.locator(f"#quiz-told-{right}"), page.locator("#quiz-trained")
    verdict = page.locator("#quiz-verdict")
    expect(chosen).to_be_enabled()
    expect(page.locator("#quiz-map-D .hm image")).to_be_visible()
    for hidden in (told, trained):
        expect(hidden).to_be_hidden()
    answer = page.locator(".quiz-maps.quiz-answer")
    assert answer.bounding_box()["height"] == 0, "maps that are not seen yet take no room"
    chosen.press("Enter")
    expect(verdict).to_contain_text(f"✓ You are right. {right} is of the untrained network.")
    expect(told).to_contain_text("Of the untrained network.")
    expect(trained.locator(".hm image")).to_be_visible()
    expect(chosen).to_be_focused()
    picture = page.locator("#quiz-picture-A").get_attribute("src")
    page.get_by_role("button", name="Another question").click()
    page.wait_for_url("**quiz=4**")
    expect(verdict).to_be_empty()
    expect(trained).to_be_hidden()
    expect(page.locator("#quiz-picture-A")).not_to_have_attribute("src", picture)
    page.get_by_role("button", name=f"{wrong} is untrained").click()
    expect(verdict).to_contain_text("✗ Not so.")
    page.get_by_label("Method").select_option("input_x_gradient")
    page.wait_for_url("**method=input_x_gradient**")
    expect(page.locator("#quiz-asked")).to_contain_text("by Input × gradient")
    expect(verdict).to_be_empty()
    page.go_back()
    page.go_back()
    expect(page.locator("#quiz-picture-A")).to_have_attribute("src", picture)
    expect(page.get_by_label("Method")).to_have_value("saliency")
    page.reload()
    expect(page.locator("#quiz-picture-A")).to_have_attribute("src", picture)
    expect(chosen).to_be_enabled()
    expect(trained).to_be_hidden()

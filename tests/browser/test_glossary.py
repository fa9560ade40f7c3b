"""The words in captions: marked, told, listed, and explained on a page of their own."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from cnn.captions.glossary import GLOSSARY

MARKED = "CSS.highlights.has('words') ? [...CSS.highlights.get('words')].map(String) : []"


def test_the_words_of_a_caption_are_listed_by_a_button_and_lead_to_the_glossary(
    digits_server, shared
):
    page = shared(digits_server, "/filters/conv2d_1").page
    figure = page.get_by_role("figure", name="Weights of the layer")
    caption = page.locator("#filters-main-caption")
    button = figure.get_by_role("button", name="Words used here")
    expect(button).to_be_visible()
    page.wait_for_function(f"{MARKED}.includes('norm')")
    button.focus()
    page.keyboard.press("Enter")
    words = page.get_by_role("dialog", name="Words")
    expect(words.get_by_role("link", name="norm", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(words).to_be_hidden()
    page.get_by_label("Input channel").select_option("3")
    expect(caption).to_contain_text("input channel 3")
    button.click()
    words.get_by_role("link", name="kernel", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Glossary")
    expect(page.get_by_role("term")).to_have_count(len(GLOSSARY))
    expect(page.get_by_role("term").filter(has_text=re.compile("^kernel$"))).to_be_in_viewport()
    page.go_back()
    expect(caption).to_contain_text("input channel 3")


def test_a_word_that_is_pointed_at_or_tapped_is_told(digits_server, shared):
    page = shared(digits_server, "/activations/conv2d").page
    page.wait_for_function(f"{MARKED}.includes('ReLU')")
    term = next(term for term in GLOSSARY if term.name == "ReLU")
    x, y = pointed_at(page, "ReLU")
    expect(page.get_by_role("tooltip")).to_have_text(term.text)
    page.mouse.move(x, y - 60)
    expect(page.get_by_role("tooltip")).to_be_hidden()
    page.mouse.click(x, y)
    expect(page.get_by_role("dialog", name="Words")).to_contain_text(term.text)


def pointed_at(page, word: str) -> tuple[float, float]:
    """Move the pointer over a marked word until it is told; the page may still move while it loads."""
    rects = (
        f"[...CSS.highlights.get('words')].filter((one) => String(one) === '{word}')"
        ".map((one) => one.getBoundingClientRect()).map((r) => [r.x + r.width / 2, r.y + 4])[0]"
    )
    for step in range(100):
        x, y = page.wait_for_function(rects).json_value()
        page.mouse.move(x + step % 2, y)
        if page.get_by_role("tooltip").is_visible():
            return x, y
        page.wait_for_timeout(50)
    raise AssertionError(f"{word} is not told")

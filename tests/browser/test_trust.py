"""How far a map can be trusted, in a real browser, tried by a real worker."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from cnn.captions.trust import MARKS
from tests.browser.conftest import START_MILLISECONDS

PICTURE = "index=18"
MARK = "|".join(MARKS.values())


@pytest.fixture(scope="module")
def server(start_server):
    return start_server()


def tried(page: Page) -> dict[str, tuple[str, str]]:
    """Press the button, and return the mark and the words of each measure once the worker ends."""
    box = page.locator("#study-trust")
    box.get_by_role("button", name="Try the map").click()
    expect(box.get_by_role("table")).to_be_visible(timeout=START_MILLISECONDS)
    expect(box.get_by_role("button", name="Cancel")).to_be_hidden()
    return marks(page)


def marks(page: Page) -> dict[str, tuple[str, str]]:
    rows = page.locator("#study-trust tbody tr")
    expect(rows.first).to_be_visible()
    return {
        row.get_by_role("rowheader").inner_text(): tuple(row.get_by_role("cell").all_inner_texts())
        for row in rows.all()
    }


def correlation(words: str) -> str:
    """The number of a rank correlation in a sentence."""
    return re.findall(r"rank correlation (?:to this map is )?(−?\d[\d.]*)", words)[0].rstrip(".")


def is_as_in_the_table(card: str, table: dict[str, tuple[str, str]]) -> None:
    """The line below a map has the marks of the table, and its numbers."""
    told = dict(re.findall(rf"(?:Tried\. |; )([\w ]+): ((?:{MARK}) \([^)]*\))", card))
    assert {name.lower() for name in told} == set(table)
    for name, words in told.items():
        mark, sentence = table[name.lower()]
        assert words.startswith(f"{mark} (")
        if "rank correlation" in words:
            assert correlation(words) == correlation(sentence)
        if "trials" in words:
            assert re.findall(r"\d of \d trials", words) == re.findall(r"\d of \d trials", sentence)


def test_a_map_that_was_tried_has_its_marks_and_they_are_there_again_at_once(server, visit):
    tables = {}
    page = visit(server, f"/explain?{PICTURE}&method=saliency").page
    for method in ("saliency", "input_x_gradient"):
        page.goto(f"{server.url}/explain?{PICTURE}&method={method}")
        tables[method] = tried(page)
        assert len(tables[method]) >= 3
        expect(page.locator("#study-trust .js-plotly-plot")).to_have_count(7)
        page.reload()
        assert marks(page) == tables[method]
        expect(page.locator("#study-trust progress")).to_be_hidden()

    page.goto(f"{server.url}/explain?{PICTURE}&overlay=over")
    for method, table in tables.items():
        card = page.locator(f"#explain-of-{method}-trust")
        expect(card).to_contain_text("Tried.")
        is_as_in_the_table(card.inner_text(), table)
    expect(page.locator("#explain-of-grad_cam-trust")).to_be_empty()
    before = page.locator("#explain-of-saliency-trust").inner_text()
    page.reload()
    expect(page.locator("#explain-of-saliency-trust")).to_have_text(before)


def test_all_maps_are_tried_one_after_the_other_until_the_reader_gives_up(server, visit):
    page = visit(server, f"/explain?{PICTURE}&of=8").page
    box, told = page.locator("#explain-trying"), page.locator("#explain-trying .study-progress")
    start = box.get_by_role("button", name="Try all maps")
    start.click()
    expect(told).to_have_text(re.compile("^Map 1 of 10, Saliency"))
    expect(box.get_by_role("progressbar")).to_be_visible()
    for method in ("saliency", "input_x_gradient"):
        card = page.locator(f"#explain-of-{method}-trust")
        expect(card).to_contain_text("Tried.", timeout=START_MILLISECONDS)
    box.get_by_role("button", name="Cancel").click()
    expect(start).to_be_visible(timeout=START_MILLISECONDS)
    expect(start).to_be_focused()
    expect(box.get_by_role("progressbar")).to_be_hidden()
    expect(told).to_be_empty()
    said = box.locator(".study-said")
    expect(said).to_contain_text("of 10 maps were tried: their marks stand under them.")
    count = int(said.inner_text().split()[0])
    assert 2 <= count < 10
    expect(page.locator("[id^=explain-of-][id$=-trust]").filter(has_text="Tried.")).to_have_count(
        count
    )
    page.get_by_label("Class", exact=True).select_option("3")
    expect(said).to_be_empty()

"""Every page and what unfolds on it, in both themes, wide and narrow, held against the rules of axe."""

from __future__ import annotations

from collections import Counter

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.test_pictures import three_digits, upload

IN_HEADER = (
    "/", "/layers", "/architecture", "/diagnosis", "/filters", "/activations", "/features", "/why",
    "/output", "/explain", "/surgery", "/perturb", "/training", "/moments", "/one-step",
)  # fmt: skip
OTHERS = (
    "/activations/dense", "/filters/dense", "/why/max_pooling2d?guess=1", "/counterfactual", "/glossary",
    "/quiz", "/nowhere",
)  # fmt: skip
SIZES: tuple[ViewportSize, ...] = ({"width": 1400, "height": 900}, {"width": 360, "height": 780})
THEMES = ("light", "dark")
LEAST_TEXT, LEAST_RING = 4.5, 3.0
# The figure itself where it scrolls, its toolbar, and the words of its caption.
MOST_STOPS_OF_A_FIGURE = 3

_OPTIONS = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
_OF_COLOURS = {"resultTypes": ["violations"], "runOnly": ["color-contrast"]}
_BESIDE_DRAWINGS = {"exclude": [[".main-svg"]]}
_VIOLATIONS = """([context, options]) =>
  axe.run(context, options).then((results) => results.violations)"""
_AT_REST = """(quiet) => new Promise((resolve) => {
  const begun = () => document.querySelector("#prediction .class")
    && !document.querySelector("[data-dash-is-loading=true], .dash-spinner, #network:empty")
    && [...document.querySelectorAll(".figure-box .js-plotly-plot")].every(
      (plot) => !plot.offsetParent || plot.querySelector(".gtitle, .annotation, .trace, .hm"));
  let timer;
  const watcher = new MutationObserver(wait);
  function wait() {
    clearTimeout(timer);
    timer = setTimeout(() => (begun() ? (watcher.disconnect(), resolve()) : wait()), quiet);
  }
  watcher.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  wait();
})"""
_DRESSED = """(theme) => new Promise((resolve) => {
  document.documentElement.dataset.bsTheme = theme;
  requestAnimationFrame(() => requestAnimationFrame(resolve));
})"""
_COLOURS = """
const pixel = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const known = new Map();
const rgba = (colour) => {
  if (!known.has(colour)) {
    pixel.clearRect(0, 0, 1, 1);
    pixel.fillStyle = colour;
    pixel.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pixel.getImageData(0, 0, 1, 1).data;
    known.set(colour, [r, g, b, a / 255]);
  }
  return known.get(colour);
};
const over = (top, below, share = 1) => below.slice(0, 3).map(
  (value, i) => top[i] * top[3] * share + value * (1 - top[3] * share));
const ground = (element) => {
  if (!element) return [255, 255, 255];
  const own = rgba(getComputedStyle(element).backgroundColor);
  return own[3] === 1 ? own.slice(0, 3) : over(own, ground(element.parentElement));
};
const light = (colour) => {
  const [r, g, b] = colour.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (one, other) => {
  const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
};
"""
# A number in a cell stands on the colour of the cell, which is a pixel of an image.
_FAINT = (
    "async (least) => {"
    + _COLOURS
    + """
  const pixelsOf = async (image) => {
    const drawn = Object.assign(new Image(), { src: image.href.baseVal });
    await drawn.decode();
    const { naturalWidth: width, naturalHeight: height } = drawn;
    const canvas = new OffscreenCanvas(width, height).getContext("2d");
    canvas.drawImage(drawn, 0, 0);
    return { ...image.getBoundingClientRect().toJSON(), width, height, canvas };
  };
  const images = new Map();
  const cellBehind = async (text) => {
    const image = text.closest(".js-plotly-plot").querySelector(".hm image");
    if (!images.has(image)) images.set(image, await pixelsOf(image));
    const { canvas, width, height, left, top, right, bottom } = images.get(image);
    const box = text.getBoundingClientRect();
    const [x, y] = [(box.left + box.right) / 2 - left, (box.top + box.bottom) / 2 - top];
    const place = [(x / (right - left)) * width, (y / (bottom - top)) * height].map(Math.floor);
    return [...canvas.getImageData(...place, 1, 1).data.slice(0, 3)];
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const text = [...element.childNodes].map((n) => (n.nodeType === 3 ? n.data : "")).join("").trim();
    if (!text || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    if (element.closest("script, style, option, .hoverlayer")) continue;
    const style = getComputedStyle(element);
    let share = 1;
    for (let one = element; one; one = one.parentElement) share *= getComputedStyle(one).opacity;
    const isOutlined = style.paintOrder.startsWith("stroke") && style.stroke !== "none";
    const isInCell = element.closest(".heatmap-label");
    const behind = isOutlined ? rgba(style.stroke).slice(0, 3)
      : isInCell ? await cellBehind(element) : ground(element);
    const ink = rgba(element.closest("svg") ? style.fill : style.color);
    const found = contrast(over(ink, behind, share), behind);
    if (found < least) faint.push(`${found.toFixed(2)} ${element.tagName} ${text.slice(0, 40)}`);
  }
  return faint;
}"""
)
# Of what has the focus, null where nothing has it.
_RING = (
    "() => {"
    + _COLOURS
    + """
  const one = document.activeElement;
  if (one === document.body) return null;
  const style = getComputedStyle(one);
  const { left, top, width, height } = one.getBoundingClientRect();
  const at = document.elementFromPoint(left + width / 2, top + height / 2) || document.body;
  const isInside = parseFloat(style.outlineOffset) < 0;
  return {
    name: one.outerHTML.slice(0, 120),
    group: one.type === "radio" ? one.name : null,
    figure: [...document.querySelectorAll(".figure-box")].indexOf(one.closest(".figure-box")),
    isCovered: !(one.contains(at) || at.contains(one) || one.labels?.[0]?.contains(at)),
    width: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
    contrast: contrast(rgba(style.outlineColor), ground(isInside ? one : one.parentElement)),
  };
}"""
)


@pytest.fixture(scope="module")
def server(digits_server):
    return digits_server


def settle(page: Page) -> None:
    """Wait until all figures are drawn and nothing on the page has changed for half a second."""
    page.evaluate(_AT_REST, 500)


def wrong(page: Page, options: dict = _OPTIONS) -> list[tuple[str, str]]:
    """Return rule and place of all that axe finds.

    Drawings are left out: of texts in them it can say nothing, and takes most of its time for that.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    found = page.evaluate(_VIOLATIONS, [_BESIDE_DRAWINGS, options])
    return [(rule["id"], " ".join(map(str, n["target"]))) for rule in found for n in rule["nodes"]]


def check(page: Page) -> None:
    """Hold the page as it is against the rules at both sizes, those of colours in both themes.

    Contrast is measured too, since axe leaves undecided what is drawn or stands on a gradient.
    """
    for size in SIZES:
        page.set_viewport_size(size)
        settle(page)
        for theme in THEMES:
            page.evaluate(_DRESSED, theme)
            here = f"{size['width']} {theme}"
            assert wrong(page, _OPTIONS if theme == THEMES[0] else _OF_COLOURS) == [], here
            assert page.evaluate(_FAINT, LEAST_TEXT) == [], here
        root = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert root[0] <= root[1]


def test_every_page_of_the_header_is_held_against_the_rules(server, shared):
    links = shared(server, reduced_motion="reduce").page.locator("nav.pages a")
    paths = links.evaluate_all("all => all.map((a) => new URL(a.href).pathname)")
    assert tuple(paths) == IN_HEADER


@pytest.mark.parametrize("path", [*IN_HEADER, *OTHERS])
def test_a_page_keeps_the_rules(server, shared, path):
    check(shared(server, path, reduced_motion="reduce").page)


def test_the_rules_see_what_is_wrong(server, visit):
    page = visit(server, "/glossary", reduced_motion="reduce").page
    page.evaluate(
        "document.querySelector('h1').outerHTML ="
        " `<h1 style='color: rgb(150, 150, 150)'>Pale</h1><input><h4>Too deep</h4>`"
    )
    assert {rule for rule, _ in wrong(page)} == {"color-contrast", "label", "heading-order"}
    assert page.evaluate(_FAINT, LEAST_TEXT) == ["2.96 H1 Pale"]


def test_what_unfolds_in_the_panel_keeps_the_rules(server, visit):
    page = visit(server, "/activations/conv2d", reduced_motion="reduce").page
    upload(page, "several.jpg", three_digits())
    expect(page.get_by_role("group", name="Digits found")).to_be_visible()
    page.get_by_role("button", name="Draw", exact=True).click()
    for name in ("Choices", "Perturb", "How it was prepared"):
        summary = page.locator("summary").filter(has_text=name)
        if summary.evaluate("one => !one.parentElement.open"):
            summary.click()
    page.get_by_role("button", name="Erase on the picture").click()
    check(page)


def test_what_opens_over_a_page_keeps_the_rules(server, shared):
    page = shared(server, "/activations/conv2d", reduced_motion="reduce").page
    page.get_by_role("button", name="Keys").click()
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    check(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Words used here").first.click()
    expect(page.get_by_role("dialog", name="Words")).to_be_visible()
    check(page)


@pytest.mark.parametrize("path", ["/activations/conv2d", "/training", "/one-step"])
def test_every_stop_of_the_tab_key_is_seen_and_there_are_few(server, visit, path):
    page = visit(server, path, reduced_motion="reduce").page
    for size in SIZES:
        page.set_viewport_size(size)
        settle(page)
        stops = [stop for theme in THEMES for stop in rings(page, theme)]
        assert [one for one in stops if one["width"] < 2 or one["contrast"] < LEAST_RING] == []
        assert [one["name"] for one in stops if one["isCovered"]] == []
        once = stops[: len(stops) // 2]
        groups = [one["group"] for one in once if one["group"]]
        assert len(groups) == len(set(groups))
        figures = Counter(one["figure"] for one in once if one["figure"] >= 0)
        assert max(figures.values()) <= MOST_STOPS_OF_A_FIGURE


def rings(page: Page, theme: str) -> list[dict]:
    """Return how each stop of the tab key is outlined, from the first to the last."""
    page.evaluate(_DRESSED, theme)
    page.evaluate("document.activeElement.blur()")
    found = []
    page.keyboard.press("Tab")
    while ring := page.evaluate(_RING):
        found.append(ring)
        page.keyboard.press("Tab")
    return found


def test_the_list_of_many_layers_keeps_the_rules(many_server, shared):
    page = shared(many_server, "/activations/step_27", reduced_motion="reduce").page
    page.locator(".layer-list summary").click()
    expect(page.get_by_role("searchbox", name="Find a layer")).to_be_focused()
    check(page)


def test_a_presentation_keeps_the_rules(server, shared):
    check(shared(server, "/activations/conv2d?present=1", reduced_motion="reduce").page)

"""Every page in a real browser, with the bundled classifier and with a second, quite other model."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

import cnn
from tests.browser.conftest import hover
from tests.browser.shown import first_figure

PAGES = (
    "Network", "All layers", "Architecture", "Diagnosis", "Filters", "Activations", "Features", "Why",
    "Output", "Explain", "Surgery", "Training", "Moments", "One step",
)  # fmt: skip


@pytest.fixture(scope="module")
def bundled(best_server):
    return best_server


@pytest.fixture(scope="module", params=["bundled", "second_server"])
def server(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def model(server, second_model, classifier):
    return second_model if server.environment.get("CNN_MODEL") else classifier


def title(page: Page, figure: str):
    return page.locator(f"#{figure} .gtitle")


def test_every_page_is_a_click_away_and_paints(second_server, shared):
    page = shared(second_server).page
    for name in PAGES:
        page.get_by_role("navigation", name="Pages").get_by_role(
            "link", name=name, exact=True
        ).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        expect(page.locator("nav.pages a[aria-current=page]")).to_have_text(name)
        if name not in ("Network", "Diagnosis", "Features", "Training", "Moments", "One step"):
            expect(first_figure(page)).to_be_visible()


def test_plotly_comes_once_from_an_address_that_browsers_may_keep(bundled, visit):
    visitor = visit(bundled, "/layers")
    expect(visitor.page.locator(".tiles .gtitle").first).to_be_visible()
    scripts = [
        a for a in visitor.answers if "plotly-" in a.url and a.request.resource_type == "script"
    ]
    assert ["/package/plotly-" in script.url for script in scripts] == [True]
    assert "immutable" in scripts[0].headers["cache-control"]


@pytest.mark.parametrize("layer", ["conv2d", "conv2d_1"])
def test_the_kernel_is_in_the_first_screen_and_no_column_ends_far_above_the_other(
    bundled, shared, layer
):
    page = shared(bundled, f"/activations/{layer}").page
    expect(title(page, "activations-kernel")).to_be_visible()
    expect(page.locator("#activations-kernel-caption")).not_to_be_empty()
    maps, kernel = (
        page.get_by_role("figure", name=name).bounding_box()
        for name in ("Output of the layer", "Its kernel")
    )
    ends = [box["y"] + box["height"] for box in (maps, kernel)]
    assert ends[1] <= page.viewport_size["height"]
    assert abs(ends[0] - ends[1]) <= 80
    for caption in page.locator(".detail .caption").all():
        assert caption.bounding_box()["width"] >= 200


def test_all_layers_shows_every_layer_with_a_caption(server, model, shared):
    page = shared(server, "/layers").page
    names = [info.name for info in cnn.layer_infos(model) if not info.nested]
    expect(page.locator(".tiles section h2")).to_have_text(names)
    expect(page.locator(".tiles .gtitle")).to_have_count(len(names))
    expect(page.locator(".tiles .caption").last).not_to_be_empty()


def test_every_layer_has_a_tab_that_shows_it(server, model, shared):
    page = shared(server, "/activations").page
    tabs = page.get_by_role("navigation", name="Layers")
    for info in cnn.layer_infos(model):
        tabs.get_by_role("link", name=info.name, exact=True).click()
        expect(title(page, "activations-main")).to_contain_text(info.name)
        expect(page.locator("#activations-facts")).to_contain_text(info.kind)


def test_every_layer_with_weights_has_its_filters(server, model, shared):
    page = shared(server, "/filters").page
    tabs = page.get_by_role("navigation", name="Layers with weights")
    for info in cnn.layer_infos(model):
        if info.weight_shapes and not info.nested:
            tabs.get_by_role("link", name=info.name, exact=True).click()
            expect(title(page, "filters-main")).to_contain_text(info.name)
            expect(page.locator("#filters-spread .gtitle")).to_contain_text(info.name)


def test_the_architecture_table_leads_to_a_layer(server, model, shared):
    page = shared(server, "/architecture").page
    name = [info.name for info in cnn.layer_infos(model)][2]
    expect(page.locator("#layer-table tbody tr")).to_have_count(len(cnn.layer_infos(model)))
    page.locator("#layer-table").get_by_role("link", name=name, exact=True).click()
    expect(title(page, "activations-main")).to_contain_text(name)


def test_a_click_in_the_diagram_leads_to_the_layer(server, model, shared):
    page = shared(server, "/architecture").page
    expect(page.locator("#diagram .point").first).to_be_visible()
    box = page.locator("#diagram .nsewdrag").bounding_box()
    figure = cnn.figures.diagram(cnn.layer_infos(model))
    low, high = figure.layout.xaxis.range
    top, bottom = sorted(figure.layout.yaxis.range)
    x, y, name = figure.data[0].x[1], figure.data[0].y[1], figure.data[0].customdata[1]
    across = (x - low) / (high - low) * box["width"]
    down = (y - top) / (bottom - top) * box["height"]
    hover(page, "diagram", box["x"] + across, box["y"] + down)
    expect(page.locator("#diagram .hovertext")).to_contain_text(name)
    page.mouse.click(box["x"] + across, box["y"] + down)
    expect(page).to_have_url(re.compile(f"/activations/{name}"))


def test_a_digit_button_changes_the_open_layer_and_the_panel(server, shared):
    page = shared(server, "/activations").page
    expect(page.locator("#activations-main-caption")).not_to_be_empty()
    before = page.locator("#activations-numbers").inner_text()
    page.get_by_role("button", name="4", exact=True).click()
    expect(page.locator("#picture-text")).to_contain_text("Label 4")
    expect(page.locator("#activations-numbers")).not_to_have_text(before)
    picture = page.locator("#picture").get_attribute("src")
    page.get_by_role("button", name="Another").click()
    expect(page.locator("#picture")).not_to_have_attribute("src", picture)
    expect(page.locator("#picture-text")).to_contain_text("Label 4")


def test_an_unknown_layer_is_explained_with_links_to_those_that_exist(server, model, shared):
    page = shared(server, "/activations/conv99").page
    alert = page.locator("#activations-problem")
    expect(alert).to_contain_text("“conv99” is not in this model")
    last = cnn.layer_infos(model)[-1].name
    alert.get_by_role("link", name=last, exact=True).click()
    expect(title(page, "activations-main")).to_contain_text(last)


def test_a_page_that_does_not_exist_leads_back(bundled, visit):
    page = visit(bundled, "/no/such/page").page
    expect(page.get_by_role("heading", level=1)).to_have_text("This page does not exist")
    page.get_by_role("main").get_by_role("link", name="All layers").click()
    expect(page.locator(".tiles .gtitle").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_follows_the_system_and_the_button(bundled, visit, scheme):
    page = visit(bundled, color_scheme=scheme).page
    root = page.locator("html")
    expect(root).to_have_attribute("data-bs-theme", scheme)
    page.get_by_role("button", name="Light or dark").click()
    other = "dark" if scheme == "light" else "light"
    expect(root).to_have_attribute("data-bs-theme", other)
    page.reload()
    expect(root).to_have_attribute("data-bs-theme", other)


def test_nothing_is_wider_than_a_phone(second_server, shared):
    phone = {"width": 360, "height": 780}
    for path in ("/layers", "/architecture", "/filters", "/activations", "/training", "/moments",
                 "/perturb"):  # fmt: skip
        page = shared(second_server, path, viewport=phone, is_mobile=True).page
        page.wait_for_timeout(300)
        page.wait_for_function("document.documentElement.scrollWidth <= 360")


def test_the_page_that_is_open_stays_in_sight_when_the_window_becomes_narrow(bundled, shared):
    page = shared(bundled, "/moments").page
    here = page.get_by_role("navigation", name="Pages").get_by_role("link", name="Moments")
    page.set_viewport_size({"width": 390, "height": 844})
    expect(here).to_be_in_viewport(ratio=1)


def test_all_of_the_list_of_keys_is_on_a_phone(bundled, shared):
    page = shared(bundled, "/glossary", viewport={"width": 390, "height": 844}).page
    page.get_by_role("button", name="Keys").click()
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog.get_by_role("button", name="Close")).to_be_in_viewport(ratio=1)
    assert dialog.evaluate("one => one.scrollHeight <= one.clientHeight")


def test_a_button_that_is_disabled_can_be_read(bundled, shared):
    page = shared(bundled, "/one-step").page
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_disabled()
    expect(undo).to_have_css("opacity", "1")

"""The Network page in a real browser: the bundled classifier, a branched one, and a deep one."""

from __future__ import annotations

import re

import keras
import numpy as np
import pytest
from keras import layers
from playwright.sync_api import Page, expect

import cnn
from pages.network import described
from tests.browser.conftest import answered
from tests.browser.shown import MAPS_ARE_PAINTED

NETWORK = "#network"


def deep() -> keras.Model:
    """Twelve residual blocks, 40 layers, none of them folded, 32x32 RGB, ten classes."""
    keras.utils.set_random_seed(2)
    picture = keras.Input((32, 32, 3), name="picture")
    x = layers.Conv2D(12, 3, strides=2, name="stem")(picture)
    for block in range(12):
        y = layers.Conv2D(12, 3, padding="same", name=f"conv_{block}")(x)
        y = layers.ReLU(name=f"relu_{block}")(y)
        x = layers.Add(name=f"add_{block}")([x, y])
    x = layers.GlobalAveragePooling2D(name="means")(x)
    return keras.Model(picture, layers.Dense(10, name="sums")(x), name="deep")


@pytest.fixture(scope="module")
def deep_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "deep.keras"
    cnn.save_model(deep(), path)
    return path


@pytest.fixture(scope="module")
def bundled(digits_server):
    return digits_server


@pytest.fixture(scope="module")
def second(second_server):
    return second_server


@pytest.fixture(scope="module")
def forty(start_server, deep_path):
    return start_server(CNN_MODEL=str(deep_path))


@pytest.fixture(scope="module")
def branching(start_server, tmp_path_factory):
    """Five layers beside each other, of a kind with a long name, 8x8, two classes."""
    picture = keras.Input((8, 8, 3), name="picture")
    means = [layers.GlobalAveragePooling2D(name=f"means_{i}")(picture) for i in range(5)]
    classes = layers.Dense(2, activation="softmax")(layers.Concatenate()(means))
    path = tmp_path_factory.mktemp("models") / "branching.keras"
    keras.Model(picture, classes).save(path)
    return start_server(CNN_MODEL=str(path))


def tiles(page: Page, layer: str):
    return page.get_by_role("application", name=re.compile(rf"^(Channels|Units) of {layer}$"))


def point(page: Page, layer: str, x: float = 6, y: float = 6):
    """Point at a tile of the layer, the first one unless told otherwise."""
    tiles(page, layer).hover(position={"x": x, "y": y})
    return page.locator("#network-status")


def ink(page: Page, layer: str) -> int:
    """Return how many pixels of a layer's canvas are painted."""
    return tiles(page, layer).evaluate(
        """canvas => {
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          let count = 0;
          for (let i = 3; i < data.length; i += 4) count += data[i] > 0;
          return count;
        }"""
    )


def arranged(page: Page) -> None:
    """Wait until the columns stay where they are: their scrollbar can come a frame after them."""
    page.evaluate(
        """async () => {
          const frame = () => new Promise((done) => requestAnimationFrame(done));
          const layers = [...document.querySelectorAll(".net-layer")];
          const places = () => layers.map((one) => one.getBoundingClientRect().x).join();
          let before;
          do {
            before = places();
            for (let i = 0; i < 10; i++) await frame();
          } while (places() !== before);
        }"""
    )


def painted(page: Page, layer: str) -> str:
    return tiles(page, layer).evaluate("canvas => canvas.toDataURL()")


@pytest.mark.parametrize("which", ["bundled", "second"])
def test_every_layer_has_a_column_with_its_caption(request, which, shared):
    server = request.getfixturevalue(which)
    model = request.getfixturevalue({"bundled": "classifier", "second": "second_model"}[which])
    page = shared(server).page
    expect(page.get_by_role("heading", level=1)).to_have_text("Network")
    for layer in described(model):
        section = page.locator(
            ".net-layer", has=page.get_by_role("link", name=layer["name"], exact=True)
        )
        expect(section.first).to_contain_text(layer["shape"])
        expect(section.first).to_contain_text(layer["kind"])
    expect(page.locator(".net-layer")).to_have_count(len(described(model)))
    expect(page.locator(".net-class")).to_have_count(len(cnn.class_names(model)))


def test_every_layer_is_painted_and_follows_the_picture(bundled, classifier, shared):
    page = shared(bundled).page
    expect(page.locator(".net-class.first")).to_have_count(1)
    names = [layer["name"] for layer in described(classifier)[:-1]]
    page.wait_for_function(MAPS_ARE_PAINTED)
    assert all(ink(page, name) > 0 for name in names)
    before = {name: painted(page, name) for name in names}
    page.get_by_role("button", name="4", exact=True).click()
    expect(page.locator("#picture-text")).to_contain_text("Label 4")
    answered(page)
    assert all(painted(page, name) != before[name] for name in names)


def test_the_seed_network_fits_on_one_screen(bundled, shared):
    page = shared(bundled).page
    expect(page.locator(".net-class.first")).to_be_in_viewport()
    box = page.locator(NETWORK)
    assert box.evaluate("box => box.scrollWidth - box.clientWidth") == 0
    expect(page.locator("#network-status")).to_be_in_viewport(ratio=1)
    assert box.evaluate("box => box.getBoundingClientRect().top >= 0")


def overlaps(page: Page, *kinds: str) -> list[str]:
    """Return which boxes of the network, of different layers, lie over each other."""
    return page.evaluate(
        """kinds => {
          const boxes = [...document.querySelectorAll(".net-layer")].flatMap((section) =>
            [...section.querySelectorAll(kinds.join())].map((element) =>
              [section.innerText.split("\\n")[0] + " " + element.className, section,
               element.getBoundingClientRect()]));
          const over = (a, b) => a.left < b.right - 0.5 && b.left < a.right - 0.5 &&
            a.top < b.bottom - 0.5 && b.top < a.bottom - 0.5;
          return boxes.flatMap(([name, section, box], i) => boxes.slice(i + 1)
            .filter(([, other, another]) => section !== other && over(box, another))
            .map(([other]) => `${name} over ${other}`));
        }""",
        list(kinds),
    )


SIZES = [
    (1280, 720), (1366, 768), (1400, 900), (1400, 1100), (1400, 1600), (1920, 1080), (2560, 1440),
    (1180, 820), (1024, 768), (768, 1024), (390, 844), (1400, 500),
]  # fmt: skip


_TEXTS_BESIDE_THEIR_COLUMN = """() => {
  const right = (one) => one.getBoundingClientRect().right;
  const texts = [...document.querySelectorAll(".net-head :is(.net-name, .net-shape, .net-kind)")];
  const beside = texts.filter((one) => right(one) > right(one.closest(".net-layer")) + 1);
  return beside.map((one) => one.innerText);
}"""


@pytest.mark.parametrize("which", ["bundled", "second", "forty", "branching"])
def test_columns_never_overlap(request, which, shared):
    page = shared(request.getfixturevalue(which)).page
    expect(page.locator(".net-class.first")).to_have_count(1)
    for explained in (False, True):
        page.get_by_label("Explain each layer").set_checked(explained)
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            settled(page)
            where = f"{width}x{height} {explained}"
            assert overlaps(page, ".net-tiles", ".net-classes", ".net-head") == [], where
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), where
            assert page.evaluate(_TEXTS_BESIDE_THEIR_COLUMN) == [], where
            assert page.evaluate(
                """() => {
                  const lowest = document.querySelector(".net-stage").getBoundingClientRect().bottom;
                  return [...document.querySelectorAll(".net-layer > *")].every((one) =>
                    one.getBoundingClientRect().bottom <= lowest + 1);
                }"""
            ), where


def settled(page: Page) -> None:
    """Wait until the network has taken the width of its box."""
    page.wait_for_function(
        """() => {
          const box = document.querySelector("#network"), stage = box?.querySelector(".net-stage");
          return stage && stage.offsetWidth >= box.clientWidth &&
            (stage.offsetWidth === box.clientWidth || !box.classList.contains("narrow"));
        }"""
    )
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)))")


def test_the_seed_network_is_never_wider_than_the_page(bundled, shared):
    page = shared(bundled).page
    expect(page.locator(".net-class.first")).to_have_count(1)
    for width, height in SIZES:
        if width >= 1280:
            page.set_viewport_size({"width": width, "height": height})
            settled(page)
            assert page.locator(NETWORK).evaluate(
                "box => !box.classList.contains('narrow') && box.scrollWidth === box.clientWidth"
            ), f"{width}x{height}"


def test_a_higher_window_has_larger_tiles(bundled, shared):
    page = shared(bundled).page
    heights = []
    for height in (700, 900, 1100):
        page.set_viewport_size({"width": 1400, "height": height})
        settled(page)
        heights.append(tiles(page, "conv2d").bounding_box()["height"])
    assert heights == sorted(set(heights))


def test_the_drawing_area_moves_nothing(bundled, shared):
    page = shared(bundled).page
    expect(page.locator(".net-class.first")).to_have_count(1)
    arranged(page)
    before = page.locator(NETWORK).bounding_box(), tiles(page, "dense").bounding_box()
    page.get_by_role("button", name="Draw", exact=True).click()
    expect(page.locator("#drawing canvas").first).to_be_visible()
    assert (page.locator(NETWORK).bounding_box(), tiles(page, "dense").bounding_box()) == before


def drawn(page: Page) -> list[str]:
    """Return the numbers at the lines, the strongest first."""
    return page.locator(".net-number").all_text_contents()


def test_the_lines_of_a_map_are_what_is_added_at_its_strongest_cell(bundled, shared):
    page = shared(bundled).page
    told = point(page, "conv2d_1")
    expect(told).to_contain_text("conv2d_1 channel 0: strongest value")
    expect(told).to_contain_text(
        re.compile(r"At row \d+, column \d+, where it is strongest, fed most")
    )
    expect(told).to_contain_text("Feeds max_pooling2d_1, channel 0.")
    named = re.findall(r"\d+ \(([−.\d]+)\)", told.inner_text())
    assert sorted(drawn(page)) == sorted(named) and len(named) == 3
    page.get_by_role("heading", level=1).hover()
    expect(page.locator(".net-link")).to_have_count(0)
    expect(told).to_contain_text("To a map it is what is added at its strongest cell.")


def test_what_feeds_a_class_is_weight_times_value_and_follows_the_picture(
    bundled, classifier, shared
):
    page = shared(bundled).page
    expect(page.locator(".net-class.first")).to_have_count(1)
    row, told = page.locator(".net-class").nth(7), page.locator("#network-status")
    row.hover()
    expect(told).to_contain_text("Fed most by dense, units")
    signs = page.locator(".net-link")
    found = page.evaluate(
        """async () => {
          const { cnn } = dash_clientside;
          const query = new URLSearchParams({ ...cnn.currentView(), layer: "dense" });
          const { page, arrays } = cnn.unpack(
            await (await fetch("/values/network?" + query)).arrayBuffer());
          return [...arrays[page.layers[0].peaks].values];
        }"""
    )
    amounts = np.array(found) * cnn.kernels(classifier, "dense_1")[:, 7]
    expect(signs).to_have_count(int((amounts != 0).sum()))
    expect(page.locator(".net-link.minus")).to_have_count(int((amounts < 0).sum()))
    strongest = [int(i) for i in np.argsort(-np.abs(amounts))[:3]]
    expect(told).to_contain_text(
        ", ".join(f"{i} ({amounts[i]:.3g})".replace("-", "−") for i in strongest)
    )
    dashes = "line => getComputedStyle(line).strokeDasharray"
    assert page.locator(".net-link.plus").first.evaluate(dashes) == "none"
    before = told.inner_text()
    page.keyboard.press("3")
    expect(told).not_to_have_text(before)
    expect(told).to_contain_text("dense_1 class 7: probability")


def test_hidden_units_are_told_as_hidden(bundled, shared):
    page = shared(bundled, "/?lines=weight").page
    told = point(page, "dense")
    expect(told).to_contain_text(
        re.compile(r"\(of 1,536 not drawn the strongest is \d+, with −?0\.\d+\)")
    )
    by_name = re.search(
        r"units (\d+) \((.*?)\), (\d+) \((.*?)\), (\d+) \((.*?)\)", told.inner_text()
    )
    places, numbers = by_name.groups()[::2], by_name.groups()[1::2]
    assert all(int(place) % 25 == 0 for place in places)
    assert set(numbers) <= set(drawn(page))


def test_the_weights_alone_are_a_switch_of_the_link(bundled, classifier, shared):
    page = shared(bundled).page
    expect(page.locator(".net-class.first")).to_have_count(1)
    page.get_by_label("weight", exact=True).check()
    expect(page).to_have_url(re.compile("lines=weight"))
    told = page.locator("#network-status")
    expect(told).to_contain_text("They are the same for every picture.")
    page.locator(".net-class").nth(7).hover()
    weights = cnn.kernels(classifier, "dense_1")[:, 7]
    first = int(np.abs(weights).argmax())
    expect(told).to_contain_text(f"units {first} ({weights[first]:.3g})".replace("-", "−"))
    expect(page.locator(".net-link.minus")).to_have_count(int((weights < 0).sum()))
    assert (
        page.locator(".net-link.minus").first.evaluate(
            "line => getComputedStyle(line).strokeDasharray"
        )
        != "none"
    )


def test_branches_lie_side_by_side_and_join(second, shared):
    page = shared(second).page
    left, right = tiles(page, "left").bounding_box(), tiles(page, "right").bounding_box()
    assert left["x"] == right["x"]
    assert left["y"] + left["height"] < right["y"]
    expect(point(page, "join")).to_contain_text("Fed by left, channel 0. Feeds norm, channel 0.")
    assert page.locator(".net-edges path[data-to=join]").count() == 2


def test_a_click_opens_the_layer_and_the_channel(bundled, visit):
    page = visit(bundled).page
    expect(point(page, "conv2d_1", 6, 200)).to_contain_text(re.compile("[Ff]ed most"))
    channel = page.locator("#network-status").inner_text().split("channel ")[1].split(":")[0]
    tiles(page, "conv2d_1").click(position={"x": 6, "y": 200})
    expect(page).to_have_url(re.compile(rf"/activations/conv2d_1\?.*channel={channel}"))
    expect(page.locator("#activations-detail .gtitle")).to_have_text(f"conv2d_1, channel {channel}")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Network")
    expect(page.locator(".net-class.first")).to_have_count(1)


def test_a_header_leads_to_its_layer_and_keeps_the_picture(bundled, shared):
    page = shared(bundled).page
    page.get_by_role("button", name="3", exact=True).click()
    expect(page.locator("#picture-text")).to_contain_text("Label 3")
    page.locator(NETWORK).get_by_role("link", name="max_pooling2d", exact=True).click()
    expect(page.locator("#activations-main .gtitle")).to_contain_text("max_pooling2d")
    expect(page.locator("#picture-text")).to_contain_text("Label 3")


def test_the_keyboard_walks_through_channels_and_opens_one(bundled, shared):
    page = shared(bundled).page
    expect(page.locator(".net-class.first")).to_have_count(1)
    page.locator(NETWORK).get_by_role("link", name="conv2d_1", exact=True).focus()
    page.keyboard.press("Tab")
    told = page.locator("#network-status")
    expect(told).to_contain_text("conv2d_1 channel 0:")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(told).to_contain_text("conv2d_1 channel 2:")
    page.keyboard.press("End")
    expect(told).to_contain_text("conv2d_1 channel 63:")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/activations/conv2d_1.*channel=63"))


def test_arrows_walk_from_layer_to_layer(bundled, shared):
    page = shared(bundled).page
    expect(page.locator(".net-class.first")).to_have_count(1)
    told = page.locator("#network-status")
    assert page.evaluate("dash_clientside.cnn.focusNetwork()")
    expect(told).to_contain_text("input channel 0:")
    expect(tiles(page, "input")).to_be_focused()
    assert not page.evaluate("dash_clientside.cnn.focusNetwork()")
    page.keyboard.press("ArrowLeft")
    expect(tiles(page, "input")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(tiles(page, "conv2d")).to_be_focused()
    expect(told).to_contain_text("conv2d channel")
    outline = tiles(page, "conv2d").evaluate("canvas => getComputedStyle(canvas).outlineStyle")
    assert outline == "solid"
    for _ in range(16):
        page.keyboard.press("ArrowRight")
    expect(told).to_contain_text("dense_1 class")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    row = page.locator(".net-class:focus")
    expect(told).to_contain_text(f"class {row.get_attribute('title')}:")
    page.keyboard.press("ArrowLeft")
    expect(tiles(page, "dense")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".net-link")).to_have_count(0)


def test_arrows_walk_between_branches(second, shared):
    page = shared(second).page
    expect(page.locator(".net-class.first")).to_have_count(1)
    tiles(page, "left").focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowDown")
    expect(tiles(page, "right")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(tiles(page, "left")).to_be_focused()


def test_the_switch_explains_each_layer_and_is_remembered(bundled, visit):
    page = visit(bundled).page
    sentence = page.get_by_text("Keeps the largest of every 2×2 cells").first
    expect(sentence).to_be_visible()
    assert page.locator(NETWORK).evaluate("box => box.scrollWidth - box.clientWidth") == 0
    page.get_by_label("Explain each layer").uncheck()
    expect(sentence).to_be_hidden()
    page.reload()
    expect(page.locator(".net-class.first")).to_have_count(1)
    expect(sentence).to_be_hidden()
    assert "explain" not in page.url


def test_the_range_of_the_colours_is_told(bundled, shared):
    page = shared(bundled).page
    expect(page.locator("#network-legend")).to_contain_text("largest of the layer")
    before = painted(page, "conv2d")
    page.get_by_label("channel", exact=True).check()
    expect(page.locator("#network-legend")).to_contain_text("largest of the channel")
    assert painted(page, "conv2d") != before


def test_forty_layers_scroll_and_are_fetched_as_they_come_into_view(forty, shared):
    visitor = shared(forty)
    page = visitor.page
    expect(page.locator(".net-layer")).to_have_count(41)
    expect(page.locator(".net-class")).to_have_count(10)
    box = page.locator(NETWORK)
    assert box.evaluate("box => box.scrollWidth > 2 * box.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(page.locator("#network-legend")).not_to_be_empty()
    assert ink(page, "conv_11") == 0
    box.evaluate("box => box.scrollTo(box.scrollWidth, 0)")
    page.wait_for_function(
        "() => window.dash_clientside.cnn.shownLayers().includes('conv_11')"
        " && !window.dash_clientside.cnn.shownLayers().includes('stem')"
    )
    expect(page.locator(".net-class.first")).to_be_in_viewport()
    expect(point(page, "add_11")).to_contain_text(
        "Fed by add_10, channel 0; by relu_11, channel 0."
    )
    assert ink(page, "conv_11") > 0
    assert page.locator(".net-detour").count() == 12


def test_on_a_phone_bands_follow_each_other_and_a_second_tap_opens(bundled, visit):
    visitor = visit(bundled, None, is_mobile=True, has_touch=True)
    visitor.page.set_viewport_size({"width": 360, "height": 844})
    page = visitor.open()
    for pressed in ("#choices > summary", "#perturb summary"):
        assert page.locator(pressed).bounding_box()["height"] >= 24, "a finger meets it"
    page.get_by_label("Explain each layer").uncheck()
    expect(page.locator(".net-class.first")).to_have_count(1)
    first, then = tiles(page, "conv2d").bounding_box(), tiles(page, "max_pooling2d").bounding_box()
    assert first["y"] + first["height"] < then["y"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator(NETWORK).bounding_box()["height"] < 1.5 * 844
    tiles(page, "conv2d").tap(position={"x": 6, "y": 6})
    expect(page.locator("#network-status")).to_contain_text("conv2d channel 0:")
    expect(page.locator("#network-status")).to_be_in_viewport()
    assert "/activations" not in page.url
    tiles(page, "conv2d").tap(position={"x": 6, "y": 6})
    expect(page).to_have_url(re.compile("/activations/conv2d.*channel=0"))


def test_a_link_that_cannot_be_shown_hides_the_network(bundled, visit):
    visitor = visit(bundled, None)
    visitor.page.goto(f"{bundled.url}/?model=0123456789ab")
    expect(visitor.page.locator("#notice")).to_contain_text("which this server does not have")
    expect(visitor.page.locator(NETWORK)).to_be_hidden()


def test_it_follows_a_drawing(bundled, shared):
    page = shared(bundled).page
    expect(page.locator(".net-class.first")).to_have_count(1)
    before = painted(page, "conv2d")
    page.get_by_role("button", name="Draw").click()
    pad = page.locator("#drawing canvas").first.bounding_box()
    x, y = pad["x"] + pad["width"] / 2, pad["y"] + 20
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + pad["height"] - 40, steps=8)
    page.wait_for_function(
        "([before]) => document.querySelectorAll('.net-tiles')[1].toDataURL() !== before",
        arg=[before],
    )
    page.mouse.up()
    expect(page).to_have_url(re.compile("pixels="))


def test_a_highlighted_channel_stays_so_while_values_change(bundled, shared):
    page = shared(bundled).page
    told = point(page, "conv2d_1")
    expect(page.locator(".net-link")).to_have_count(33)
    before = told.inner_text(), painted(page, "conv2d_1")
    page.evaluate(
        """async () => {
          const { cnn } = dash_clientside;
          const query = new URLSearchParams({ ...cnn.currentView(), index: 8, pointed: "0:conv2d_1" });
          const got = await fetch("/values/network?" + query);
          const { page, arrays } = cnn.unpack(await got.arrayBuffer());
          cnn.painters.network(page, arrays, { view: null, moving: "picture" });
        }"""
    )
    assert told.inner_text() != before[0]
    assert painted(page, "conv2d_1") != before[1]
    expect(told).to_contain_text("conv2d_1 channel 0:")
    expect(page.locator(".net-link")).to_have_count(33)
    expect(page.locator(".net-own")).to_have_count(1)


def test_the_surest_of_shares_fits_its_place(bundled, shared):
    page = shared(bundled).page
    share = page.locator(".net-class.first .net-share")
    expect(share).to_have_count(1)
    wide, place = share.evaluate(
        "share => { share.textContent = '>99.9%'; return [share.scrollWidth, share.clientWidth]; }"
    )
    assert wide <= place

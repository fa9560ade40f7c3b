"""Uploads, perturbations and keys, in a real browser."""

from __future__ import annotations

import base64
import io
import re

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image
from playwright.sync_api import Page, expect

import cnn
from tests import nets
from tests.browser.conftest import READY, START_MILLISECONDS, answered, seen
from tests.browser.shown import at_rest

REFUSED = "the server responded with a status of 4"


@pytest.fixture(scope="module")
def server(start_server):
    return start_server(CNN_UPLOAD_MEGABYTES="2")


@pytest.fixture(scope="module")
def photo() -> bytes:
    """A dark 7 on bright paper with a shadow, as a camera saves it."""
    digit = cnn.load_dataset("digits").sample(7, seed=1).pixels[..., 0]
    paper = np.linspace(230, 150, 500)[None] * np.ones((400, 1))
    paper[120:300, 200:380] -= 120 * (np.asarray(Image.fromarray(digit).resize((180, 180))) / 255)
    return encoded(paper.astype(np.uint8), "JPEG")


def three_digits() -> bytes:
    """A 3, a 7 and a 0 side by side on bright paper."""
    data = cnn.load_dataset("digits")
    digits = [data.sample(label, seed=3).pixels[..., 0] for label in (3, 7, 0)]
    paper = np.full((260, 600), 220.0)
    for number, digit in enumerate(digits):
        large = np.asarray(Image.fromarray(digit).resize((180, 180))) / 255
        paper[40:220, 10 + 200 * number : 190 + 200 * number] -= 170 * large
    return encoded(paper.astype(np.uint8), "JPEG")


def encoded(pixels: np.ndarray, kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def upload(page: Page, name: str, data: bytes) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload", exact=True).click()
    chooser.value.set_files({"name": name, "mimeType": "image/jpeg", "buffer": data})


def source(page: Page) -> str:
    """Return where the picture in the panel comes from, once there is one."""
    expect(page.locator("#picture-text")).not_to_be_empty()
    found: str = page.locator("#picture").get_attribute("src")
    return found


def uploaded(page: Page) -> None:
    expect(page.locator("#picture-text")).to_contain_text("Your upload")
    expect(page.locator("#prediction .class")).to_have_text("7")


def test_a_photo_is_recognised_and_every_step_can_be_seen(server, visit, photo):
    page = visit(server).page
    upload(page, "seven.jpg", photo)
    uploaded(page)
    page.get_by_text("How it was prepared: 7 steps").click()
    on_its_page(page)
    large = page.get_by_role("region", name="How the upload was prepared")
    expect(large.get_by_role("listitem")).to_have_count(7)
    steps = page.locator("#uploading .steps li")
    expect(steps).to_have_count(7)
    expect(steps.last.locator("img")).to_be_visible()
    sides = steps.last.locator("img").evaluate("(i) => [i.naturalWidth, i.naturalHeight]")
    assert sides == [28, 28]
    expect(steps.nth(2)).to_contain_text("darker")


def test_of_several_digits_another_is_taken_by_a_click_or_a_key(server, visit):
    page = visit(server).page
    upload(page, "several.jpg", three_digits())
    group = page.get_by_role("group", name="Digits found")
    expect(group).to_contain_text("3 digits were found")
    expect(group.get_by_role("button", pressed=True)).to_have_count(1)
    winner = page.locator("#prediction .class")
    group.get_by_role("button", name="Digit 2 of 3").click()
    expect(winner).to_have_text("7")
    group.get_by_role("button", name="Digit 3 of 3").press("Enter")
    expect(winner).to_have_text("0")
    expect(group.get_by_role("button", name="Digit 3 of 3")).to_be_focused()
    page.wait_for_url("**part=3**")
    page.reload()
    expect(group.get_by_role("button", pressed=True)).to_have_accessible_name("Digit 3 of 3")
    expect(winner).to_have_text("0")
    expect(page.locator("#prediction-note")).to_contain_text("must choose one of its 10 classes")


def test_a_link_to_an_upload_shows_the_same_elsewhere(server, visit, photo, digits_server):
    page = visit(server).page
    upload(page, "seven.jpg", photo)
    uploaded(page)
    page.wait_for_url("**pixels=**")
    link = page.url.removeprefix(server.url)
    again = visit(server, link).page
    uploaded(again)
    expect(again.get_by_text("How it was prepared: 7 steps")).to_be_visible()
    stranger = visit(digits_server, link)
    uploaded(stranger.page)
    expect(stranger.page.locator("#uploading")).to_contain_text("this server does not have")
    stranger.errors = [e for e in stranger.errors if REFUSED not in e]


def test_pictures_can_be_dropped_and_pasted(server, visit, photo):
    page = visit(server).page
    text = base64.b64encode(photo).decode()
    make = """(text) => {
      const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      const files = new DataTransfer();
      files.items.add(new File([bytes], "seven.jpg", { type: "image/jpeg" }));
      return files;
    }"""
    page.evaluate(
        f"(text) => document.dispatchEvent(new DragEvent('drop', "
        f"{{ dataTransfer: ({make})(text), bubbles: true, cancelable: true }}))",
        text,
    )
    uploaded(page)
    page.get_by_role("button", name="3", exact=True).click()
    expect(page.locator("#picture-text")).to_contain_text("Label 3")
    expect(page.locator("#uploading")).to_be_hidden()
    page.evaluate(
        f"(text) => document.dispatchEvent(new ClipboardEvent('paste', "
        f"{{ clipboardData: ({make})(text), bubbles: true }}))",
        text,
    )
    uploaded(page)


UNUSABLE = [
    ("empty.png", b"", "empty"),
    ("note.png", b"hello", "text, not a picture"),
    ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "vector"),
    ("half.png", encoded(np.zeros((99, 99), np.uint8), "PNG")[:60], "breaks off"),
    ("huge.jpg", bytes(3_000_000), "has 3.0 MB: this server takes up to 2 MB"),
    ("blank.png", encoded(np.full((50, 50), 200, np.uint8), "PNG"), "ink"),
]


def test_what_is_no_usable_picture_is_told_and_the_old_one_stays(server, visit):
    visitor = visit(server)
    page = visitor.page
    before = source(page)
    for name, data, words in UNUSABLE:
        upload(page, name, data)
        expect(page.get_by_role("alert").filter(has_text=re.compile(words))).to_be_visible()
        expect(page.locator("#picture")).to_have_attribute("src", before)
    visitor.errors = [e for e in visitor.errors if REFUSED not in e]


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> bytes:
    """A small network with three classes, as somebody saved it."""
    path = tmp_path_factory.mktemp("network") / "mine.keras"
    cnn.save_model(nets.ending(layers.Dense(3, activation="softmax", name="three")), path)
    return path.read_bytes()


def test_a_model_file_is_opened_with_its_card_and_found_again(server, visit, network):
    page = visit(server, "/filters").page
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Open a model file").click()
    card = b'{"class_names": ["oak", "oak", "oak"]}'
    named = {"mine.card.json": card, "mine.keras": network}
    chooser.value.set_files(
        [{"name": name, "mimeType": "", "buffer": content} for name, content in named.items()]
    )
    expect(page.get_by_text("mine.keras is open.")).to_be_visible(timeout=START_MILLISECONDS)
    chosen = page.get_by_label("Model", exact=True)
    for _ in range(2):
        expect(chosen.locator("option:checked")).to_have_text("mine.keras")
        expect(page.get_by_role("navigation", name="Layers")).to_have_text("three")
        expect(page.get_by_text(re.compile("oak")).first).to_be_visible()
        page.reload()
    chosen.select_option(label="bundled digit classifier")
    expect(page.get_by_role("navigation", name="Layers")).to_contain_text("conv2d")
    chosen.select_option(label="mine.keras")
    expect(page.get_by_role("navigation", name="Layers")).to_have_text("three")


def test_a_model_file_that_is_refused_costs_a_sentence(server, visit):
    visitor = visit(server)
    page = visitor.page
    before = page.url
    page.evaluate("""() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(["no model"], "notes.keras"));
      const how = { dataTransfer, bubbles: true, cancelable: true };
      document.dispatchEvent(new DragEvent("drop", how));
    }""")
    said = page.get_by_role("alert").filter(has_text="notes.keras is no Keras model")
    expect(said).to_be_visible(timeout=START_MILLISECONDS)
    chosen = page.get_by_label("Model", exact=True).locator("option:checked")
    expect(chosen).to_have_text("bundled digit classifier")
    assert page.url == before
    visitor.errors = [e for e in visitor.errors if REFUSED not in e]


def test_a_larger_model_gets_the_picture_in_its_own_size(second_server, visit):
    page = visit(second_server).page
    rng = np.random.default_rng(0)
    upload(page, "noise.png", encoded(rng.integers(0, 256, (90, 90, 3), dtype=np.uint8), "PNG"))
    expect(page.locator("#picture-text")).to_contain_text("Your upload")
    page.wait_for_url("**upload=**")
    page.wait_for_url(lambda address: "pixels=" not in address)
    sides = page.locator("#picture").evaluate("(i) => [i.naturalWidth, i.naturalHeight]")
    assert sides == [30, 20]
    expect(page.get_by_text("How it was prepared: 3 steps")).to_be_visible()
    page.reload()
    page.wait_for_selector(READY)
    expect(page.locator("#picture-text")).to_contain_text("Your upload")


def perturb(page: Page) -> None:
    page.locator("summary").get_by_text("Perturb", exact=True).click()
    expect(page.get_by_label("Rotation")).to_be_visible()


def on_its_page(page: Page) -> None:
    page.get_by_role("link", name="Curve, differences and steps").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Perturb")
    expect(page.locator("#perturb-curve .gtitle")).to_be_visible()


def test_a_slider_turns_the_picture_and_draws_its_curve(server, visit):
    page = visit(server, "/activations/conv2d").page
    before = source(page)
    perturb(page)
    page.get_by_label("Rotation", exact=False).first.fill("90")
    page.wait_for_url("**rotate=90**")
    expect(page.locator("#picture")).not_to_have_attribute("src", before)
    expect(page.locator("#picture-text")).to_contain_text("rotation 90°")
    other = visit(server, page.url.removeprefix(server.url)).page
    expect(other.locator("#picture-text")).to_contain_text("rotation 90°")
    expect(other.locator("#prediction")).to_have_text(page.locator("#prediction").text_content())
    page.get_by_role("button", name="Reset", exact=True).click()
    expect(page.locator("#picture-text")).not_to_contain_text("rotation")
    page.wait_for_function("() => !location.search.includes('rotate')")
    page.go_back()
    expect(page.locator("#picture-text")).to_contain_text("rotation 90°")
    expect(page.get_by_label("Rotation", exact=False).first).to_have_value("90")


def test_the_page_has_the_sliders_beside_their_curve_and_gives_them_back(server, visit):
    page = visit(server, "/?rotate=35").page
    on_its_page(page)
    main = page.get_by_role("main")
    expect(main.get_by_label("Rotation")).to_have_value("35")
    expect(page.locator("#perturb-change-caption")).to_contain_text("rotation 35°")
    main.get_by_label("Noise").fill("20")
    page.wait_for_url("**noise=20&over=noise**")
    expect(page.locator("#perturb-curve .gtitle")).to_have_text("Prediction over noise")
    expect(page.get_by_label("Curve over")).to_have_value("noise")
    page.get_by_label("Curve over").select_option(label="Rotation")
    expect(page.locator("#perturb-curve .gtitle")).to_contain_text("rotation")
    adversarial = page.get_by_role("figure", name="The adversarial part of it")
    expect(adversarial).to_be_hidden()
    main.get_by_label("Adversarial ε").fill("0.15")
    main.get_by_label("Adversarial direction").select_option("towards 3")
    expect(adversarial).to_contain_text("at most 0.15 of its range, towards class 3")
    page.wait_for_url("**target=3**")
    page.get_by_role("link", name="Network", exact=True).click()
    perturb(page)
    expect(page.get_by_label("Noise")).to_have_value("20")


def test_the_erasing_brush_takes_parts_of_the_picture_away(server, visit):
    page = visit(server).page
    picture = page.locator("#picture")
    before, bright, pixels = source(page), brightness(page), seen(page)
    perturb(page)
    page.get_by_role("button", name="Erase on the picture").click()
    area = page.get_by_label(re.compile("^Erase: paint over"))
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.1 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.9 * box["height"], steps=12)
    page.mouse.up()
    page.wait_for_url("**erased=**")
    expect(page.locator("#picture-text")).to_contain_text("partly erased")
    expect(picture).not_to_have_attribute("src", before)
    assert brightness(page) < bright
    erased = picture.get_attribute("src")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#picture-text")).not_to_contain_text("erased")
    expect(picture).not_to_have_attribute("src", erased)
    assert seen(page) == pixels


def brightness(page: Page) -> int:
    data = base64.b64decode(source(page).split(",")[1])
    return int(np.asarray(Image.open(io.BytesIO(data)).convert("L")).astype(int).sum())


def test_keys_pick_classes_layers_and_channels(server, visit):
    page = visit(server, "/activations/conv2d").page
    expect(page.locator("#activations-main-caption")).not_to_be_empty()
    page.keyboard.press("5")
    expect(page.locator("#picture-text")).to_contain_text("Label 5")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#activations-detail .gtitle")).to_contain_text("channel 2")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#activations-detail .gtitle")).to_contain_text("channel 1")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#activations-main .gtitle")).to_contain_text("max_pooling2d")
    tabs = page.get_by_role("navigation", name="Layers")
    expect(tabs.locator("[aria-current]")).to_have_text("max_pooling2d")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#activations-main .gtitle")).to_contain_text("conv2d")
    page.keyboard.press("d")
    expect(page.get_by_label(re.compile("^Drawing area"))).to_be_focused()
    page.keyboard.press("d")
    expect(page.get_by_label(re.compile("^Drawing area"))).to_be_hidden()


def test_the_list_of_keys_opens_and_closes(server, visit):
    page = visit(server).page
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_contain_text("a random picture of that class")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Keys").click()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)


def test_keys_stay_out_of_fields(server, visit):
    page = visit(server).page
    text = page.locator("#picture-text")
    expect(text).to_contain_text("digit 0 (")
    before = text.inner_text()
    page.get_by_label("No.").press_sequentially("3d?")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("#drawing")).to_be_hidden()
    answered(page)
    expect(text).to_have_text(before)


def test_whoever_wants_no_motion_gets_none(server, visit):
    page = visit(server, "/activations", reduced_motion="reduce").page
    moving = page.evaluate(
        "[...document.querySelectorAll('*')].filter((e) => {"
        " const s = getComputedStyle(e);"
        " return parseFloat(s.transitionDuration) > 0 || parseFloat(s.animationDuration) > 0.001;"
        "}).length"
    )
    assert moving == 0


def test_going_back_to_another_page_and_another_view_at_once(server, visit):
    page = visit(server, "/layers").page
    expect(page.locator(".tiles .gtitle").first).to_be_visible()
    page.get_by_role("link", name="Activations", exact=True).click()
    expect(page.locator("#activations-main .gtitle")).to_contain_text("conv2d")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#activations-detail .gtitle")).to_contain_text("channel 1")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("All layers")
    expect(page.locator(".tiles .gtitle").first).to_be_visible()
    at_rest(page)


def test_mean_and_deviation_are_typed(server, visit):
    page = visit(server, "/activations/conv2d?range=0..255").page
    page.get_by_label("Pixels", exact=True).select_option("standard")
    mean, deviation = (page.get_by_label(name, exact=True) for name in ("Mean", "Deviation"))
    expect(mean).to_have_value("0.1307")
    deviation.fill("0")
    deviation.press("Tab")
    hint = page.locator("#pixel-range-hint")
    expect(hint).to_have_text("Expected a number each, from −9999 to 9999, the deviation above 0.")
    deviation.fill("0.5")
    deviation.press("Tab")
    expect(page.locator("#pixel-scale")).to_contain_text(
        "divided by the deviation 0.5, as chosen here"
    )
    expect(hint).to_have_text("")
    page.wait_for_url("**range=mean%3A0.1307%3Bdeviation%3A0.5*")
    page.reload()
    expect(deviation).to_have_value("0.5")


def test_further_inputs_are_fed_in_the_panel(start_server, visit, tmp_path):
    picture, other = (keras.Input((28, 28, 1), name=name) for name in ("picture", "other"))
    age, many = keras.Input((1,), name="age"), keras.Input((12,), name="many")
    rows = [layers.Flatten()(picture), layers.Flatten()(other), age, many]
    classes = layers.Dense(10, activation="softmax", name="classes")(layers.Concatenate()(rows))
    keras.Model([picture, other, age, many], classes).save(tmp_path / "own.keras")
    server = start_server(CNN_MODEL=str(tmp_path / "own.keras"))
    page = visit(server, "/activations/classes").page
    field = page.get_by_label("age", exact=True)
    expect(field).to_have_value("0")
    bars = page.locator("#prediction-bars")
    before = bars.inner_text()
    field.fill("forty")
    field.press("Tab")
    expect(page.get_by_role("alert").filter(has_text="is none")).to_have_text(
        "Expected a number, such as 0.5: “forty” is none."
    )
    field.fill("40")
    field.press("Tab")
    expect(bars).not_to_have_text(before)
    page.get_by_label("12 numbers, separated by commas").fill("1, 2")
    page.get_by_label("12 numbers, separated by commas").press("Tab")
    expect(page.get_by_role("alert").filter(has_text="came")).to_have_text(
        "Expected 12 numbers, separated by commas, such as 0.5: 2 came."
    )
    page.get_by_role("button", name="Another picture for other").click()
    text = page.locator(".further-text")
    expect(text).to_contain_text("number ")
    page.wait_for_url("**given=2%3A40&also=1%3A*")
    page.reload()
    expect(text).to_contain_text("number ")
    expect(field).to_have_value("40")
    page.go_back()
    expect(text).to_have_text("the same picture")
    expect(field).to_have_value("40")


def test_a_file_gives_further_inputs_what_it_has_for_each_picture(start_server, visit, tmp_path):
    picture, age = keras.Input((28, 28, 1), name="picture"), keras.Input((1,), name="age")
    joined = layers.Concatenate()([layers.Flatten()(picture), age])
    classes = layers.Dense(10, activation="softmax", name="classes")(joined)
    keras.Model([picture, age], classes).save(tmp_path / "own.keras")
    pixels = np.random.default_rng(0).integers(0, 256, (3, 28, 28)).astype(np.uint8)
    np.savez(tmp_path / "own.npz", x=pixels, age=np.array([30, 0.25, 50]))
    server = start_server(CNN_MODEL=str(tmp_path / "own.keras"), CNN_DATA=str(tmp_path / "own.npz"))
    page = visit(server, "/activations/classes").page
    field, number = page.get_by_label("age", exact=True), page.get_by_label("No.")
    source = page.locator(".further-source")
    expect(field).to_have_value("30")
    expect(source).to_have_text("of this picture, from its file")
    number.fill("1")
    number.press("Enter")
    expect(field).to_have_value("0.25")
    field.fill("7")
    field.press("Tab")
    back = page.get_by_role("button", name="The file’s numbers for age")
    expect(back).to_be_visible()
    expect(source).to_be_empty()
    page.wait_for_url("**given=1%3A7*")
    page.reload()
    expect(field).to_have_value("7")
    number.fill("2")
    number.press("Enter")
    expect(page).to_have_url(re.compile("index=2"))
    answered(page)
    expect(field).to_have_value("7")
    back.click()
    expect(field).to_have_value("50")
    expect(back).to_be_hidden()
    expect(page).not_to_have_url(re.compile("given="))


def test_the_range_of_pixels_is_chosen_and_tried_out(server, visit):
    page = visit(server, "/activations/conv2d?range=0..255").page
    expect(page.locator("#pixel-scale")).to_have_text("Pixels: not scaled, as chosen here.")
    box = page.get_by_label("Pixels", exact=True)
    expect(box).to_have_value("0..255")
    page.get_by_role("button", name="Which suits?").click()
    expect(page.locator("#pixel-range-hint")).to_contain_text("Recognised of 64 pictures: ")
    box.select_option(label="−1 to 1: divided by 127.5, and 1 is taken away")
    expect(page.locator("#pixel-scale")).to_contain_text("divided by 127.5, and 1 is taken away")
    page.wait_for_url("**range=-1..1*")
    box.select_option(label="as found")
    expect(page.locator("#pixel-scale")).to_have_text(
        "Pixels: divided by 255, as the model's card says."
    )
    expect(box).to_be_hidden()


def test_a_range_is_kept_for_all_readers_and_taken_back(start_server, visit, tmp_path):
    cnn.save_model(nets.ending(layers.Softmax()), tmp_path / "own.keras")
    server = start_server(CNN_MODEL=str(tmp_path / "own.keras"))
    page = visit(server, "/activations/flat").page
    said, box = page.locator("#pixel-scale"), page.get_by_label("Pixels", exact=True)
    keep, undo = (
        page.get_by_role("button", name=name)
        for name in ("Keep for this model", "Let the file decide")
    )
    found = "Pixels: divided by 255, the usual choice: the model says nothing."
    expect(said).to_have_text(found)
    expect(keep).to_be_hidden()
    expect(undo).to_be_hidden()
    box.select_option("0..255")
    expect(said).to_have_text("Pixels: not scaled, as chosen here.")
    with page.expect_navigation():
        keep.click()
    kept = "Pixels: not scaled, as kept on the model's card."
    expect(said).to_have_text(kept)
    expect(page).not_to_have_url(re.compile("range="))
    expect(box.locator("option").first).to_have_text("as kept on the card: 0 to 255")
    other = visit(server, "/activations/flat").page
    expect(other.locator("#pixel-scale")).to_have_text(kept)
    other.get_by_label("Pixels", exact=True).select_option("-1..1")
    expect(other.locator("#pixel-scale")).to_contain_text(", as chosen here.")
    other.go_back()
    expect(other.locator("#pixel-scale")).to_have_text(kept)
    with page.expect_navigation():
        undo.click()
    expect(said).to_have_text(found)
    other.reload()
    expect(other.locator("#pixel-scale")).to_have_text(found)
    expect(other.get_by_role("button", name="Let the file decide")).to_be_hidden()


def test_what_sums_are_is_chosen_kept_for_all_readers_and_taken_back(start_server, visit, tmp_path):
    cnn.save_model(nets.ending(layers.Dense(10, name="sums")), tmp_path / "own.keras")
    server = start_server(CNN_MODEL=str(tmp_path / "own.keras"))
    page = visit(server, "/activations/flat").page
    said, box = page.locator("#prediction-note"), page.get_by_label("The output’s sums are")
    keep, undo = (
        page.locator("#sums-choice").get_by_role("button", name=name)
        for name in ("Keep for this model", "Take it back")
    )
    guess, chosen = "is a guess: no loss is known", "What its sums are was chosen"
    shares = page.locator("#prediction-bars .bar-value").filter(has_text="%")
    expect(said).to_contain_text(guess)
    expect(shares).to_have_count(10)
    expect(keep).to_be_hidden()
    box.focus()
    page.keyboard.press("n")
    expect(said).to_contain_text(chosen)
    expect(shares).to_have_count(0)
    page.wait_for_url("**sums=numbers**")
    page.reload()
    expect(box).to_have_value("numbers")
    with page.expect_navigation():
        keep.click()
    expect(said).to_contain_text(chosen)
    expect(page).not_to_have_url(re.compile("sums="))
    expect(box.locator("option").first).to_have_text("as kept on the card: numbers by themselves")
    other = visit(server, "/output").page
    expect(other.locator("#prediction-note")).to_contain_text(chosen)
    other.get_by_label("The output’s sums are").select_option("one per class")
    expect(other.locator("#prediction-bars .bar-value").filter(has_text="%")).to_have_count(10)
    other.go_back()
    expect(other.locator("#prediction-bars .bar-value").filter(has_text="%")).to_have_count(0)
    with page.expect_navigation():
        undo.click()
    expect(said).to_contain_text(guess)
    other.reload()
    expect(other.locator("#prediction-note")).to_contain_text(guess)

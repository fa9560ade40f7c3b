"""Tags, links and components that somebody plants: every reader sees the characters, and no more."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from zipfile import ZipFile, ZipInfo

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

import cnn
from dashboard.state.view import ALL_PARTS
from tests.browser.conftest import Visitor, hover

IMAGE = "<img src=x onerror=window.planted=1>"
LINK = '<a href="https://planted.example">x</a>'
COMPONENT = {
    "type": "Iframe",
    "namespace": "dash_html_components",
    "props": {"src": "https://planted.example"},
}
LAYERS = {
    "digit_classifier": "<u>model",
    "input": "<i>input",
    "conv2d": IMAGE,
    "max_pooling2d": "<b>first pooling",
    "conv2d_1": '<a href="javascript:planted=1">',
    "max_pooling2d_1": "<b>second pooling",
    "flatten": "<i>flat",
    "dense": "<b>&lt;i&gt; %{x}",
    "dense_1": "<svg onload=window.planted=1>",
}
CLASSES = {"0": IMAGE, "1": LINK, **{str(label): f"<b>class {label}" for label in range(2, 10)}}
FOLDER = "/pictures/<img src=x onerror=window.planted=1>"
CALLBACKS = "/_dash-update-component"
MODEL = f"{IMAGE}.keras"
DAMAGES = {
    "damaged-config": ("config.json", {"dataset": COMPONENT}),
    "damaged-lesson": ("config.json", {"lesson": COMPONENT}),
    "damaged-status": ("status.json", {"state": "failed", "message": COMPONENT}),
    "damaged-note": ("note.json", {"name": COMPONENT, "text": [COMPONENT]}),
    "damaged-card": ("model.card.json", {"class_names": [COMPONENT]}),
}
SHOWN = {
    "All layers": {
        ".tiles .gtitle": f"{LAYERS['input']}:",
        ".tiles section:nth-child(2) .gtitle": f"{IMAGE}:",
        ".tiles section:last-child .caption": f"Class {IMAGE} gets",
        ".tiles section:last-child figure": LINK,
    },
    "Architecture": {
        "#architecture-summary": MODEL,
        "#diagram": LAYERS["input"],
        "#diagram .gtitle": "<u>model, from left",
        "#diagram-caption": LAYERS["conv2d_1"],
        "#layer-table": LAYERS["max_pooling2d"],
    },
    "Diagnosis": {
        "#diagnosis-findings": LAYERS["conv2d_1"],
        "#diagnosis-findings .finding:nth-child(2)": LAYERS["dense"],
        "#diagnosis-findings .finding:last-child": LAYERS["dense_1"],
    },
    "Filters": {"#filters-main .gtitle": f"{IMAGE}:", "#filters-spread .gtitle": f"{IMAGE}:"},
    "Activations": {"#activations-main .gtitle": f"{IMAGE}:"},
    "Features": {"#study-tops .study-start": f"Find the pictures for {IMAGE}"},
    "Why": {"#why-map .gtitle": "<img src=…", "#why-formula": f"{IMAGE}, channel"},
    "Surgery": {"#surgery-now": f"{IMAGE}: channel"},
    "Output": {
        "#output-formula": f"{LAYERS['dense_1']}, the logit of {IMAGE}: 64 products",
        "#output-note": LAYERS["dense"],
        "#output-against": LINK,
    },
    "Explain": {
        "#explain-of-saliency-caption": f"the logit of {IMAGE}",
        "#explain-against": LINK,
    },
    "Perturb": {"#perturb-curve": "<img src=x …"},
    "Moments": {
        "#moments-left .gtitle": f"{IMAGE}, before",
        "#moments-right-caption": f"says {IMAGE}",
        "#moments-drift": LAYERS["conv2d_1"],
        "#moments-drift-caption": LAYERS["dense_1"],
    },
    "One step": {"#one-step-why": f"says {IMAGE}", "#one-step-label": LINK},
}
# Pages that Explain leads to, by their links there.
BEYOND = {
    "What would turn it into another class?": {
        "#counterfactual-said": f"The network says {IMAGE} (",
        "#counterfactual-of": LINK,
        "#counterfactual-path": "<img src=x …",
        "#counterfactual-after-caption": "the network says <",
    },
    "Quiz: which map is of the untrained network?": {
        "#quiz-map-A-caption": "the logit of <",
        "#quiz-map-D-caption": "the logit of <",
    },
}
# What was made of a planted text: an element that it names, or one that leads to its address.
MADE = """() => [...document.querySelectorAll("*")].filter((element) => {
  const given = (name) => element.getAttribute(name) || "";
  const places = ["href", "xlink:href", "src", "srcdoc", "data", "action"].map(given);
  const isPlanted = (place) => place === "x" || /^(javascript:|https:..planted)/.test(place);
  return element.localName === "iframe" || places.some(isPlanted)
    || ["onerror", "onload", "onclick"].some((name) => element.hasAttribute(name));
}).map((element) => element.outerHTML.slice(0, 200))"""


def named(value: Any, names: dict[str, str]) -> Any:
    """The same JSON with other texts."""
    if isinstance(value, dict):
        return {key: named(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [named(inner, names) for inner in value]
    return names.get(value, value) if isinstance(value, str) else value


def plant_model(path: Path, classes: dict[str, str] | None = None) -> None:
    """Write the bundled model with other names of layers and classes, and of the layers' `classes`."""
    bundled = cnn.pretrained_run()
    with ZipFile(bundled / "model.keras") as old, ZipFile(path, "w") as new:
        for member in old.namelist():
            data = old.read(member)
            if member == "config.json":
                data = json.dumps(named(json.loads(data), LAYERS | (classes or {}))).encode()
            new.writestr(ZipInfo(member), data)
    card = json.loads((bundled / "model.card.json").read_text())
    scores = {f"{IMAGE} test": 0.5}
    path.with_name(f"{path.stem}.card.json").write_text(
        json.dumps({**named(card, CLASSES), "facts": {"scores": scores}})
    )


def plant_run(runs: Path, name: str, state: str = "finished", **changes: Any) -> cnn.Run:
    """Write a run like the bundled one, of a planted folder and with planted names."""
    bundled, run = cnn.pretrained_run(), cnn.Run(runs / name)
    (run.path / "epochs").mkdir(parents=True)
    for epoch in ("0000", "0001", "0002"):
        shutil.copy(bundled / "epochs" / f"{epoch}.npz", run.path / "epochs")
    for file, names in (("batches.csv", LAYERS), ("classes.csv", CLASSES), ("history.csv", {})):
        head, _, rows = (bundled / file).read_text().partition("\n")
        columns = [renamed(column, names) for column in head.split(",")]
        few = "\n".join(rows.split("\n")[:3])
        (run.path / file).write_text(",".join(columns) + f"\n{few}\n")
    config = json.loads((bundled / "config.json").read_text())
    (run.path / "config.json").write_text(json.dumps({**config, "dataset": FOLDER, **changes}))
    status = json.loads((bundled / "status.json").read_text())
    (run.path / "status.json").write_text(json.dumps({**status, "state": state}))
    plant_model(run.model_path if state == "finished" else run.initial_path)
    return run


def renamed(column: str, names: dict[str, str]) -> str:
    kind, space, name = column.rpartition(" ")
    return '"' + f"{kind}{space}{names.get(name, name)}".replace('"', '""') + '"'


@pytest.fixture(scope="module")
def server(start_server, tmp_path_factory):
    """A server whose model, runs and files all have something planted in them."""
    model = tmp_path_factory.mktemp("models") / MODEL
    plant_model(model)
    server = start_server(CNN_MODEL=str(model), CNN_UPLOAD_MEGABYTES="0.001")
    runs = server.home / "runs"
    plant_run(runs, "planted-1").write_note(IMAGE, LINK)
    other = plant_run(runs, "planted-2", "cancelled", epochs=25, dataset="/pictures/<b>other")
    other.write_note(LINK, IMAGE)
    for name, (file, planted) in DAMAGES.items():
        path = plant_run(runs, name).path / file
        known = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps({**known, **planted}))
    return server


@pytest.fixture
def reader(server, visit):
    """Visit the server as one whom nothing planted may reach."""
    visitor = visit(server, None)
    said: list[str] = []
    visitor.page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    yield visitor
    assert said == []
    unharmed(visitor)


def unharmed(visitor: Visitor) -> None:
    """Nothing of what is planted became an element, a script, or a request."""
    assert visitor.page.evaluate(MADE) == []
    assert visitor.page.evaluate("'planted' in window") is False
    assert visitor.foreign == []
    assert [a.url for a in visitor.answers if urlsplit(a.url).path.endswith("/x")] == []


def sent(page: Page, output: str, click: Callable[[], None]) -> dict[str, Any]:
    """Return what the page sends to a callback at a click; the server does not get it."""

    def is_it(request) -> bool:
        return CALLBACKS in request.url and output in request.post_data_json["output"]

    def keep(route) -> None:
        if is_it(route.request):
            route.fulfill(status=204)
        else:
            route.continue_()

    page.route(f"**{CALLBACKS}*", keep)
    with page.expect_response(lambda answer: is_it(answer.request)) as got:
        click()
    page.unroute(f"**{CALLBACKS}*")
    return got.value.request.post_data_json


def refused(visitor: Visitor, body: dict[str, Any]) -> set[str]:
    """Send a body with a component for each of its values, one by one; return their names.

    Every one is refused, and not given back.
    """
    names = set()
    for part in ("inputs", "state"):
        for number, place in enumerate(body[part]):
            values = [*body[part]]
            values[number] = {**place, "value": COMPONENT}
            address = visitor.base + CALLBACKS
            answer = visitor.page.request.post(address, data={**body, part: values})
            assert (answer.status, "planted" in answer.text()) == (400, False), place["id"]
            names.add(place["id"])
    return names


def row(page: Page, name: str) -> Locator:
    box = page.get_by_role("checkbox", name=f"Compare {name}", exact=True)
    return page.locator("#training-runs tbody tr").filter(has=box)


def point(page: Page, figure: str, mark: str) -> Locator:
    """Point at the first mark of a figure; return what is told there."""
    page.locator(f"#{figure}").scroll_into_view_if_needed()
    box = page.locator(f"#{figure} {mark}").first.bounding_box()
    hover(page, figure, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    return page.locator(f"#{figure} .hoverlayer")


def test_no_component_is_taken_for_a_setting_a_name_or_a_note(server, reader):
    page = reader.open("/training")
    runs = server.home / "runs"
    before = {path: path.stat().st_mtime_ns for path in runs.rglob("*.json")}
    start = page.get_by_role("button", name="Train", exact=True)
    expect(start).to_be_enabled()
    of_form = refused(reader, sent(page, "training-arrived.data", start.click))
    assert {"training-dataset", "training-lesson", "training-epochs", "view"} <= of_form
    row(page, IMAGE).get_by_role("button", name="Edit").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value(IMAGE)
    save = page.get_by_role("dialog").get_by_role("button", name="Save")
    of_dialog = refused(reader, sent(page, "training-edited.is_open", save.click))
    assert {f"training-edited-{field}" for field in ("run", "name", "note")} <= of_dialog
    assert {path: path.stat().st_mtime_ns for path in runs.rglob("*.json")} == before


def test_runs_are_listed_compared_and_drawn_by_the_characters_of_their_names(reader):
    page = reader.open("/training")
    again = f"{LINK} again"
    expect(row(page, IMAGE).locator(".run-note")).to_have_text(LINK)
    row(page, LINK).get_by_role("button", name="Edit").click()
    page.get_by_label("Name", exact=True).fill(again)
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(row(page, again).locator(".run-note")).to_have_text(IMAGE)
    expect(row(page, again)).to_contain_text("<b>other")
    row(page, again).get_by_role("checkbox").check()
    for name, (file, _) in DAMAGES.items():
        expect(row(page, name)).to_contain_text(f"{file} cannot be read.")

    settings = page.locator("#training-settings")
    expect(settings.locator("thead th")).to_have_text(["setting", again, IMAGE])
    expect(settings).to_contain_text("<b>other")
    expect(page.locator("#training-loss .legendtext")).to_have_text([again, IMAGE])
    expect(page.locator("#training-accuracy-caption")).to_contain_text(f"of {again}.")
    expect(page.locator("#training-classes .xtick")).to_have_text([*CLASSES.values()])
    cut = [f"{name[:10]}…{name[-10:]}" for name in (again, IMAGE)]
    expect(page.locator("#training-classes .ytick")).to_have_text(cut)
    expect(point(page, "training-loss", ".points path")).to_contain_text(f"{IMAGE}, training")
    expect(point(page, "training-classes", ".nsewdrag")).to_contain_text("class <b>class")
    unharmed(reader)

    row(page, again).get_by_role("checkbox").uncheck()
    expect(page.locator("#training-which")).to_contain_text(f"{IMAGE} has finished")
    expect(page.locator("#training-loss .gtitle")).to_have_text(f"Loss of {IMAGE}")
    layers = [LAYERS[name] for name in ("conv2d", "conv2d_1", "dense", "dense_1")]
    expect(page.locator("#training-gradients .legendtext")).to_have_text(layers)
    expect(settings).to_contain_text(f"data {IMAGE} ")
    expect(settings).to_contain_text(f"accuracy on {IMAGE}")
    row(page, again).get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_contain_text(f"{again}: its model")


def test_a_model_names_its_layers_and_classes_by_their_characters(reader):
    page = reader.open("/")
    expect(page.locator("#prediction .class")).to_have_text(IMAGE)
    expect(page.locator("#prediction-bars")).to_contain_text(LINK)
    expect(page.locator("#model option:checked")).to_have_text(MODEL)
    expect(page.locator("#network .net-classes")).to_contain_text(LINK)
    expect(page.locator("#network")).to_contain_text(LAYERS["max_pooling2d"])
    for name, places in SHOWN.items():
        links = page.get_by_role("navigation", name="Pages")
        links.get_by_role("link", name=name, exact=True).click()
        for place, text in places.items():
            expect(page.locator(place).first).to_contain_text(text)
        if name == "Architecture":
            named = page.locator("#layer-table").get_by_role("link", name=IMAGE, exact=True)
            expect(named).to_have_count(1)
            expect(point(page, "diagram", ".points path")).to_contain_text(LAYERS["input"])
        unharmed(reader)
    for name, places in BEYOND.items():
        page.get_by_role("navigation", name="Pages").get_by_role("link", name="Explain").click()
        page.get_by_role("link", name=name, exact=True).click()
        for place, text in places.items():
            expect(page.locator(place).first).to_contain_text(text)
        unharmed(reader)
    page.get_by_role("button", name="A is untrained").click()
    expect(page.locator("#quiz-verdict")).to_contain_text("of the untrained network.")
    unharmed(reader)


def test_a_link_and_a_file_are_told_by_their_characters(reader):
    page = reader.open(f"/activations/{quote(IMAGE, safe='')}b?" + hostile(IMAGE))
    notice = page.locator("#notice")
    for name in ALL_PARTS - OF_ANY_NAME:
        expect(notice).to_contain_text(f"says {name} is '{IMAGE}'")
    expect(notice).to_contain_text(f"has a part '{IMAGE}' that is not known")
    expect(page.locator("#activations-problem")).to_contain_text(f"The layer “{IMAGE}b” is not")
    with page.expect_file_chooser() as chosen:
        page.get_by_role("button", name="Upload").click()
    chosen.value.set_files({"name": IMAGE, "mimeType": "image/png", "buffer": bytes(2000)})
    expect(page.locator("#uploading")).to_contain_text(f"{IMAGE} has 0.1 MB")
    unharmed(reader)
    # All parts together are hardly shorter than an address may be.
    component = json.dumps({"type": "Iframe", "namespace": "x"}, separators=(",", ":"))
    page = reader.open("/?" + hostile(component))
    expect(notice).to_contain_text(f"has a part '{component}' that is not known")
    for name in ALL_PARTS - OF_ANY_NAME:
        expect(notice).to_contain_text(f"says {name} is '{component}'")
    page = reader.open("/explain?" + urlencode({"unit": f"{IMAGE}b"}))
    expect(page.locator("#explain-missing")).to_contain_text(f"There is no layer {IMAGE}b here")
    unharmed(reader)


# A layer may be called anything.
OF_ANY_NAME = {"unit"}


def hostile(text: str) -> str:
    """Return a query in which every part is the text, and one is called so."""
    return urlencode(dict.fromkeys((*ALL_PARTS, text), text))


FOLDER_CLASSES = (IMAGE, "<b>second class", '<a href="javascript:planted=1">')


@pytest.fixture(scope="module")
def folder_server(start_server, tmp_path_factory):
    """A server of a folder of pictures whose names are all planted, and of a model without any."""
    folder = tmp_path_factory.mktemp("data") / "<b>pictures <img src=x onerror=planted=1>"
    for number, name in enumerate(FOLDER_CLASSES):
        (folder / name).mkdir(parents=True)
        picture = np.full((28, 28), 60 * number, np.uint8)
        Image.fromarray(picture).save(folder / name / f"{IMAGE.replace('/', '')}.png")
    (folder / IMAGE / "<b>damaged.png").write_bytes(b"no picture")
    return start_server(CNN_DATA=str(folder))


def test_folders_and_files_are_told_by_the_characters_of_their_names(folder_server, visit):
    reader = visit(folder_server, None)
    page = reader.open("/")
    expect(page.locator("#data-set option:checked")).to_contain_text("<b>pictures <img src=x")
    choice = page.locator("#class-choice option")
    for name in FOLDER_CLASSES:
        expect(choice.filter(has_text=name)).to_have_count(1)
    expect(page.locator("#picture-text")).to_contain_text("<")
    page.get_by_role("button", name="Choose a picture").click()
    expect(page.get_by_role("dialog")).to_contain_text(FOLDER_CLASSES[1])
    unharmed(reader)
    page = reader.open("/training")
    expect(page.get_by_label("Data", exact=True).last).to_contain_text("<b>pictures")
    unharmed(reader)


UNKNOWN = '<a href="javascript:planted=1">Layer'
NO_MODEL = "<b>no model.keras"


def choose(page: Page, *files: Path | dict[str, Any]) -> Locator:
    """Choose files of a model to be opened; return what is said of them."""
    if not page.locator("#open-model").is_visible():
        page.locator("details:has(#open-model) > summary").click()
    with page.expect_file_chooser() as chosen:
        page.locator("#open-model").click()
    chosen.value.set_files(files)
    return page.locator("#opening p")


def test_a_model_that_is_uploaded_is_told_by_its_characters(folder_server, visit, tmp_path):
    reader = visit(folder_server, "/")
    page, path = reader.page, tmp_path / MODEL
    nothing = {"name": NO_MODEL, "mimeType": "application/zip", "buffer": b"nothing"}
    expect(choose(page, nothing)).to_contain_text(f"{NO_MODEL} is no Keras model")
    plant_model(path, classes={"Dense": UNKNOWN})
    expect(choose(page, path)).to_contain_text(f"needs keras.layers.{UNKNOWN}, which")
    card = path.with_name(f"{path.stem}.card.json")
    known = json.loads(card.read_text())
    plant_model(path)
    card.write_text(json.dumps({**known, "scale": IMAGE}))
    expect(choose(page, path, card)).to_contain_text(f"The scale '{IMAGE}' of the card is not")
    unharmed(reader)
    card.write_text(json.dumps(known))
    expect(choose(page, path, card)).to_have_text(f"{MODEL} is open.")
    expect(page.locator("#model option:checked")).to_have_text(MODEL)
    expect(page.locator("#prediction-bars")).to_contain_text(LINK)
    expect(page.locator("#network")).to_contain_text(LAYERS["max_pooling2d"])
    unharmed(reader)
    links = page.get_by_role("navigation", name="Pages")
    links.get_by_role("link", name="Architecture", exact=True).click()
    expect(page.locator("#architecture-summary")).to_contain_text(MODEL)
    expect(page.locator("#layer-table")).to_contain_text(LAYERS["max_pooling2d"])
    unharmed(reader)
    assert all("400" in error for error in reader.errors)
    reader.errors.clear()

"""The dashboard from a script or a notebook: a model in memory and one's own pictures."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import replace

import keras
import nbformat
import numpy as np
import pytest
from keras import layers
from nbclient import NotebookClient

import cnn
import dashboard
from cnn.errors import CnnError, DatasetError
from cnn.models import heads
from dashboard import launching

NAMES = ("circle", "square", "star")


class Doubled(layers.Layer):
    """A layer that only this process knows, and that Keras can save."""

    def call(self, x):
        return 2 * x


class Odd(layers.Layer):
    """One that Keras can save, and not read again."""

    def __init__(self, needed):
        super().__init__()

    def call(self, x):
        return x + 1


def network(*more):
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(2, 3, name="conv"),
            *more,
            layers.GlobalAveragePooling2D(name="means"),
            layers.Dense(3, activation="softmax", name="classes"),
        ],
        name="my_net",
    )


def pictures(count=6):
    return np.random.default_rng(0).integers(0, 256, (count, 8, 8), np.uint8)


def fetched(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.status, answer.read().decode()


@pytest.mark.parametrize("more", [Doubled(), Odd(1)])
def test_a_model_in_memory_is_served_with_its_pictures_until_it_is_closed(more):
    model, images = network(more), pictures()
    with dashboard.launch(
        model, images=images, labels=[0, 1, 2, 0, 1, 2], class_names=NAMES, scale=0.5, show=False
    ) as served:
        assert fetched(served.url)[0] == 200
        runtime = served._runtime
        view = runtime.default_view()
        assert runtime.entry(view).name == "my_net.keras"
        given = runtime.dataset(view)
        np.testing.assert_array_equal(given.images[..., 0], images)
        assert (given.class_names, given.labels.tolist()) == (NAMES, [0, 1, 2, 0, 1, 2])
        shown = runtime.forward(view).prediction
        wanted = model(images[:1, ..., None] * np.float32(0.5))
        np.testing.assert_allclose(shown.probabilities, wanted[0], rtol=1e-5)
        assert shown.class_names == NAMES
        folder = runtime.settings.jobs.path
    assert (repr(served), folder.exists()) == ("<Dashboard closed>", False)
    with pytest.raises(urllib.error.URLError):
        fetched(served.url)
    served.close()


@pytest.mark.parametrize("form", ["list", "array of objects"])
@pytest.mark.parametrize("labels", [None, [2, 0, 2]])
def test_pictures_of_several_sizes_are_shown_each_as_it_is(labels, form):
    shapes = ((8, 8), (6, 9), (12, 8, 3))
    images = [np.random.default_rng(0).integers(0, 256, shape, np.uint8) for shape in shapes]
    given = images
    if form == "array of objects":
        given = np.empty(3, object)
        given[:] = images
    with dashboard.launch(
        network(), images=given, labels=labels, class_names=NAMES, show=False
    ) as served:
        runtime = served._runtime
        view = runtime.default_view()
        data = runtime.dataset(view)
        for place, image in enumerate(images):
            np.testing.assert_array_equal(np.squeeze(data[place].pixels), image)
        assert data.class_names == (() if labels is None else NAMES)
        assert data.labels.tolist() == (labels or [-1] * 3)
        assert runtime.look(replace(view, index=1)).passed.prediction.class_names == NAMES


def test_fractions_of_several_sizes_become_pixels_by_one_rule():
    dark, bright = np.full((4, 4), 0.2), np.full((2, 3), 1.0)
    assert [one.max() for one in launching._each([dark, bright])] == [51, 255]


def test_a_model_that_is_trained_on_is_shown_as_it_was():
    model, images = network(), pictures()
    before = np.array(model(images[:1, ..., None] / np.float32(255)))
    with dashboard.launch(model, images=images, show=False) as served:
        model.set_weights([np.zeros_like(weights) for weights in model.get_weights()])
        shown = served._runtime.forward(served._runtime.default_view()).prediction
        np.testing.assert_allclose(shown.probabilities, before[0], rtol=1e-5)


@pytest.mark.parametrize(("loss", "form"), [("mse", "numbers"), (None, "logits")])
def test_the_loss_that_it_was_compiled_with_tells_what_its_numbers_are(loss, form):
    sums = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(3)])
    if loss:
        sums.compile("sgd", loss=loss)
    with dashboard.launch(sums, images=pictures(), show=False) as served:
        runtime = served._runtime
        view = runtime.default_view()
        assert heads.head_of(runtime.model(view)).form == form
        # A worker opens the file.
        assert heads.head_of(cnn.load_model(runtime.entry(view).path)).form == form


def test_what_cannot_be_shown_is_refused_and_nothing_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(launching.tempfile, "tempdir", str(tmp_path))
    free = keras.Sequential([layers.Dense(2)])
    for given in ({"model": free}, {"model": network(), "images": pictures(), "labels": [0]}):
        with pytest.raises(CnnError):
            dashboard.launch(**given, show=False)
    assert not list(tmp_path.iterdir())


def test_a_path_is_opened_and_its_card_is_kept(tmp_path):
    path = tmp_path / "net.keras"
    cnn.models.save_model(network(), path, card=cnn.models.Card(class_names=NAMES))
    names = np.array(["a", "b", "c"])
    for more, shown in (({}, NAMES), ({"class_names": names, "scale": np.float32(0.5)}, (*"abc",))):
        with dashboard.launch(str(path), show=False, **more) as served:
            runtime = served._runtime
            assert cnn.class_names(runtime.model(runtime.default_view())) == shown


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"class_names": "ab"}, "class_names is 'ab'"),
        ({"class_names": {0: "a", 1: "b", 2: "c"}}, "class_names is"),
        ({"class_names": ["a", "b"]}, "2 names came: expected 3"),
        (
            {"images": [np.zeros((8, 8)), np.zeros((6, 8, 2))]},
            r"several sizes, .* shape \(6, 8, 2\)",
        ),
        ({"images": [np.zeros((8, 8)), np.zeros((6, 8)) - 1]}, "numbers from -1 to 0"),
        (
            {
                "images": [np.zeros((8, 8)), np.zeros((6, 8))],
                "labels": [0, 1],
                "class_names": ["a", "File name", "b"],
            },
            "a class is called 'File name'",
        ),
        ({"images": pictures(2), "labels": [[1, 0, 0], [1]]}, r"2 shapes, .* give one per picture"),
        ({"images": pictures(), "labels": []}, "6 images and 0 labels"),
        ({"images": pictures(), "labels": 1}, r"have the shape \(\)"),
        ({"model": "nowhere.keras"}, "nowhere.keras"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(given, why):
    with pytest.raises(CnnError, match=why):
        dashboard.launch(**{"model": network(), **given}, show=False)


FLOATS = np.linspace(0, 1, 64).reshape(1, 8, 8)


@pytest.mark.parametrize(
    ("images", "wanted"),
    [
        (pictures(), pictures()),
        (pictures() / 255, pictures()),
        (pictures().astype(np.float32), pictures()),
        (pictures().astype(np.int64), pictures()),
        (FLOATS > 0.5, np.where(FLOATS > 0.5, 255, 0)),
        (np.ones((1, 8, 8), np.int32), np.ones((1, 8, 8))),
    ],
)
def test_pictures_become_pixels_of_0_to_255(images, wanted):
    pixels = launching._pixels(images)
    assert (pixels.dtype, pixels.shape) == (np.uint8, (*images.shape, 1))
    np.testing.assert_array_equal(pixels[..., 0], wanted)


@pytest.mark.parametrize(
    ("images", "why"),
    [
        (np.zeros((2, 8)), "have the shape \\(2, 8\\)"),
        (np.zeros((2, 8, 8, 65)), "have the shape \\(2, 8, 8, 65\\)"),
        (np.zeros((0, 8, 8)), "have the shape \\(0, 8, 8\\)"),
        (np.full((1, 8, 8), -1.0), "from -1 to -1"),
        (np.full((1, 8, 8), 256), "from 256 to 256"),
        (np.full((1, 8, 8), np.nan), "from nan to nan"),
        (np.full((1, 8, 8), "x"), "expected numbers"),
    ],
)
def test_what_are_no_pictures_is_refused(images, why):
    with pytest.raises(DatasetError, match=why):
        launching._pixels(images)


@pytest.mark.parametrize(
    "labels",
    [
        [2, 0],
        [2.0, 0.0],
        ["star", "circle"],
        [b"star", b"circle"],
        [[0, 0, 1], [1, 0, 0]],
        [[2], [0]],
    ],
)
def test_labels_are_places_or_names_of_classes(labels):
    assert launching._numbers(np.array(labels), NAMES).tolist() == [2, 0]


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        ([3], "from 3 to 3"),
        ([-1], "from -1 to -1"),
        ([0.5], "from 0.5 to 0.5"),
        (["moon"], "'moon' is among the labels"),
        ([np.nan], "from nan to nan"),
        ([[0, 1]], "have the shape \\(1, 2\\)"),
        ([[1, 1, 1]], "not a 1 at the class among zeros"),
        ([[0.25, 0.5, 0.25]], "not a 1 at the class among zeros"),
    ],
)
def test_labels_of_no_class_are_refused(labels, why):
    with pytest.raises(DatasetError, match=why):
        launching._numbers(np.array(labels), NAMES)


MODEL = """
import keras, urllib.request
import dashboard
model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3),
    keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3, activation="softmax")])
"""
FETCH = "print(urllib.request.urlopen(served.url + 'health').status)"


@pytest.mark.slow
def test_a_plain_script_serves_and_ends(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(f"{MODEL}served = dashboard.launch(model, show=False)\n{FETCH}\n")
    done = subprocess.run(
        [sys.executable, path], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout == "200\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "is_opened"), [("", True), (", show=True", True), (", show=False", False)]
)
def test_a_plain_script_opens_the_browser_where_it_is_to(tmp_path, settings, is_opened):
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\nprintf "%s" "$1" > "{opened}"\n')
    browser.chmod(0o755)
    path = tmp_path / "script.py"
    answer = f"{FETCH}\nprint(served.url)\n"
    path.write_text(f"{MODEL}served = dashboard.launch(model{settings})\n{answer}")
    done = subprocess.run(
        [sys.executable, path], capture_output=True, text=True, check=True, timeout=120,
        env={**os.environ, "BROWSER": str(browser), "DISPLAY": ":99"},
    )  # fmt: skip
    status, url = done.stdout.split()
    assert status == "200"
    assert opened.exists() == is_opened
    assert not is_opened or opened.read_text() == url


@pytest.mark.slow
def test_a_notebook_shows_it_below_the_cell():
    cells = [MODEL, "served = dashboard.launch(model)\nserved", FETCH, "served.close()\nserved"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    shown, handle = notebook.cells[1].outputs
    url = handle["data"]["text/plain"].removeprefix("<Dashboard ").removesuffix(">")
    assert url.startswith("http://127.0.0.1:")
    assert f'src="{url}"' in shown["data"]["text/html"]
    assert notebook.cells[2].outputs[0]["text"] == "200\n"
    assert notebook.cells[3].outputs[0]["data"]["text/plain"] == "<Dashboard closed>"

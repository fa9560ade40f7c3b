"""A `model.fit` of another program, followed as it goes on by pages that are never loaded anew."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import START_MILLISECONDS
from tests.browser.shown import at_rest
from tests.forked import Fork

EPOCHS = 3
# Between its epochs it waits until the test has made a file.
_TRAINING = f"""
import sys
import time
from pathlib import Path

import keras
from keras import layers

import cnn


class Gate(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        while not (Path(sys.argv[1]) / f"after-{{epoch + 1}}").exists():
            time.sleep(0.02)


keras.utils.set_random_seed(0)
digits = cnn.load_dataset("digits")
model = keras.Sequential(
    [
        keras.Input((28, 28, 1)),
        layers.Rescaling(1 / 255),
        layers.Conv2D(4, 5, strides=2, activation="relu", name="seen"),
        layers.Flatten(),
        layers.Dense(10, activation="softmax", name="classes"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(
    digits.images[:256, ..., None], digits.labels[:256], epochs={EPOCHS}, batch_size=32, verbose=0,
    callbacks=[cnn.RunRecorder("mine", data="digits", scale=1), Gate()],
)
"""
# The last step that the curves of the loss have, in epochs.
_DRAWN = """(epochs) => {
  const plot = document.querySelector("#training-loss .js-plotly-plot");
  const ends = (plot?.data ?? []).map(({ x }) => Math.max(...Array.from(x?._inputArray ?? x ?? [])));
  return ends.length && Math.max(...ends) === epochs;
}"""
_STAY = "() => { window.isSameVisit = true; }"
_STAYED = "() => window.isSameVisit === true"


@pytest.fixture(scope="module")
def server(start_server):
    return start_server()


@pytest.fixture
def gates(tmp_path):
    folder = tmp_path / "gates"
    folder.mkdir()
    return folder


@pytest.fixture
def training(server, gates, tmp_path):
    """A program of somebody else that trains a network, and waits after its first epoch."""
    command = ("-c", _TRAINING, str(gates))
    program = Fork(command, server.environment, tmp_path / "training.log")
    yield program
    program.kill()


def followed(visit, server, path: str) -> Page:
    page = visit(server, path).page
    page.evaluate(_STAY)
    return page


def test_a_fit_of_another_program_is_followed_without_a_reload(server, visit, training, gates):
    curves = followed(visit, server, "/training")
    row = curves.locator("#training-runs tbody tr").first
    expect(row.locator("th")).to_contain_text("mine", timeout=START_MILLISECONDS)
    expect(row).to_contain_text(f"1 of {EPOCHS}", timeout=START_MILLISECONDS)
    assert training.poll() is None, training.log.read_text()
    curves.wait_for_function(_DRAWN, arg=1)
    moments = followed(visit, server, "/moments/seen?model=run:mine")
    maps = followed(visit, server, "/activations/seen?model=run:mine")
    pages = (curves, moments, maps)
    told, slider = (
        maps.locator(".epoch-label"),
        maps.get_by_role("slider", name="Epoch", exact=True),
    )
    expect(told).to_have_text("After epoch 1")
    expect(moments.locator("#moments-right .gtitle")).to_contain_text("after epoch 1")
    before = {page: _numbers(page) for page in (moments, maps)}
    places = int(slider.get_attribute("max") or 0)

    (gates / "after-1").touch()
    expect(row).to_contain_text(f"2 of {EPOCHS}")
    curves.wait_for_function(_DRAWN, arg=2)
    for page in (moments, maps):
        expect(page.locator(".epoch-label")).to_have_text("After epoch 2")
        page.wait_for_url("**epoch=2*")
    expect(slider).to_have_attribute("max", str(places + 1))
    expect(moments.locator("#moments-right .gtitle")).to_contain_text("after epoch 2")
    expect(moments.get_by_label("Compare").locator("option").last).to_have_text("after epoch 2")
    assert all(_numbers(page) != before[page] for page in before)

    # Who has gone back stays there.
    slider.fill("0")
    maps.wait_for_url("**epoch=0*")
    (gates / "after-2").touch()
    (gates / "after-3").touch()
    expect(row).to_contain_text("finished")
    curves.wait_for_function(_DRAWN, arg=3)
    expect(moments.locator(".epoch-label")).to_have_text("After epoch 3")
    expect(moments.locator("#moments-right .gtitle")).to_contain_text("after epoch 3")
    expect(slider).to_have_attribute("max", str(places + 2))
    expect(told).to_have_text("Before the first step")
    assert all(page.evaluate(_STAYED) for page in pages)
    assert training.wait(60) == 0, training.log.read_text()
    expect(curves.locator("#training-which")).to_have_text(re.compile("mine has finished"))


def _numbers(page: Page) -> list[str]:
    at_rest(page)
    return page.locator("main figcaption").all_text_contents()

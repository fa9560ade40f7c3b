"""The page "Diagnosis" in a real browser: a finding is read, followed, and found again."""

from __future__ import annotations

import re

import keras
import numpy as np
import pytest
from keras import layers
from playwright.sync_api import expect

import cnn
from tests import nets
from tests.browser.conftest import START_MILLISECONDS


@pytest.fixture(scope="module")
def planted(start_server, tmp_path_factory):
    """A server whose model has two dead units."""
    model = nets.ending(
        layers.Dense(12, activation="relu", name="units"),
        layers.Dense(10, activation="softmax", name="classes"),
    )
    kernel, bias = model.get_layer("units").get_weights()
    kernel = np.abs(kernel)
    kernel[:, [3, 8]], bias[[3, 8]] = 0, -1
    model.get_layer("units").set_weights([kernel, bias])
    path = tmp_path_factory.mktemp("models") / "planted.keras"
    cnn.save_model(model, path)
    return start_server(CNN_MODEL=str(path))


def test_a_large_network_is_looked_through_by_a_worker(start_server, visit, tmp_path):
    picture = keras.Input((224, 224, 1))
    maps = layers.Conv2D(4, 3, bias_initializer=keras.initializers.Constant(-9), activation="relu")
    out = layers.Dense(10, activation="softmax")(layers.Flatten()(maps(picture)))
    cnn.save_model(keras.Model(picture, out), tmp_path / "large.keras")
    page = visit(start_server(CNN_MODEL=str(tmp_path / "large.keras")), "/diagnosis").page
    box = page.get_by_role("region", name="What a worker finds", exact=True)
    box.get_by_role("button", name="Look through the network").click()
    row = box.get_by_role("row", name=re.compile("^conv2d.* fault "))
    expect(row).to_have_count(1, timeout=START_MILLISECONDS)
    expect(box).to_contain_text("1,000 of the 1,797 pictures")
    expect(page.get_by_role("heading", name="What was looked for")).to_be_hidden()
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Activations")


def test_a_finding_leads_to_the_channel_with_the_same_picture(planted, visit):
    page = visit(planted, "/diagnosis?index=7").page
    found = page.locator("#diagnosis-findings .warning")
    expect(found).to_contain_text("2 of 12 units (3 and 8) are dead over the sample")
    expect(found.locator(".severity")).to_have_text("▲ warning")
    found.get_by_role("link", name="unit 8").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Activations")
    expect(page).to_have_url(re.compile("index=7&.*channel=8"))
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Diagnosis")
    expect(found).to_contain_text("2 of 12 units")


def test_it_follows_the_epochs_and_not_the_digits(digits_server, shared):
    page = shared(digits_server, "/diagnosis").page
    findings = page.locator("#diagnosis-findings")
    expect(page.locator("#diagnosis-sample")).to_contain_text("of the 1,797 pictures")
    before = findings.text_content()
    page.get_by_role("button", name="3", exact=True).click()
    expect(page.locator("#picture-text")).to_contain_text("Label 3")
    expect(findings).to_have_text(str(before))
    page.get_by_role("slider", name="Epoch").press("Home")
    expect(findings).not_to_have_text(str(before))
    assert page.locator("#diagnosis-checks dt").count() == 9

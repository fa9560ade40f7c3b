"""The recipe "Add a page" of CONTRIBUTING, carried out literally."""

import importlib
import re

import dash
import numpy as np
import pytest

import cnn
import pages
from dashboard.app import create_app, runtime_of
from dashboard.settings import Settings
from tests.conftest import ROOT
from tests.screens import screen, unpacked


@pytest.fixture
def largest(tmp_path, monkeypatch):
    """The page of the recipe, as a module."""
    recipe = re.search(
        "### Add a page\n.*?```python\n(.*?)```",
        (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"),
        re.DOTALL,
    )
    (tmp_path / "largest.py").write_text(recipe[1], encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("largest")
    dash.page_registry.pop("largest", None)


def test_a_page_is_a_layout_and_one_function(largest, tmp_path, monkeypatch, classifier):
    monkeypatch.setattr(pages, "PAGES", (*pages.PAGES, largest))
    app = create_app(Settings(home=tmp_path / "home", data_dir=tmp_path, download=False))
    runtime_of(app).wait()
    client, view = app.server.test_client(), runtime_of(app).default_view()
    assert "Largest – CNN Visualizer" in client.get("/largest").text
    query = {**view.to_query(), "index": "8"}
    with app.server.test_request_context():
        shown = screen(largest, query, "conv2d")
        picture = runtime_of(app).picture(view)
    asked = {**view.to_query(), "form": shown.form, "moving": "picture"}
    facts, arrays = unpacked(client.get("/values/largest/conv2d", query_string=asked).data)
    (trace,) = facts["page"]["charts"][largest.FIGURE]["traces"]
    maps = cnn.activations(classifier, picture.pixels)["conv2d"]
    np.testing.assert_array_equal(arrays[trace["y"]["array"]], maps.max(axis=(0, 1)))

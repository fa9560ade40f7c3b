"""Sums beyond the numbers of half precision: named where they first appear, on every page."""

from __future__ import annotations

import numpy as np
import pytest

import cnn
from dashboard.app import runtime_of
from dashboard.shell import panel
from dashboard.state.view import parse
from pages import activations, all_layers, architecture, diagnosis, output, why
from tests import nets
from tests.screens import application_of, caption, screen

BROKEN = ("second", "norm", "means", "classes")


@pytest.fixture(scope="module", params=["float16", "mixed_float16"])
def app(request, tmp_path_factory):
    return application_of(nets.overflowing(request.param), tmp_path_factory.mktemp(request.param))


@pytest.fixture
def query(app, request_of):
    request_of(app)
    return runtime_of(app).default_view().to_query()


def test_the_layer_is_found_in_which_the_infinities_begin(app, query):
    runtime = runtime_of(app)
    view = parse(query)[0]
    passed = runtime.forward(view)
    assert (passed.first_not_finite, passed.not_finite) == ("second", BROKEN)
    assert np.isfinite(passed.activations["first"]).all()
    assert np.isposinf(passed.activations["second"]).any()
    told = panel.facts(view, runtime.picture(view), runtime.look(view))["prediction"]
    assert told["note"].endswith("That begins in the layer second.")
    # What the switch leaves in the lists.
    assert told["broken"] == list(BROKEN)


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ("second", "are not finite (infinite) and left blank. That begins here"),
        ("means", "not finite"),
    ],
)
def test_its_caption_says_so(query, layer, words):
    said = caption(screen(activations, query, layer), activations.MAIN)
    assert words in said
    assert ("second" in said) or layer == "second"


def test_no_page_breaks_at_them(query):
    for page in (all_layers, architecture, output):
        assert screen(page, query, None).form
    for layer in BROKEN:
        for page in (activations, why):
            assert screen(page, query, layer).form
    found = screen(diagnosis, query, None)
    assert "second" in str(found.texts) + str(found.properties)


def test_a_type_with_the_range_of_single_precision_has_none_of_them(classifier):
    passed = cnn.forward(nets.overflowing("bfloat16"), np.full((16, 16), 255, np.uint8))
    assert passed.not_finite == ()

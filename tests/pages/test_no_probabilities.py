"""What is no probability is called none anywhere: in texts, choices and figures, on all pages."""

import json
import re

import pytest
from keras import layers

from cnn.errors import LayerError
from dashboard.app import runtime_of
from dashboard.screens.request import Request
from dashboard.shell import panel
from dashboard.state.view import parse
from pages import (
    activations,
    all_layers,
    architecture,
    counterfactual,
    diagnosis,
    explain,
    features,
    filters,
    moments,
    output,
    perturb,
    surgery,
    why,
)  # fmt: skip
from tests import nets
from tests.screens import application_of, made_of, unpacked

OF_LAYERS = (activations, why, features, filters, moments, surgery)
OF_ALL = (all_layers, architecture, output, perturb, explain, diagnosis, counterfactual)
HEADS = {
    "one linear unit": lambda: nets.ending(layers.Dense(1, name="last")),
    "leaky logits": lambda: nets.ending(layers.Dense(4), layers.LeakyReLU(name="last")),
    "means": lambda: nets.ending(
        layers.Reshape((6, 6, 1)),
        layers.Conv2D(4, 3),
        layers.LeakyReLU(),
        layers.GlobalAveragePooling2D(name="last"),
    ),
    "tanh": lambda: nets.ending(layers.Dense(3, activation="tanh", name="last")),
    "five sigmoids": lambda: nets.ending(layers.Dense(5, activation="sigmoid", name="last")),
    "embedding": lambda: nets.ending(layers.Dense(32, name="last")),
    "several numbers": lambda: nets.ending(layers.Dense(6, activation="relu", name="last")),
    "autoencoder": nets.autoencoder,
}
TOLD = re.compile(r"\d ?%|probabilit\w*|runner-up|winner|add up to 1", re.IGNORECASE)
# What a share is of, and is none of an answer.
OTHERWISE = re.compile(
    r"no probabilities|no winner|need not add up to 1|needs class probabilities"
    r"|zeros \d+\.\d%|\d+% of the numbers|within \d+% of an end|(holds|does) \d+%"
    r"|deviation [\d.]+; [\d.]+%"
)


def told(screen):
    """All that a page says: texts, choices, and figures with what the pointer tells of them."""
    as_text = {"default": lambda part: part.to_plotly_json(), "ensure_ascii": False}
    different = {made_of(chart): chart for chart in screen.charts.values()}
    drawn = [chart.figure().to_json() for chart in different.values()]
    return [json.dumps(screen.around(), **as_text), *drawn]


@pytest.mark.parametrize("kind", HEADS)
def test_no_page_speaks_of_probabilities_where_there_are_none(tmp_path, request_of, kind):
    app = application_of(HEADS[kind](), tmp_path)
    request_of(app)
    query = runtime_of(app).default_view().to_query()
    last = panel.layers(parse(query)[0])["names"][-1]
    said = [panel_told(app, query)]
    for page in (*OF_LAYERS, *OF_ALL):
        try:
            said += told(page.show(Request(parse(query)[0], last if page in OF_LAYERS else None)))
        except LayerError:
            continue
    plain = [OTHERWISE.sub("", text) for text in said]
    found = [
        text[max(0, one.start() - 80) : one.end()] for text in plain for one in TOLD.finditer(text)
    ]
    assert found == [], "\n".join(found)


def panel_told(app, query):
    """What the panel says of the prediction, in JSON."""
    got = app.server.test_client().get("/values/network", query_string={**query, "form": ""})
    facts, _ = unpacked(got.data)
    return json.dumps(facts["panel"]["prediction"], ensure_ascii=False)

"""Names of runs, layers, classes and models in figures: plotly.js shows them letter by letter."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cnn
from cnn.figures import style
from cnn.models.arithmetic.forms import WeightedSum

LINK = '<a href="https://planted.example">x</a>%{x} & {y}'
SHOWN = '&lt;a href="https://planted.example"&gt;x&lt;/a&gt;%&#123;x} &amp; &#123;y}'


def courses(count: int):
    history = pd.DataFrame(
        {"epoch": [1, 2], "loss": [2.0, 1.0], "accuracy": [0.5, 0.6], "val_loss": [2.0, 1.0],
         "val_accuracy": [0.5, 0.6]}
    )  # fmt: skip
    batches = pd.DataFrame(
        {"epoch": [1, 1], "batch": [1, 2], "loss": [2.0, 1.0], "accuracy": [0.1, 0.2],
         "learning_rate": [0.1, 0.1], "pictures_per_second": [9.0, 9.0],
         f"gradient {LINK}": [1.0, 2.0]}
    )  # fmt: skip
    return [cnn.figures.Course(LINK, history, batches, 2) for _ in range(count)]


def figures():
    maps = np.ones((3, 3, 2), np.float32)
    shares = np.full((4, 2), 0.5, np.float32)
    classes = pd.DataFrame({"epoch": [1, 2], LINK: [0.5, 0.6]})
    yield cnn.figures.feature_maps(maps, title=LINK, label=LINK)
    yield cnn.figures.units(maps[0, :, 0], title=LINK, label=LINK)
    yield cnn.figures.matrix(maps[..., 0], title=LINK, rows="unit", columns="input")
    yield cnn.figures.outputs(maps[0, :, 0], title=LINK, label=LINK)
    yield cnn.figures.outputs(maps[0, :2, 0], title=LINK, names=[LINK, "b"])
    form = WeightedSum(np.ones(2), np.ones(2), np.arange(2), np.array(True))
    yield cnn.figures.waterfall_chart(form, title=LINK, each="input", total=LINK).figure()
    yield cnn.figures.histogram(maps, title=LINK, label=LINK)
    yield cnn.figures.probabilities(shares[0], [LINK, "b"], title=LINK)
    values = np.arange(4, dtype=np.float32)
    yield cnn.figures.sweep(values, shares, [LINK, "b"], current=0, title=LINK)
    yield cnn.figures.distances(pd.DataFrame({"place": [0, 1], LINK: [0.0, 1.0]}), title=LINK)
    yield cnn.figures.class_accuracy(classes, title=LINK)
    yield cnn.figures.class_accuracy_of_runs(classes, title=LINK, names=[LINK, "b"])
    for count in (1, 2):
        yield cnn.figures.history(courses(count), quantity="loss", title=LINK)
    yield cnn.figures.learning_rates(courses(2), title=LINK)
    yield cnn.figures.gradients(courses(1)[0], title=LINK)
    yield cnn.figures.throughput(courses(1)[0], title=LINK)


def texts(value, key=""):
    """Every text of a figure, with the name of what holds it."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from texts(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner, key)


@pytest.mark.parametrize("figure", list(figures()), ids=lambda f: str(f.data[0].type))
def test_no_name_in_a_figure_is_markup_or_a_template(figure):
    found = list(texts(json.loads(figure.to_json())))
    assert any(SHOWN in text for _, text in found)
    for key, text in found:
        assert "<a" not in text, (key, text)
        assert "%{x} &" not in text, (key, text)


@given(st.text())
def test_a_plain_name_is_neither_tag_nor_template_and_can_be_read_back(name):
    shown = style.plain(name)
    assert not set("<>{") & set(shown)
    back = shown.replace("&#123;", "{").replace("&gt;", ">").replace("&lt;", "<")
    assert back.replace("&amp;", "&") == name

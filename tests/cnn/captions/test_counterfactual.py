"""Sentences on a change into another class, held against numbers made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from cnn.attribution.counterfactual import WAY, Counterfactual
from cnn.captions import counterfactual as captions
from cnn.captions.caption import Caption

NAMES = ("cat", "dog", "cow")


@pytest.fixture
def made():
    """Four grey pixels, one of which becomes brighter by 51 of 255, and another by one."""
    before = np.zeros((2, 2, 1), np.uint8)
    after = before.copy()
    after[0, 1], after[1, 1] = 51, 1
    shares = np.linspace(0, 1, WAY, dtype=np.float32)
    way = (before + shares[:, None, None, None] * (after - before)).round().astype(np.uint8)
    probabilities = np.stack([0.8 - 0.5 * shares, 0.1 + 0.5 * shares, 0.1 + 0 * shares], axis=1)
    controls = np.stack([after[::-1], after[:, ::-1]])
    return Counterfactual(
        1, before, after, way, probabilities.astype(np.float32), "l2", controls, np.array([0, 0])
    )


def test_what_is_said_before_and_after(made):
    assert captions.said(made, NAMES) == (
        "The network says cat (80.0%) of the picture, and dog (60.0%) after the change."
    )


def test_the_numbers_of_the_change(made):
    assert captions.sizes(made) == [
        ("L1", "0.204"), ("L2", "0.2"), ("1 of 4 pixels changed by more than", "1%"),
        ("largest change", "20.0%"),
    ]  # fmt: skip


def test_a_step_of_the_way(made):
    last = WAY - 1
    assert captions.step_of(made, NAMES, 0) == Caption(
        "0% of the change: the network says cat (80.0%)."
    )
    assert captions.path(made, NAMES, last).notice == (
        "At 100% of it the network says dog (60.0%)."
    )
    assert captions.path(made, NAMES, last).seen.startswith("The probability of each class on the ")
    assert captions.change(made, 0).seen == "Nothing has changed yet."
    assert captions.change(made, last).seen.startswith("Red is brighter")


@pytest.mark.parametrize(
    ("labels", "notice"),
    [
        ([0, 0], "It says cat of all of them: what counts is where, and which way."),
        ([0, 1], "It says cat of 1, and dog of 1."),
        ([2, 1], "It says cat of none, and dog of 1."),
        ([0, 2], "It says cat of 1, and dog of none."),
    ],
)
def test_what_becomes_of_random_changes_of_the_same_size(made, labels, notice):
    told = captions.control(replace(made, labels=np.array(labels)), NAMES)
    assert told.notice == notice
    assert told.seen == (
        "The same amounts at places drawn at random, with random signs: L2 0.2. The network was asked "
        "about 2 such pictures."
    )

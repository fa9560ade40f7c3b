"""Digits drawn on the canvas, in many hands and styles, are recognised."""

import numpy as np
import pytest

import cnn
from tests.drawings.make import RECORDED
from tests.drawings.strokes import FLAGGED_ONES, STYLES


@pytest.fixture(scope="module")
def drawn():
    with np.load(RECORDED) as kept:
        return dict(kept)


@pytest.fixture(scope="module")
def right(drawn, classifier):
    pictures = [cnn.centre_digit(ink) for ink in drawn["ink"]]
    return cnn.batch_probabilities(classifier, pictures).argmax(axis=1) == drawn["labels"]


def test_the_set_has_every_digit_in_every_style(drawn):
    assert len(drawn["ink"]) >= 200
    pairs = set(zip(drawn["labels"].tolist(), drawn["styles"].tolist(), strict=True))
    assert pairs == {(digit, style) for digit in range(10) for style in STYLES}
    assert all(ink.max() == 255 for ink in drawn["ink"])


def test_at_least_95_of_100_are_recognised(right):
    assert right.mean() >= 0.95


@pytest.mark.parametrize("style", STYLES)
def test_no_style_is_left_behind(drawn, right, style):
    others = ~np.isin(drawn["forms"], list(FLAGGED_ONES))
    assert right[others & (drawn["styles"] == style)].mean() >= 0.9


def test_at_least_95_of_100_ones_with_a_flag_and_no_foot_are_recognised(drawn, right):
    flagged = np.isin(drawn["forms"], list(FLAGGED_ONES))
    assert flagged.sum() >= 40
    assert right[flagged].mean() >= 0.95


def test_the_others_are_recognised_as_well_as_before(drawn, right):
    others = ~np.isin(drawn["forms"], list(FLAGGED_ONES))
    assert others.sum() == 220
    assert right[others].mean() >= 0.97


def test_centring_is_what_makes_drawings_off_the_middle_readable(drawn, right, classifier):
    corner = drawn["styles"] == "off-centre"
    pictures = [cnn.shrink(ink) for ink in drawn["ink"][corner]]
    plain = cnn.batch_probabilities(classifier, pictures).argmax(axis=1) == drawn["labels"][corner]
    assert plain.mean() < 0.7 < right[corner].mean()

"""The range in which a network does best is that of its training."""

import numpy as np
import pytest

import cnn
from cnn.captions import pixel_range, range_hint
from cnn.inspection.pixel_ranges import RangeScores


def test_the_range_of_the_training_is_the_best(classifier):
    data = cnn.load_dataset("digits", "test")
    pictures, labels = data.images[:64], np.asarray(data.labels[:64])
    found = cnn.compare_ranges(classifier, pictures, labels)
    assert (found.best, found.pictures, found.measure) == ("0..1", 64, "accuracy")
    model = cnn.models.in_range(classifier, "-1..1")
    said = cnn.batch_probabilities(model, pictures)
    assert found.scores["-1..1"] == pytest.approx(np.mean(said.argmax(axis=1) == labels))
    unlabelled = cnn.compare_ranges(model, pictures)
    assert unlabelled.scores["-1..1"] == pytest.approx(float(said.max(axis=1).mean()))
    assert len(set(unlabelled.scores.values())) == 3
    assert cnn.models.card_of(classifier).range == ""


def test_labels_tell_the_range_where_sureness_does_not_and_no_output_has_a_name(classifier):
    """A network whose sums grow with its pixels is surest where they are largest."""
    data = cnn.load_dataset("digits", "test")
    pictures, labels = data.images[:64], np.asarray(data.labels[:64])
    assert cnn.compare_ranges(classifier, pictures).best == "0..255"
    found = cnn.compare_ranges(classifier, pictures, labels=9 - labels)
    assert (found.best, found.measure) == ("0..1", "telling")
    said = cnn.batch_probabilities(classifier, pictures).argmax(axis=1)
    commonest = [np.bincount(labels[said == one]).max() for one in np.unique(said)]
    assert found.scores["0..1"] == pytest.approx(sum(commonest) / 64)


def test_the_hint_says_what_was_tried():
    scores = {"0..1": 0.97, "-1..1": 0.4, "0..255": 0.12}
    assert range_hint(RangeScores(scores, 64, "accuracy")) == (
        "Recognised of 64 pictures: 97% with 0 to 1, 40% with −1 to 1 and 12% with 0 to 255."
    )
    assert range_hint(RangeScores(scores, 64, "sureness")).startswith(
        "The largest probability, on average over 64 pictures, is 97% with 0 to 1, "
    )
    assert range_hint(RangeScores(scores, 64, "telling")).startswith(
        "Which output stands for which label is not known. If each answer stood for the label that it is "
        "given for most often, these would be recognised of 64 pictures: 97% with 0 to 1, "
    )
    assert pixel_range("") == "as found"
    assert pixel_range("-1..1").startswith("−1 to 1: divided by 127.5")

"""The bundled classifier keeps what its card promises."""

import numpy as np
import pytest

import cnn
from cnn.files import read_json
from cnn.models.card import card_of
from cnn.runs.moments import Moment, within_first_epoch
from cnn.runs.run import Run
from cnn.training.loop import accuracy


@pytest.fixture(scope="module")
def run():
    return Run(cnn.pretrained_run())


@pytest.fixture(scope="module")
def scores(run):
    return cnn.runs.facts(run)["scores"]


@pytest.mark.parametrize("half", ["train", "test"])
def test_the_scores_on_the_embedded_digits_are_those_of_the_card(classifier, scores, half):
    found = accuracy(classifier, cnn.load_dataset("digits", half))
    assert found == pytest.approx(scores[f"digits {half}"], abs=1e-3)
    assert found >= 0.95


def test_the_score_on_mnist_is_that_of_the_card(classifier, scores, mnist_dir):
    data = cnn.load_dataset("mnist", "test", data_dir=mnist_dir)
    found = accuracy(classifier, data)
    assert found == pytest.approx(scores["mnist test"], abs=1e-3)
    assert found >= 0.992


def test_the_history_has_a_row_per_epoch_and_weights_for_each(run):
    epochs = run.config.epochs
    assert run.status.state == "finished"
    assert run.history["epoch"].tolist() == list(range(1, epochs + 1))
    within = [Moment(0, batch) for batch in within_first_epoch(run.status.batches)]
    assert run.moments == tuple(sorted([*map(Moment, range(epochs + 1)), *within]))
    assert len(within) == 9


def test_the_last_weights_are_the_models_in_half_precision(run, classifier):
    for kept, own in zip(run.weights(run.moments[-1]), classifier.get_weights(), strict=True):
        np.testing.assert_allclose(kept, own, rtol=1e-3, atol=1e-3)


def test_the_first_weights_are_the_seeds_initial_ones(run):
    initial = cnn.build_classifier(seed=run.config.seed).get_weights()
    for kept, own in zip(run.weights(Moment(0)), initial, strict=True):
        np.testing.assert_allclose(kept, own, rtol=1e-3, atol=1e-3)


def test_the_card_names_the_command_the_classes_and_the_scale(run, classifier):
    card = card_of(classifier)
    assert card.class_names == tuple("0123456789")
    assert card.scale == pytest.approx(1 / 255)
    facts = read_json(run.path / "model.card.json")["facts"]
    assert facts["command"] == run.config.command()
    assert facts["settings"]["seed"] == run.config.seed

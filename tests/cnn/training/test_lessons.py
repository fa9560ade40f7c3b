"""Every lesson does what its text tells the reader to watch, here on the small digits."""

import math
import re

import numpy as np
import pytest

import cnn
from cnn import Run, RunError, TrainingConfig
from cnn.training import feeding, lessons
from cnn.training.lessons import LESSONS

GUESSING = math.log(10)
# What fits the lesson to 825 pictures instead of 55,000.
SMALLER = {
    "baseline": {"epochs": 4, "batch_size": 32},
    "too-high": {"epochs": 4, "batch_size": 64},
    "too-low": {"epochs": 3, "batch_size": 64},
    "equal": {"epochs": 2, "batch_size": 64},
    "unshuffled": {"epochs": 3, "batch_size": 8, "learning_rate": 0.05, "augment": False},
    "wrong-labels": {"epochs": 20, "batch_size": 32, "learning_rate": 0.003},
    "overfitting": {"epochs": 20},
}


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """Give the run of a lesson, with settings of one's own; each is trained once."""
    runs: dict[str, Run] = {}

    def run_of(lesson: str, **given) -> Run:
        key = f"{lesson}{given}"
        if key not in runs:
            config = lessons.config(lesson, {"dataset": "digits", **SMALLER[lesson], **given})
            runs[key] = cnn.train(config, into=tmp_path_factory.mktemp(lesson) / "run")
            assert runs[key].status.state == "finished"
        return runs[key]

    return run_of


@pytest.fixture(scope="module")
def digits():
    return cnn.load_dataset("digits", "train")


def kernels(run: Run, moment) -> list[np.ndarray]:
    return [weights for weights in run.weights(moment) if weights.ndim == 4]


def furthest_step(run: Run) -> float:
    """The largest change of any weight from the start of the training to its end."""
    first, last = run.weights(run.moments[0]), run.weights(run.moments[-1])
    return max(float(np.abs(b - a).max()) for a, b in zip(first, last, strict=True))


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_has_a_name_two_sentences_and_settings_that_can_be_trained(name, digits):
    lesson = LESSONS[name]
    assert lesson.name
    assert len(re.findall(r"[.](?= |$)", lesson.watch)) == 2
    assert lesson.watch.endswith(".")
    config = lessons.config(name, {"dataset": "digits"})
    config.architecture.check(digits.images.shape[1:], len(digits.class_names))


def test_what_is_given_counts_more_than_the_lesson():
    assert lessons.config("", {"epochs": 3}) == TrainingConfig(epochs=3)
    changed = lessons.config("too-high", {"learning_rate": 0.5, "filters": 8})
    assert (changed.learning_rate, changed.schedule) == (0.5, "constant")
    assert changed.architecture.filters == 8
    assert lessons.config("overfitting", {"dataset": "digits", "share": 0.5}).share == 0.5


def test_a_lesson_that_there_is_not_is_refused_with_those_that_there_are():
    with pytest.raises(RunError, match="no lesson 'golf': choose one of baseline, too-high"):
        lessons.config("golf", {})


def test_a_good_start_falls_fast_at_first_with_the_validation_loss_below(learned):
    history = learned("baseline").history
    falls = -np.diff(history["loss"])
    assert (falls > 0).all()
    assert falls[0] == falls.max()
    assert (history["val_loss"] < history["loss"]).all()


def test_too_high_a_rate_jumps_up_and_ends_where_guessing_does(learned):
    run = learned("too-high")
    assert run.batches["loss"].max() > 10 * GUESSING
    assert run.history["loss"].iloc[-1] == pytest.approx(GUESSING, abs=0.1)
    last = run.batches.iloc[-1]
    assert (last[["gradient conv2d", "gradient conv2d_1"]] == 0).all()
    assert last["gradient dense_1"] > 0


def test_too_low_a_rate_hardly_moves_anything(learned):
    run = learned("too-low")
    assert furthest_step(run) < 0.001 < 0.05 < furthest_step(learned("baseline"))
    assert np.ptp(run.history["loss"]) < 0.02
    for first, last in zip(
        kernels(run, run.moments[0]), kernels(run, run.moments[-1]), strict=True
    ):
        assert np.corrcoef(first.ravel(), last.ravel())[0, 1] > 0.999


def test_equal_weights_make_kernels_that_stay_copies_of_each_other(learned):
    run = learned("equal")
    for moment in run.moments:
        for kernel in kernels(run, moment):
            np.testing.assert_array_equal(kernel, np.broadcast_to(kernel[..., :1], kernel.shape))
    assert furthest_step(run) > 0.001
    assert run.history["val_accuracy"].max() < 0.5
    usual = learned("baseline")
    assert all(k.std(axis=-1).min() > 0 for k in kernels(usual, usual.moments[-1]))


def test_without_shuffling_each_class_is_forgotten_during_the_next(learned):
    run = learned("unshuffled")
    training, _ = feeding.split(cnn.load_dataset("digits", "train"), run.config)
    fed = [labels for _, labels in feeding.batches(training, run.config, 0).as_numpy_iterator()]
    epoch = np.concatenate(fed[: feeding.steps_per_epoch(training, run.config)])
    np.testing.assert_array_equal(epoch, np.sort(training.labels))
    for _, steps in run.batches.groupby("epoch"):
        ups = (steps["loss"] > GUESSING).astype(int).diff().eq(1).sum()
        assert ups >= 5
        assert steps["loss"].min() < 0.1
    assert run.classes.iloc[-1].drop("epoch").tolist() == [0.0] * 9 + [1.0]
    shuffled = learned("unshuffled", order="shuffled")
    assert shuffled.history["val_accuracy"].iloc[-1] > 0.6
    assert run.history["val_accuracy"].max() < 0.3


def test_wrong_labels_are_in_the_training_pictures_only(digits):
    config = lessons.config("wrong-labels", {"dataset": "digits"})
    right, told = (
        feeding.split(digits, c)
        for c in (
            lessons.config("wrong-labels", {"dataset": "digits", "wrong_labels": 0.0}),
            config,
        )
    )
    np.testing.assert_array_equal(told[0].images, right[0].images)
    assert (told[0].labels != right[0].labels).sum() == round(0.4 * len(right[0]))
    np.testing.assert_array_equal(told[1].labels, right[1].labels)
    of = {
        picture.tobytes(): label
        for picture, label in zip(digits.images, digits.labels, strict=True)
    }
    assert all(
        of[picture.tobytes()] == label
        for picture, label in zip(told[1].images, told[1].labels, strict=True)
    )


def test_wrong_labels_are_seen_through_at_first_and_learned_by_heart_later(learned):
    history = learned("wrong-labels").history
    early, late = history.iloc[:10], history.iloc[-1]
    assert early["accuracy"].max() < 0.65
    assert early["val_accuracy"].max() > 0.8
    assert late["accuracy"] > 0.75
    assert late["val_accuracy"] < early["val_accuracy"].max() - 0.1


def test_two_hundred_pictures_are_learned_by_heart(learned, digits):
    run = learned("overfitting")
    training, _ = feeding.split(digits, run.config)
    assert len(training) == 200
    last = run.history.iloc[-1]
    assert last["accuracy"] > 0.99
    assert last["val_accuracy"] < 0.96
    assert last["val_loss"] > 5 * last["loss"]
    assert np.ptp(run.history["val_accuracy"].iloc[-5:]) < 0.1

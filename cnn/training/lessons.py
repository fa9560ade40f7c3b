"""Early lessons: trainings that go wrong in a way worth seeing, ready to run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from reprlib import repr as short
from typing import Any

from cnn.data.datasets import load_dataset
from cnn.errors import RunError
from cnn.runs.configuration import TrainingConfig
from cnn.runs.run import Note
from cnn.training.feeding import VALIDATION_SHARE


@dataclass(frozen=True)
class Lesson:
    """A preset: its name for the reader, two sentences on what to watch, and its settings.

    With `pictures` the share of the data is chosen so that so many are trained on.
    """

    name: str
    watch: str
    settings: dict[str, Any] = field(default_factory=dict)
    pictures: int | None = None


LESSONS = {
    "baseline": Lesson(
        "A good start",
        "Watch the loss fall fast at first and slowly later, with the validation loss below it, as "
        "training is measured while the network still learns, and on varied pictures. Tick this run "
        "beside another to compare the two.",
        {"epochs": 5},
    ),
    "too-high": Lesson(
        "Learning rate too high",
        "Watch the loss jump up, on a logarithmic axis, and then stay near 2.3, which is what "
        "guessing one of ten classes costs. The lines of the convolutions' gradients end, as 0 has no "
        "place on their axis: the first large steps silenced the units for good.",
        {"epochs": 5, "learning_rate": 0.3, "schedule": "constant"},
    ),
    "too-low": Lesson(
        "Learning rate too low",
        "Watch the loss go down along an almost straight, almost flat line; its axis "
        "begins at 0. Nothing is wrong but the size of the steps: the kernels after the last epoch "
        "look like those at the start.",
        {"epochs": 5, "learning_rate": 1e-6, "schedule": "constant"},
    ),
    "equal": Lesson(
        "All weights equal at the start",
        "Watch the Filters page: all kernels of a layer get the same gradient and stay copies of "
        "each other. The network is as wide as one channel, and learns as little as that: it "
        "does not recognise even half of the pictures.",
        {"epochs": 5, "initial": "equal", "activation": "elu"},
    ),
    "unshuffled": Lesson(
        "No shuffling",
        "The pictures come class after class: watch the loss of the batches jump up with each new "
        "class and fall within a few steps, in every epoch. In the end the network takes every "
        "picture for one of the last class, and recognises one in ten of the validation pictures.",
        {
            "epochs": 5, "order": "by_class", "optimizer": "sgd", "learning_rate": 0.01,
            "schedule": "constant",
        },
    ),
    "wrong-labels": Lesson(
        "Wrong labels in 40% of the data",
        "Watch the accuracy on the training pictures stop near 60% while that on the validation "
        "pictures, whose labels are right, goes far above. Later the first rises and the second "
        "falls: the network learns the errors by heart.",
        {"epochs": 30, "wrong_labels": 0.4, "augment": False, "schedule": "constant"},
        pictures=5000,
    ),
    "overfitting": Lesson(
        "Overfitting on 200 pictures",
        "Watch the two losses part: on its 200 pictures the network soon makes no error, on others "
        "it gets no better after that. The gap between the curves is what it has learned by heart.",
        {"epochs": 40, "augment": False, "batch_size": 32, "schedule": "constant"},
        pictures=200,
    ),
}  # fmt: skip


def config(lesson: str, given: dict[str, Any], *, data_dir: Path | None = None) -> TrainingConfig:
    """Return the config of a lesson (or of none, for "") with the settings that are given.

    Raises `RunError` for a lesson that there is not, and for values out of range.
    """
    if not lesson:
        return TrainingConfig.from_flat(given)
    chosen = find(lesson)
    settings = {**chosen.settings, **given}
    if chosen.pictures and "share" not in given:
        dataset = settings.get("dataset", TrainingConfig.dataset)
        count = len(load_dataset(dataset, "train", data_dir=data_dir))
        settings["share"] = min(1.0, chosen.pictures / (count - count // VALIDATION_SHARE))
    return TrainingConfig.from_flat(settings)


def note(lesson: str) -> Note | None:
    """Return what a run of the lesson is called, and what to watch in it; None for no lesson.

    Raises `RunError` for a lesson that there is not.
    """
    return None if lesson == "" else Note(find(lesson).name, find(lesson).watch)


def find(lesson: str) -> Lesson:
    """Return the lesson with that key; `RunError`, with all keys, if there is none."""
    if type(lesson) is not str or lesson not in LESSONS:
        raise RunError(f"There is no lesson {short(lesson)}: choose one of {', '.join(LESSONS)}.")
    return LESSONS[lesson]

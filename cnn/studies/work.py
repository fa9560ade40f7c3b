"""A worker's part of a study: the network and the pictures are loaded, and the answer is found."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from filelock import Timeout
from numpy.typing import NDArray

from cnn.attribution.attributing import explain
from cnn.attribution.counterfactual import CONTROLS, WAY, Search, ahead
from cnn.attribution.methods import METHODS
from cnn.attribution.objective import objective_of
from cnn.attribution.trust.cascade import cascade, count_of_maps
from cnn.attribution.trust.curves import PASSES, curves
from cnn.attribution.trust.linearity import TARGETS, linearity
from cnn.attribution.trust.stability import count_of_repeats, stability
from cnn.data.datasets import Dataset, load_dataset
from cnn.errors import CnnError, ModelError, StudyError, reason
from cnn.files import NO_ROOM
from cnn.inspection.ablation import Score, cost_of_ranking, evaluate_ablation, rank_channels
from cnn.inspection.batches import prepared
from cnn.inspection.diagnosis import Diagnosis, diagnose
from cnn.inspection.top_pictures import TopPictures, top_pictures
from cnn.models.card import class_names, names_classes, outputs_of_classes
from cnn.models.inputs import scale_of
from cnn.models.rows import rows_beside
from cnn.models.surgery import operated
from cnn.runs import heartbeat
from cnn.studies.answers import (
    Answer,
    Channel,
    Evaluation,
    Maps,
    Raised,
    Ranking,
    Scores,
    Trust,
    Turned,
)
from cnn.studies.mapping import cost_of, mapped, options_of, tell_share
from cnn.studies.question import (
    DIAGNOSE,
    EVALUATE,
    MAPS,
    RANK,
    SYNTHESISE,
    TOPS,
    TRUST,
    TURN,
    Asked,
    Kind,
    Question,
)
from cnn.studies.raising import raised
from cnn.studies.study import ACTIVE, Status, Study
from cnn.words import number

if TYPE_CHECKING:
    import keras

_log = logging.getLogger(__name__)
_PATIENCE_SECONDS = 1.0
_SECONDS = 0.25
_BEGINNING = "The first pass, which takes longest."
# A ranking is some minutes of a processor at most, unless its smallest batch takes longer.
_MOST_MULTIPLY_ADDS = 5e12
_LEAST_PICTURES = 64
_MOST_OF_ONE_PASS = 1e12
# Whose pixels stand in for those that are taken away, and that some methods compare with.
_SOME_PICTURES = 64


def work_on(study: Study, *, data_dir: Path | None = None) -> None:
    """Find the answer of a study that is queued, and write it.

    A file named `cancel` in the folder ends it before the next pass. A failure is kept as the
    status, with its reason. Whatever is done already, in hand of another process or gone is passed
    over.
    """
    if not study.exists:
        return
    try:
        with study.hold().acquire(timeout=_PATIENCE_SECONDS):
            # One that was handed back says that it is running: who holds it knows that it is not.
            due = ACTIVE if study.is_handed_back else ("queued",)
            if study.status.state in due:
                study.take_up()
                with heartbeat.beating(study.heartbeat_path):
                    _keep_answer(study, data_dir)
    except Timeout:
        _log.warning("The study %s is worked on by another process.", study.id)


def _keep_answer(study: Study, data_dir: Path | None) -> None:
    """Write the answer, or why there is none."""
    try:
        study.write_status(Status("running", message="Opening the network and the pictures."))
        answer = _found(study, data_dir)
        if answer is None:
            study.write_status(Status("cancelled", message="Cancelled."))
        else:
            study.finish(answer)
    except Exception as error:
        # One that was removed meanwhile is not brought back.
        if study.exists:
            _fail(study, error)


def _fail(study: Study, error: Exception) -> None:
    """Write why there is no answer, if there is room for that."""
    if isinstance(error, CnnError):
        why = str(error)
    elif isinstance(error, OSError) and error.errno in NO_ROOM:
        why = "There was no room on the server's disk: start it again when there is."
    else:
        _log.error("The study %s failed.", study.id, exc_info=error)
        why = f"{type(error).__name__}: {reason(error)}"
    with suppress(OSError):
        study.write_status(Status("failed", message=why))


def _found(study: Study, data_dir: Path | None) -> Answer | None:
    """Return the answer; None where somebody asked to cancel."""
    question = study.question
    model = question.network.load()
    data = load_dataset(question.data, question.split, data_dir=data_dir)
    data = data.without_beside(question.network.fed)
    if data.key != question.data_key:
        raise StudyError(
            f"Files of {data.name} were changed after they were asked about: ask again."
        )
    progress = _Progress(study)
    with suppress(_CancelledError):
        progress.say(_BEGINNING)
        return _WAYS[question.kind](model, question, data, progress)
    return None


def _in_outputs(data: Dataset, model: keras.Model) -> Dataset:
    """Return the pictures with the number of the network's output as the label of each."""
    data.require_labels("telling right from wrong")
    outputs = outputs_of_classes(model, data.class_names, are_own=data.is_own)
    if outputs is None and not names_classes(model):
        raise StudyError(
            f"The network does not say what its classes are, and so nothing is right or wrong of "
            f"{data.name}: name them on a card beside its file."
        )
    if outputs is None:
        raise StudyError(
            f"The network tells other classes apart than {data.name} has: choose a data set whose "
            "classes have the same names."
        )
    return replace(data, labels=outputs[data.labels])


class _Progress:
    """Tells the folder how far a study is, seldom, and the study whether to stop."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._began = self._written = self._shown = 0.0
        self._first = 0

    def tell(self, done: int, count: int) -> None:
        """Write that so many pictures are done; what the first took counts for nothing."""
        now = time.monotonic()
        if not self._first:
            self._began, self._first = now, done
        if now - self._written < _SECONDS:
            return
        self._written = now
        rate = (done - self._first) / (now - self._began) if now > self._began else 0.0
        left = (count - done) / rate if rate else None
        self._study.write_status(Status("running", done=done, all=count, seconds_left=left))

    def tell_or_stop(self, done: int, count: int) -> None:
        """Write that so many of them are done; raise where somebody asked to cancel."""
        self._stop_if_asked()
        self.tell(done, count)

    def say(self, message: str) -> None:
        """Write what is done before there is anything to count; raise where somebody asked to cancel."""
        self._stop_if_asked()
        self._study.write_status(Status("running", message=message))

    def show(self, made: Callable[[], Answer]) -> None:
        """Write what it has come to so far, seldom."""
        now = time.monotonic()
        if now - self._shown >= _SECONDS:
            self._shown = now
            self._study.write_so_far(made())

    def _stop_if_asked(self) -> None:
        if self.is_over():
            raise _CancelledError

    def is_over(self) -> bool:
        """Whether somebody asked to cancel."""
        return self._study.is_cancelled


def _evaluated(
    model: keras.Model, question: Question, data: Dataset, progress: _Progress
) -> Evaluation | None:
    data = _in_outputs(data, model)
    pictures, places = data.readable(range(len(data)))
    effect = evaluate_ablation(
        model, question.operations, pictures, data.labels[places],
        given=rows_beside(model, data.beside, places.tolist()),
        on_progress=progress.tell, should_stop=progress.is_over,
    )  # fmt: skip
    if effect is None:
        return None
    names = class_names(model)
    counts = np.bincount(data.labels[places], minlength=len(names))
    return Evaluation(
        pictures=len(places), of=len(data), names=list(names), counts=counts.tolist(),
        before=_scores(effect.before), after=_scores(effect.after),
    )  # fmt: skip


def _ranked(
    model: keras.Model, question: Question, data: Dataset, progress: _Progress
) -> Ranking | None:
    data = _in_outputs(data, model)
    count = _affordable(cost_of_ranking(model, question.layer), len(data))
    pictures, places = data.readable(_spread(count, len(data)))
    table = rank_channels(
        model, pictures, data.labels[places], layer=question.layer,
        given=rows_beside(model, data.beside, places.tolist()),
        on_progress=progress.tell, should_stop=progress.is_over,
    )  # fmt: skip
    if table is None:
        return None
    first = table.iloc[0]
    _require_numbers(table["loss_after"])
    return Ranking(
        pictures=len(places), of=len(data), layer=question.layer,
        accuracy=float(first["accuracy_before"]), loss=float(first["loss_before"]),
        channels=[
            Channel(int(channel), float(cost), float(accuracy), float(loss))
            for channel, cost, accuracy, loss in zip(
                table["channel"], table["cost"], table["accuracy_after"], table["loss_after"],
                strict=True,
            )
        ],
    )  # fmt: skip


def _diagnosed(
    model: keras.Model, question: Question, data: Dataset, progress: _Progress
) -> Diagnosis:
    network = _changed(model, question)
    return diagnose(network, data, budget=_MOST_OF_ONE_PASS, on_progress=progress.tell_or_stop)


def _trusted(model: keras.Model, question: Question, data: Dataset, progress: _Progress) -> Trust:
    asked = _asked(question)
    network = _changed(model, question)
    batch = scale_of(network).applied(asked.pixels[None])
    wanted, pictures = asked.maps[0], _some(data)
    objective = objective_of(network, batch, wanted.target)
    method, options = wanted.method, options_of(wanted, pictures)
    counts = [1, count_of_maps(network), count_of_repeats(method)]
    counts += [TARGETS] if METHODS[method].is_linear else []
    first, *others = (cost_of(wanted, batch) * count for count in counts)
    costs = [first, PASSES, *others]

    def share_told(place: int) -> Callable[[float, int], None]:
        tell = partial(tell_share, progress.tell_or_stop, costs, place)
        return lambda done, count: tell(done / count)

    progress.say("The map that is tried.")
    found = explain(objective, batch, method, options, lambda done: share_told(0)(done, 1))
    plane = found.plane
    return Trust(
        curves=curves(
            objective, batch, plane, data=prepared(network, pictures),
            on_progress=share_told(1),
        ),
        cascade=cascade(
            objective, batch, method, options, first=plane, on_progress=share_told(2),
        ),
        stability=stability(
            objective, batch, method, options, first=plane, on_progress=share_told(3),
        ),
        linearity=linearity(
            objective, batch, method, options, on_progress=share_told(4),
        ),
        law=found.law,
    )  # fmt: skip


def _exciting(
    model: keras.Model, question: Question, data: Dataset, progress: _Progress
) -> TopPictures:
    network = _changed(model, question)
    return top_pictures(
        network, data, layer=question.layer, cell=question.cell, budget=_MOST_OF_ONE_PASS,
        on_progress=progress.tell_or_stop,
    )  # fmt: skip


def _raised(model: keras.Model, question: Question, data: Dataset, progress: _Progress) -> Raised:
    if question.sought is None:
        raise StudyError("No unit was asked about: choose a channel, then ask again.")
    network = _changed(model, question)
    return raised(network, question.sought, data, progress)


def _mapped(model: keras.Model, question: Question, data: Dataset, progress: _Progress) -> Maps:
    asked = _asked(question)
    network = _changed(model, question)
    return mapped(network, asked, _some(data), progress.tell_or_stop)


def _turned(model: keras.Model, question: Question, _data: Dataset, progress: _Progress) -> Turned:
    if question.turn is None or question.asked is None:
        raise StudyError("No class was asked for: choose one and a picture, then ask again.")
    network, turn = _changed(model, question), question.turn
    search = Search(network, question.asked.pixels, target=turn.target, norm=turn.norm)
    while not search.is_over:
        if len(search.said):
            progress.tell_or_stop(len(search.said), WAY + CONTROLS)
        else:
            progress.say(_step_in_words(search.missing))
        search.go_on(network, seconds=0)
    return Turned.of(search.found, search.said)


def _step_in_words(missing: Sequence[float]) -> str:
    if not missing:
        return "The first step towards the class."
    last = missing[-1]
    where = f"{number(last)} below the one that wins" if last > 0 else ahead(last)
    return f"Step {len(missing) + 1}: before the last its score was {where}."


def _changed(model: keras.Model, question: Question) -> keras.Model:
    """Return the network with the changes of its channels that were asked about."""
    return operated(model, question.operations) if question.changes else model


def _asked(question: Question) -> Asked:
    if question.asked is None or not question.asked.maps:
        raise StudyError("No map was asked about: choose a method and a picture, then ask again.")
    return question.asked


def _some(data: Dataset) -> list[NDArray[np.uint8]]:
    """Return some pictures, evenly over all of them."""
    pictures, _ = data.readable(_spread(min(_SOME_PICTURES, len(data)), len(data)))
    return pictures


class _CancelledError(Exception):
    """Somebody asked to cancel."""


_WAYS: dict[Kind, Callable[..., Answer | None]] = {
    EVALUATE: _evaluated,
    RANK: _ranked,
    DIAGNOSE: _diagnosed,
    TRUST: _trusted,
    TOPS: _exciting,
    SYNTHESISE: _raised,
    MAPS: _mapped,
    TURN: _turned,
}


def _affordable(cost: float, count: int) -> int:
    """Return over how many of the pictures a ranking goes that costs so much for each of them."""
    if not count:
        raise StudyError("The data set has no pictures: choose another.")
    return min(count, max(_LEAST_PICTURES, int(_MOST_MULTIPLY_ADDS // max(cost, 1))))


def _spread(count: int, total: int) -> NDArray[np.int64]:
    """Return the places of `count` of `total` pictures, evenly over all of them."""
    return np.arange(count) * total // count


def _scores(score: Score) -> Scores:
    _require_numbers([score.loss])
    classes = [None if math.isnan(one) else float(one) for one in score.class_accuracy]
    return Scores(score.accuracy, score.loss, classes)


def _require_numbers(losses: Iterable[float]) -> None:
    if not all(map(math.isfinite, losses)):
        raise ModelError(
            "With these changes the network's loss is no number any more: change channels by less."
        )

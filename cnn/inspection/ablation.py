"""What a network loses with some of its channels: of one picture, and over many.

To switch units off, or to hold them at their mean, and to measure what is lost, is the method of
Morcos, Barrett, Rabinowitz & Botvinick 2018, arXiv:1803.06959.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from cnn.errors import DatasetError, LayerError
from cnn.inspection.batches import batch_size, fed, filled, part_of, prepared
from cnn.inspection.predictions import Prediction
from cnn.models import heads
from cnn.models.card import class_names
from cnn.models.compilation import compiled_once
from cnn.models.cut import Cut, cut
from cnn.models.layers import layer_infos
from cnn.models.preparing import prepare
from cnn.models.rows import Given, checked
from cnn.models.surgery import Affine, Changes, Tables, changeable, channel_of, tables_of
from cnn.words import counted

if TYPE_CHECKING:
    import keras
    import pandas as pd

_FRONT = "_cnn_before_cut"
_ANSWER = "_cnn_answer_behind_cut"
_JUDGE = "_cnn_judgement_behind_cut"
T = TypeVar("T")
Progress = Callable[[int, int], None]
# n of what `prepare` takes.
Pictures = Sequence[Any] | NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Effect(Generic[T]):
    """Something about a network `before` and `after` channels were changed."""

    before: T
    after: T


@dataclass(frozen=True, eq=False)
class Score:
    """How well a network tells some pictures.

    `accuracy` is the share of the pictures whose largest probability is that of their class, `loss`
    the mean of -log p of that class's probability p. `class_accuracy` (classes,) is the accuracy
    over the pictures of each class, NaN where there are none.
    """

    accuracy: float
    loss: float
    class_accuracy: NDArray[np.float64]


def ablation_effect(model: keras.Model, channels: Changes, image: Any) -> Effect[Prediction]:
    """Return what the model says of a picture before and after some channels are changed.

    After is what the network says that `ablate` makes with the same `channels`; but nothing is
    compiled anew where only numbers and channels differ, and not layers. `image` is what `prepare`
    takes. Raises `LayerError` as `ablate` does, and for a layer that the prediction does not follow;
    `ImageError` for what is no picture.
    """
    trials = _before_and_after(model, channels)
    parts = _cut(model, trials[0])
    crossing = _front(model, parts.names)(prepare(image, model))
    answer = compiled_once(model, f"{_ANSWER} {parts.names}", _answering(model, parts), by_xla=True)
    return Effect(
        *(Prediction.of(model, *answer(*crossing, *_numbers(tables))) for tables in trials)
    )


def mean_replacement(
    model: keras.Model,
    pictures: Pictures,
    *,
    layer: str,
    channels: Iterable[int],
    given: Given | None = None,
) -> dict[int, Affine]:
    """Return the change, by channel, that holds channels of a layer call at their means.

    The mean of a channel is over all its cells and all pictures. The change is for `ablate`:
    `{layer: mean_replacement(model, pictures, layer=layer, channels=[3])}`. A picture is what
    `prepare` takes, and `given` what `batch_probabilities` takes, as its errors are. Raises `LayerError`
    for a layer or a channel that the model does not have, and `DatasetError` for no pictures.
    """
    info = changeable(model, layer)
    wanted = [channel_of(info, channel) for channel in channels]
    _require_pictures(pictures)
    parts = cut(model, [layer])
    total, cells = np.zeros(info.channels), 0
    for places, crossing in _crossings(model, parts, pictures, given):
        output = np.asarray(crossing[0], np.float64)[: len(places)].reshape(-1, info.channels)
        total, cells = total + output.sum(axis=0), cells + len(output)
    return {channel: Affine(0.0, float(total[channel] / cells)) for channel in wanted}


def evaluate_ablation(
    model: keras.Model,
    channels: Changes,
    pictures: Pictures,
    labels: Sequence[int] | NDArray[np.integer],
    *,
    given: Given | None = None,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Effect[Score] | None:
    """Return how well the network tells pictures before and after some channels are changed.

    `channels` is what `ablate` takes, `pictures` are n of what `prepare` takes and `labels` their
    n classes. `given` is what `batch_probabilities` takes, as its errors are. What the change does not
    reach is computed once, in batches of at most 64, and only what is behind it twice.
    `on_progress(done, all)` counts pictures, those of a batch as far as it is. None where
    `should_stop()`, asked before each pass of a batch, says so.

    Raises `LayerError` as `ablate` does, and for a layer that is not before the class probabilities;
    `ModelError` for a model without class probabilities, and `DatasetError` for labels that are not
    those of the pictures.
    """
    trials = _before_and_after(model, channels)
    scores = _scores(model, trials, pictures, labels, given, on_progress, should_stop)
    return None if scores is None else Effect(*scores)


def rank_channels(
    model: keras.Model,
    pictures: Pictures,
    labels: Sequence[int] | NDArray[np.integer],
    *,
    layer: str,
    given: Given | None = None,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> pd.DataFrame | None:
    """Return a table of what the loss of each channel of a layer call costs, the costliest first.

    There is a row per channel, which alone is switched off. Its columns are `channel`; `cost`, how
    much the loss rises; `accuracy_before`, `accuracy_after`, `loss_before` and `loss_after`, as in
    `Score`; and for each class the same, by its number, as `accuracy_before_7` and
    `accuracy_after_7`. Everything else, and the errors, are those of `evaluate_ablation`.
    """
    import pandas as pd

    count = changeable(model, layer).channels
    trials = [tables_of(model, {layer: off}) for off in ({}, *({i: 0.0} for i in range(count)))]
    scores = _scores(model, trials, pictures, labels, given, on_progress, should_stop)
    if scores is None:
        return None
    before, *after = scores
    table = pd.DataFrame([{"channel": i, **_row(before, score)} for i, score in enumerate(after)])
    return table.sort_values("cost", ascending=False, kind="stable", ignore_index=True)


def cost_of_ranking(model: keras.Model, layer: str) -> int:
    """Return how often a weight is multiplied and added to rank the channels over one picture.

    What is behind the layer call counts once for each channel, as far as sizes are known. Raises
    `LayerError` as `rank_channels` does.
    """
    count = changeable(model, layer).channels
    costs = {info.name: info.multiply_adds or 0 for info in layer_infos(model)}
    parts = cut(model, [layer])
    before, behind = (
        sum(costs[call.name] for call in calls) for calls in (parts.before, parts.behind)
    )
    return before + (1 + count) * behind


def _before_and_after(model: keras.Model, channels: Changes) -> list[Tables]:
    return [tables_of(model, {layer: {} for layer in channels}), tables_of(model, channels)]


def _row(before: Score, after: Score) -> dict[str, float]:
    row = {
        "cost": after.loss - before.loss,
        "accuracy_before": before.accuracy,
        "accuracy_after": after.accuracy,
        "loss_before": before.loss,
        "loss_after": after.loss,
    }
    of_classes = zip(before.class_accuracy, after.class_accuracy, strict=True)
    for class_, (earlier, later) in enumerate(of_classes):
        row |= {f"accuracy_before_{class_}": earlier, f"accuracy_after_{class_}": later}
    return row


def _scores(
    model: keras.Model,
    trials: Sequence[Tables],
    pictures: Pictures,
    labels: Sequence[int] | NDArray[np.integer],
    given: Given | None,
    on_progress: Progress | None,
    should_stop: Callable[[], bool] | None,
) -> list[Score] | None:
    """Return a score for each of the trials, which change the same layers; None if stopped."""
    heads.require_classes(model, "What is lost with a channel")
    parts = _cut(model, trials[0])
    classes = _checked_labels(model, pictures, labels)
    judge = compiled_once(model, f"{_JUDGE} {parts.names}", _judging(model, parts), by_xla=True)
    predicted = np.zeros((len(trials), len(classes)), np.int64)
    losses = np.zeros((len(trials), len(classes)), np.float32)
    for places, crossing in _crossings(model, parts, pictures, given):
        for trial, tables in enumerate(trials):
            if should_stop and should_stop():
                return None
            right = filled(classes[places], len(crossing[0]))
            largest, loss = judge(right, *crossing, *_numbers(tables))
            predicted[trial, places] = largest.numpy()[: len(places)]
            losses[trial, places] = loss.numpy()[: len(places)]
            if on_progress:
                done = len(places) * (trial + 1) // len(trials)
                on_progress(places.start + done, len(classes))
    count = len(class_names(model))
    return [_score(*found, classes, count) for found in zip(predicted, losses, strict=True)]


def _crossings(
    model: keras.Model, parts: Cut, pictures: Pictures, given: Given | None
) -> Iterator[tuple[range, list[Any]]]:
    """Yield the places of a batch of pictures, and the tensors that cross the cut for them.

    The last are filled up with zeros.
    """
    size, given = batch_size(layer_infos(model)), checked(model, given, len(pictures))
    for start in range(0, len(pictures), size):
        places = range(start, min(start + size, len(pictures)))
        few = [pictures[place] for place in places]
        beside = part_of(given, slice(places.start, places.stop))
        front = _front(fed(model, few, beside, size=size), parts.names)
        yield places, front(filled(prepared(model, few), size))


def _front(model: keras.Model, names: tuple[str, ...]) -> Callable[..., Any]:
    """Return a function that gives the tensors that cross the cut behind these calls."""
    return compiled_once(
        model, f"{_FRONT} {names}", lambda batch: cut(model, names).front(batch), by_xla=True
    )


def _numbers(tables: Tables) -> list[NDArray[np.float32]]:
    """Return the factor and the offset of each layer, one after the other."""
    return [numbers for both in tables.values() for numbers in both]


def _answering(model: keras.Model, parts: Cut) -> Callable[..., Any]:
    """Return a function that gives the probabilities, and the logits or None, both (n, classes).

    It takes the tensors that cross the cut, and the `_numbers` of the cut layers.
    """
    head, crossing = heads.head_of(model), len(parts.crossing)

    def answer(*tensors: Any) -> tuple[Any, Any]:
        numbers = tensors[crossing:]
        changes = dict(zip(parts.names, zip(numbers[::2], numbers[1::2], strict=True), strict=True))
        visits = parts.rest(tensors[:crossing], changes)
        final = next(output for name, _, _, output in visits if name == head.last)
        return heads.read(head, final, visits)

    return answer


def _judging(model: keras.Model, parts: Cut) -> Callable[..., Any]:
    """Return a function that gives the predicted classes and the losses, both (n,).

    It takes the labels (n,), and what `_answering` does.
    """
    import tensorflow as tf

    answer = _answering(model, parts)

    def judge(labels: Any, *tensors: Any) -> tuple[Any, Any]:
        probabilities, logits = answer(*tensors)
        return tf.argmax(probabilities, -1), heads.cross_entropy(probabilities, logits, labels)

    return judge


def _score(
    predicted: NDArray[np.int64],
    losses: NDArray[np.float32],
    labels: NDArray[np.int32],
    classes: int,
) -> Score:
    is_right = predicted == labels
    counts = np.bincount(labels, minlength=classes)
    right = np.bincount(labels, is_right, minlength=classes)
    with np.errstate(invalid="ignore"):
        by_class = right / counts
    return Score(float(is_right.mean()), float(losses.mean(dtype=np.float64)), by_class)


def _cut(model: keras.Model, names: Iterable[str]) -> Cut:
    """Return the model cut behind the layer calls; `LayerError` if one is not before the prediction."""
    names = tuple(names)
    if not names:
        raise LayerError("No layer was given: name channels to change, as in {'conv2d': {3: 0.0}}.")
    deciding = heads.head_of(model).deciding
    for name in names:
        if deciding not in {call.name for call in cut(model, [name]).behind}:
            raise LayerError(
                f"What is lost with a channel of {name!r} cannot be said: the prediction is made by "
                f"{deciding!r}, which does not read it. Choose a layer before {deciding!r}."
            )
    return cut(model, names)


def _require_pictures(pictures: Pictures) -> None:
    if not len(pictures):
        raise DatasetError("No pictures were given: expected at least one. Choose a data set.")


def _checked_labels(
    model: keras.Model,
    pictures: Pictures,
    labels: Sequence[int] | NDArray[np.integer],
) -> NDArray[np.int32]:
    """Return the labels as an array (n,); `DatasetError` where they are not those of the pictures."""
    _require_pictures(pictures)
    found, count = np.asarray(labels), len(class_names(model))
    if found.shape != (len(pictures),):
        raise DatasetError(
            f"{counted(found.size, 'label')} came with {counted(len(pictures), 'picture')}: give one "
            "for each picture."
        )
    is_whole = found.dtype.kind in "iu"
    if not is_whole or found.min() < 0 or found.max() >= count:
        came = f"from {found.min()} to {found.max()}" if is_whole else f"of type {found.dtype}"
        raise DatasetError(
            f"The labels are {came}: give the numbers of the model's classes, 0 to {count - 1}."
        )
    return found.astype(np.int32)

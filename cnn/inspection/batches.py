"""What the model says of many pictures at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.errors import ImageError
from cnn.images.pixels import as_pixels, fit
from cnn.models import graph, heads
from cnn.models.card import card_of, class_names
from cnn.models.compilation import compiled_once
from cnn.models.further import Further, further_inputs, with_rows
from cnn.models.inputs import input_shape, scale_of
from cnn.models.layers import LayerInfo, layer_infos
from cnn.models.rows import Given, checked
from cnn.models.scales import Scale
from cnn.models.sizes import size_for

if TYPE_CHECKING:
    import keras

SIZE = 64
# In the output of one layer for a batch: 64 MB.
_MOST_NUMBERS = 16_000_000
_PROBABILITIES = "_cnn_probabilities"


def outputs(model: keras.Model, batch: Any) -> tuple[Any, Any]:
    """Return (probabilities, logits), tensors (n, classes), for a tensor of prepared pictures.

    The logits are the sums before the last activation, None where the last layer does not show
    them.
    """
    visits: list[tuple[str, Any, list[Any], Any]] = []
    final = graph.run(model, batch, lambda *visit: visits.append(visit))
    return heads.read(heads.head_of(model), final, visits)


def batch_probabilities(
    model: keras.Model, images: Iterable[Any], *, given: Given | None = None
) -> NDArray[np.float32]:
    """Return what the model says of each picture, float32 (n, classes), in compiled passes of 64.

    A picture is what `prepare` takes, and is prepared as it does. Fewer than 64 are filled up, so
    that no other number of pictures needs another compilation. Of a network with large layers the
    passes are of fewer pictures: see `batch_size`. `given` has what further inputs get with each picture,
    by their names; with None they get what they get without. Raises `ImageError` for what is no
    picture, and for pictures of different sizes where the model takes any size; `ModelError` for what is
    given to no further input, or not with each picture.
    """
    pictures = list(images)
    given = checked(model, given, len(pictures))
    batch = prepared(model, pictures)
    probabilities = np.empty((len(batch), len(class_names(model))), np.float32)
    size = batch_size(layer_infos(model))
    for start in range(0, len(batch), size):
        chunk = batch[start : start + size]
        few = slice(start, start + size)
        compiled = _compiled(fed(model, pictures[few], part_of(given, few), size=size))
        probabilities[start : start + size] = compiled(filled(chunk, size)).numpy()[: len(chunk)]
    return probabilities


def _compiled(model: keras.Model) -> Callable[..., Any]:
    return compiled_once(model, _PROBABILITIES, lambda chunk: outputs(model, chunk)[0], by_xla=True)


def fed(
    model: keras.Model,
    pictures: Iterable[Any],
    given: Given,
    *,
    size: int,
    scale: Scale | None = None,
) -> keras.Model:
    """Return the model whose further inputs get what is given with each of some pictures.

    It takes `size` pictures, of which those behind these get zeros; the model itself is returned
    where it has no such input. What is given and is a picture is scaled as the model's, or by `scale`.
    """
    scale, rows = scale or scale_of(model), {}
    for one in further_inputs(model) if given else ():
        if one.name in given:
            pairs = zip(given[one.name], pictures, strict=True)
            each = [_row(one, row, picture, scale) for row, picture in pairs]
            rows[one.name] = filled(np.stack(each), size)
    return with_rows(model, rows) if rows else model


def part_of(given: Given, few: slice) -> Given:
    """Return what further inputs get with a few of the pictures."""
    return {name: rows[few] for name, rows in given.items()}


def _row(one: Further, given: Any, picture: Any, scale: Scale) -> NDArray[np.float32]:
    """Return what an input gets with a picture: what is given, else what the model has, or the same."""
    if given is None and one.given is not None:
        return one.given
    return one.taken(picture if given is None else given, scale)


def batch_size(infos: Iterable[LayerInfo]) -> int:
    """Return how many pictures are computed at once: 64, fewer where layers are large."""
    return min(SIZE, most_at_once(infos))


def most_at_once(infos: Iterable[LayerInfo]) -> int:
    """Return how many pictures fit in one pass, one at least: no layer gives more than 64 MB for them."""
    largest = max(prod(side or 1 for side in info.output_shape) for info in infos)
    return max(1, _MOST_NUMBERS // largest)


def filled(chunk: NDArray[Any], size: int = SIZE) -> NDArray[Any]:
    """Return an array of at most `size` rows with rows of zeros after them, so many in all."""
    full = np.zeros((size, *chunk.shape[1:]), chunk.dtype)
    full[: len(chunk)] = chunk
    return full


def fitted_pictures(model: keras.Model, images: Iterable[Any]) -> NDArray[np.uint8]:
    """Return the pictures in the model's size, uint8 (n, height, width, channels), not scaled yet.

    Raises `ImageError` as `batch_probabilities` does.
    """
    height, width, channels = input_shape(model)
    pictures = [as_pixels(image) for image in images]
    if not pictures:
        return np.zeros((0, height or 1, width or 1, channels), np.uint8)
    colours = card_of(model).colours
    fitted = [fit(p, *size_for(model, *p.shape[:2]), channels, colours) for p in pictures]
    shapes = {picture.shape for picture in fitted}
    if len(shapes) > 1:
        raise ImageError(
            f"Pictures of {len(shapes)} sizes were given to a model that takes any size: expected "
            "one size in a batch. Resize them, or ask for one at a time."
        )
    return np.stack(fitted)


def prepared(model: keras.Model, images: Iterable[Any]) -> NDArray[np.float32]:
    """Return the pictures as the model takes them, float32 (n, height, width, channels).

    Raises `ImageError` as `batch_probabilities` does.
    """
    return scale_of(model).applied(fitted_pictures(model, images))

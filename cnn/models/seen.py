"""How much of the picture a cell of each layer sees, found in one walk through all readings.

It is what `cnn.models.fields` finds for single cells, said of the layer: the height and the width of the
smallest rectangle around what one of its cells reads, for the cell that reads most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, get_args

import numpy as np

from cnn.errors import CnnError
from cnn.models.inputs import input_shape
from cnn.models.internals import require_graph
from cnn.models.reading import NOTHING, Certainty, cells
from cnn.models.sizes import Size
from cnn.models.twins import kept_for_twins
from cnn.models.windows import Places
from cnn.models.wiring import Step, wiring_of

if TYPE_CHECKING:
    import keras

_SEEN = "_cnn_seen"
_CERTAINTIES: tuple[Certainty, ...] = get_args(Certainty)
# The sides of pictures for models that take any, and the share of what is added that is seen too where
# all is seen: strides may leave a border out.
_SIDES = (512, 768)
_NEARLY_ALL = 0.9
# How many axes a batch of pictures has.
_PICTURES = 4


@dataclass(frozen=True)
class Seen:
    """What one cell of a layer sees: (height, width) in pixels, and how surely.

    `is_whole` says that it is all rows and columns of the picture. The size is None where it depends on
    that of the picture.
    """

    size: tuple[int, int] | None
    is_whole: bool
    certainty: Certainty


SEES_NOTHING = Seen((0, 0), is_whole=False, certainty="exact")


def seen(model: keras.Model) -> Mapping[str, Seen]:
    """Return what each layer that leads on from the picture sees, found once for the model's twins.

    Layers that it is not told of have their numbers from elsewhere. Where the model leaves a side open,
    what is seen of it is the same for two sides, or all. It is empty where the input is no picture, and
    where the readings cannot be found.
    """
    kept = kept_for_twins(model)
    if _SEEN not in kept:
        kept[_SEEN] = _seen(model)
    found: Mapping[str, Seen] = kept[_SEEN]
    return found


def _seen(model: keras.Model) -> Mapping[str, Seen]:
    require_graph(model)
    if len(model.inputs[0].shape) != _PICTURES:
        return {}
    height, width, _ = input_shape(model)
    if height and width:
        return _seen_of(model, (height, width))
    sizes = [(height or side, width or side) for side in _SIDES]
    small, large = (_seen_of(model, size) for size in sizes)
    return {name: _of_any(small[name], large[name], *sizes) for name in small if name in large}


def _of_any(small: Seen, large: Seen, *pictures: Size) -> Seen:
    """Return what is seen of pictures of any size, by what is seen of two."""
    if small.size == large.size:
        return small
    sides = zip(small.size or (), large.size or (), *pictures, strict=True)
    return replace(small, size=None, is_whole=all(_is_all(*side) for side in sides))


def _is_all(seen_of_small: int, seen_of_large: int, small: int, large: int) -> bool:
    """Whether a side is seen as far as it goes."""
    added = seen_of_large - seen_of_small
    return seen_of_small == small or added > _NEARLY_ALL * (large - small) > 0


def _seen_of(model: keras.Model, size: Size) -> Mapping[str, Seen]:
    """Return what is seen of a picture of that size."""
    try:
        wiring = wiring_of(model, size)
    except CnnError:
        return {}
    height, width = cells(wiring.shapes[wiring.picture])
    boxes = {wiring.picture: _Boxes.of_pixels(height, width)}
    for step in reversed(wiring.backwards):
        if step.end in boxes:
            new = boxes[step.end].through(step, len(wiring.shapes[step.origin]))
            boxes[step.origin] = boxes[step.origin].with_(new) if step.origin in boxes else new
    return {name: found.seen((height, width)) for name, found in boxes.items()}


@dataclass(frozen=True, eq=False)
class _Boxes:
    """The rectangle of pixels that each number of a layer sees, its sides one by one.

    The `sides` are the first row and column, and the last ones with their signs exchanged, so that the
    least of several is that of all. They have the rank of the layer's output.
    """

    sides: tuple[Places, ...]
    certainty: Certainty = "exact"

    @staticmethod
    def of_pixels(height: int, width: int) -> _Boxes:
        rows, columns = np.arange(height)[:, None, None], np.arange(width)[None, :, None]
        return _Boxes((rows, columns, -rows, -columns))

    def through(self, step: Step, rank: int) -> _Boxes:
        """Return the rectangles of a layer that reads this one, and whose output has so many axes."""
        read = map(step.reading.least, self.sides)
        sides = tuple(side.reshape((1,) * (rank - side.ndim) + side.shape) for side in read)
        return _Boxes(sides, _worst(self.certainty, step.reading.certainty))

    def with_(self, other: _Boxes) -> _Boxes:
        """Return the rectangles around these and those of another input."""
        sides = tuple(map(np.minimum, self.sides, other.sides))
        return _Boxes(sides, _worst(self.certainty, other.certainty))

    def seen(self, picture: tuple[int, ...]) -> Seen:
        """Return the size of the largest rectangle around what all channels of a cell see."""
        of_cells = (
            side.min(axis=-1, initial=NOTHING) if side.ndim > 1 else side for side in self.sides
        )
        top, left, bottom, right = of_cells
        sizes = (1 - top - bottom, 1 - left - right)
        height, width = (int(size.max(initial=0)) for size in sizes)
        return Seen((height, width), (height, width) == picture, self.certainty)


def _worst(*certainties: Certainty) -> Certainty:
    return max(certainties, key=_CERTAINTIES.index)

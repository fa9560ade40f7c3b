"""What every layer reads, as data so small that a browser follows it while a pointer moves.

`cnn.models.fields` follows the same readings with masks of cells. Here they are told as JSON holds them:
where a layer reads along each axis by itself, which is nearly always, four numbers say it for the axis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from cnn.models.reading import NOWHERE, Along, Axis, Certainty, Channels, Everything, Moved, Reading
from cnn.models.sizes import Size
from cnn.models.windows import Places, inside
from cnn.models.wiring import Step, wiring_of

if TYPE_CHECKING:
    import keras

_CERTAINTIES: tuple[Certainty, ...] = get_args(Certainty)


def field_table(model: keras.Model, *, size: Size | None = None) -> dict[str, Any]:
    """Return what each layer of the model reads, for pictures of `size` (height, width).

    `certainties` are the words for how sure a reading is, the surest first, `picture` is the name of the
    input layer, and `layers` are all of them in graph order. Each has its `name`, its `shape` without
    the batch, and what it `reads`, per input:

    - `source`: which of the layers;
    - `certainty`: which of the certainties;
    - `how`: "everything", "moved" with its `terms`, or "along" with its `axes`. An axis is None where
      each place reads the one in its place; with `start`, `stride`, `apart` and `count` place i reads
      start + stride i + apart k for k < count, as far as there are such places; `places` are those that
      each place reads, one by one. Terms are numbers along each axis of the layer, which add up to the
      one of the source that is read there, counted through from 0: start + stride i for place i, or
      `places`, None where none is read;
    - `channels`, unless it is moved: from the `first` on, `count` of them read this source. They,
      and the channels of the source, stand in as many `groups`, of which each reads its own. Where
      they are put in another order they are an axis as the others are.

    Raises `LayerError` where the model leaves the size open and none is given.
    """
    wiring = wiring_of(model, size)
    numbers = {name: number for number, name in enumerate(wiring.shapes)}
    layers: list[dict[str, Any]] = [
        {"name": name, "shape": shape, "reads": []} for name, shape in wiring.shapes.items()
    ]
    for step in reversed(wiring.backwards):
        layers[numbers[step.origin]]["reads"].append(_read(step, numbers[step.end]))
    return {"certainties": list(_CERTAINTIES), "picture": wiring.picture, "layers": layers}


def _read(step: Step, source: int) -> dict[str, Any]:
    return {
        "source": source,
        "certainty": _CERTAINTIES.index(step.reading.certainty),
        **_told(step.reading),
    }


def _told(reading: Reading) -> dict[str, Any]:
    if isinstance(reading, Moved):
        return {"how": "moved", "terms": [_term(term) for term in reading.terms]}
    if isinstance(reading, Along):
        axes = [axis and _axis(axis) for axis in reading.axes]
        return {"how": "along", "axes": axes, "channels": _channels(reading.channels)}
    assert isinstance(reading, Everything)
    return {"how": "everything", "channels": _channels(reading.channels)}


def _term(term: Places) -> dict[str, Any]:
    start, stride = int(term[0]), int(term[:2][-1] - term[0])
    if NOWHERE not in term and np.array_equal(term, start + stride * np.arange(len(term))):
        return {"start": start, "stride": stride}
    return {"places": [None if place == NOWHERE else int(place) for place in term]}


def _channels(channels: Channels | Axis) -> dict[str, Any]:
    if isinstance(channels, Axis):
        return _axis(channels)
    first, count, _ = channels.after
    return {"first": first, "count": count, "groups": channels.groups}


def _axis(axis: Axis) -> dict[str, Any]:
    told = progression(axis.taps, len(axis.readers))
    if told is None:
        return {"places": [sorted({int(i) for i in taps if i >= 0}) for taps in axis.taps]}
    return dict(zip(("start", "stride", "apart", "count"), told, strict=True))


def progression(taps: Places, size: int) -> tuple[int, int, int, int] | None:
    """Return (start, stride, apart, count) if the taps (n, count) are a progression, else None.

    Then place i of n reads start + stride i + apart k for k < count, as far as it is one of `size`; -1
    stands for what is not.
    """
    cells, numbers = np.nonzero(taps >= 0)
    places = np.column_stack([np.ones_like(cells), cells, numbers])
    found, *_ = np.linalg.lstsq(places.astype(float), taps[cells, numbers].astype(float))
    start, stride, apart = (int(number) for number in found.round())
    length, count = taps.shape
    expected = start + stride * np.arange(length)[:, None] + apart * np.arange(count)
    return (start, stride, apart, count) if np.array_equal(inside(expected, size), taps) else None

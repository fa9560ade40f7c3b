"""The pictures that excite a channel most and least, as the browser shows them: rows of buttons."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import cnn
from cnn.captions import top_pictures as captions
from cnn.inspection.batches import fitted_pictures
from cnn.inspection.top_pictures import Box, Picked, seen_part
from cnn.words import number
from dashboard.runtime.runtime import current
from dashboard.state.view import View

if TYPE_CHECKING:
    import keras

_ROWS = {"top": "Highest", "middle": "In the middle", "bottom": "Lowest"}
# Pixels of a smaller picture are shown as they are.
_MOST_SIDE = 96


def told(answer: cnn.TopPictures, view: View) -> dict[str, Any]:
    """Return the channel of the view as a sentence and rows of pictures, each with what it sees of them.

    A row has a `title`, a `note` and `items`; an item the `index` of the picture and its `name`, the
    `value`, the `label`, `whole` and `part` as addresses of images, and the `box` of the part in percent
    (left, top, width, height). There is no box where all of it is seen, and no part where most is.
    """
    runtime = current()
    model, data = runtime.model_of_many(view), runtime.dataset(view)
    channel = min(view.channel or 0, len(answer.channels) - 1)
    found = answer.channels[channel]
    named = captions.channel_name(answer.layer, channel, cnn.class_names(model))
    notes = {"bottom": captions.lowest(found)}
    return {
        "said": captions.of_channel(answer, channel, named),
        "pictures": [
            _row(
                model, data, answer.layer, channel, title, notes.get(name, ""), getattr(found, name)
            )
            for name, title in _ROWS.items()
            if found.top
        ],
    }


def _row(
    model: keras.Model,
    data: cnn.Dataset,
    layer: str,
    channel: int,
    title: str,
    note: str,
    pictures: Sequence[Picked],
) -> dict[str, Any]:
    names = [data[one.picture].class_name for one in pictures]
    items = [
        _item(model, data, layer, channel, one, name)
        for one, name in zip(pictures, names, strict=True)
    ]
    return {
        "title": title,
        "note": " ".join(filter(None, [captions.classes_of(names), note])),
        "items": items,
    }


def _item(
    model: keras.Model,
    data: cnn.Dataset,
    layer: str,
    channel: int,
    one: Picked,
    class_name: str | None,
) -> dict[str, Any]:
    (seen,) = fitted_pictures(model, [data[one.picture].pixels])
    height, width, _ = seen.shape
    box = seen_part(model, layer, channel, one.cell, (height, width))
    item: dict[str, Any] = {
        "index": one.picture,
        "name": captions.picture(one, class_name),
        "value": number(one.value, 4),
        "label": class_name or "",
        "whole": _address(seen),
    }
    if box is None:
        return item
    top, left, bottom, right = box
    item["box"] = _shares(box, height, width)
    if (bottom - top) * (right - left) < height * width / 2:
        item["part"] = _address(seen[top:bottom, left:right])
    return item


def _shares(box: Box, height: int, width: int) -> list[float]:
    """Return left, top, width and height of a box in percent of the picture."""
    top, left, bottom, right = box
    across = [100 * left / width, 100 * (right - left) / width]
    down = [100 * top / height, 100 * (bottom - top) / height]
    return [across[0], down[0], across[1], down[1]]


def _address(pixels: NDArray[np.uint8]) -> str:
    """Return a picture (height, width, channels) as a WebP in an address, at most 96 pixels on a side."""
    shown = np.ascontiguousarray(cnn.images.in_colours(pixels))
    picture = Image.fromarray(shown[..., 0] if shown.shape[-1] == 1 else shown)
    is_small = max(picture.size) <= _MOST_SIDE
    picture.thumbnail((_MOST_SIDE, _MOST_SIDE))
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", lossless=is_small, quality=85)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"

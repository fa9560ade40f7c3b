"""The picture of a view, before anything is done to it, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

import cnn
from cnn.data import datasets
from cnn.data.names import data_name, part_name
from dashboard.state import pixels
from dashboard.state.uploads import Uploads
from dashboard.state.view import View

if TYPE_CHECKING:
    import keras


_EMPTY = "an empty picture"


@dataclass(frozen=True, eq=False)
class Picture:
    """`pixels` uint8 (height, width, channels); `label` is its class where that is known.

    `described` is for those who do not see it, `caption` the lines beside it. `classes` are those of
    its data set, if it is `of_set`, and `is_own` says whether that is somebody's own.
    """

    pixels: NDArray[np.uint8]
    label: str | None
    described: str
    caption: str
    classes: tuple[str, ...] = ()
    of_set: bool = False
    is_own: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it is black everywhere, the ground of what is drawn: another colour is something."""
        return not self.pixels.any()

    def class_in(self, model: keras.Model) -> int | None:
        """Return the output of a model that stands for its class.

        None where it is not known, or where the model has other classes than the data set: the same
        word may then mean something else.
        """
        outputs = cnn.models.outputs_of_classes(model, self.classes, are_own=self.is_own)
        if self.label is None or outputs is None:
            return None
        return int(outputs[self.classes.index(self.label)])


def find(view: View, data: cnn.Dataset | None, uploads: Uploads) -> Picture:
    """Return the picture of the view: a drawing, an upload, or a sample of `data`."""
    if view.pixels and view.upload:
        return _own(pixels.decode(view.pixels), "upload", empty=_EMPTY)
    if view.pixels and view.made:
        return _own(pixels.decode(view.pixels), view.made, empty=_EMPTY)
    if view.pixels:
        return drawing(pixels.decode(view.pixels))
    if view.upload:
        uploaded = uploads.get(view.upload)
        size = cnn.captions.sides(uploaded.shape[:2])
        what = view.made or "upload"
        caption = f"Your {what}\n{size} pixels"
        return Picture(uploaded, None, f"Your {what}, {size} pixels", caption)
    assert data is not None
    return _sample(data, data[view.index])


def drawing(drawn: NDArray[np.uint8]) -> Picture:
    """Return what was drawn, uint8 (28, 28, 1), as a picture."""
    return _own(drawn, "drawing", empty="nothing drawn yet")


def _own(own: NDArray[np.uint8], what: str, *, empty: str) -> Picture:
    size = "28×28 pixels" if own.any() else empty
    return Picture(own, None, f"Your {what}: {size}", f"Your {what}\n{size}")


def _sample(data: cnn.Dataset, sample: cnn.Sample) -> Picture:
    name, source = sample.class_name, part_name(data_name(data.name), data.split)
    of = f"{source}, picture number {sample.index}"
    described = f"{of}, without a label" if name is None else f"{name}: {of}"
    numbers = f"(0 to {len(data) - 1:,})"
    place = f"{source}, number {sample.index} {numbers}"
    if (data.name, data.split) == (datasets.DIGITS, "all"):
        place = f"embedded digit {sample.index} {numbers}"
    label = "No label" if name is None else f"Label {name}"
    caption = f"{label}\n{place}"
    return Picture(
        sample.pixels, name, described, caption, data.class_names, of_set=True, is_own=data.is_own
    )


def sample_in_words(name: str, data: str, split: str, index: int) -> str:
    """Return which picture of a data set is meant, which is called so: "MNIST test, picture 0"."""
    if (data, split) == (datasets.DIGITS, "all"):
        return f"embedded digit {index}"
    return f"{part_name(name, split)}, picture {index}"


def perturbed_in_words(view: View) -> str:
    """Return what is done to the picture, in a line; nothing is an empty line."""
    done = [
        f"{allowed.words} {getattr(view, name):g}{allowed.unit}"
        for name, allowed in cnn.perturbations.RANGES.items()
        if getattr(view, name) != allowed.default
    ]
    done += ["inverted"] if view.invert else []
    done += ["partly erased"] if view.erased else []
    done += [f"adversarial, ε {view.epsilon:g}"] if view.epsilon else []
    return ", ".join(done)

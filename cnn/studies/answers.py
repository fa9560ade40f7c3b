"""What a study comes to. Over `pictures` of the `of` that the data set has."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnn.attribution.attribution import Attribution, Law
from cnn.attribution.counterfactual import Counterfactual, Norm
from cnn.attribution.methods import METHODS
from cnn.attribution.target import Target
from cnn.attribution.trust.cascade import Cascade
from cnn.attribution.trust.curves import Curves
from cnn.attribution.trust.linearity import Linearity
from cnn.attribution.trust.marks import FAIL
from cnn.attribution.trust.stability import Stability
from cnn.errors import AttributionError, CnnError
from cnn.inspection.diagnosis import Diagnosis
from cnn.inspection.top_pictures import TopPictures
from cnn.studies.packing import Shape, packed, unpacked
from cnn.studies.question import STRICT


@dataclass(frozen=True)
class Scores:
    """How well a network tells pictures: accuracy, mean loss, and the accuracy of each class.

    It is None for a class without a picture.
    """

    __pydantic_config__ = STRICT

    accuracy: float
    loss: float
    classes: list[float | None]


@dataclass(frozen=True)
class Evaluation:
    """How well a network tells pictures before and after channels were changed.

    `names` are those of the classes, `counts` the numbers of their pictures.
    """

    __pydantic_config__ = STRICT

    pictures: int
    of: int
    names: list[str]
    counts: list[int]
    before: Scores
    after: Scores


@dataclass(frozen=True)
class Channel:
    """A network without one channel: its accuracy and loss, and how much the loss rose (`cost`)."""

    __pydantic_config__ = STRICT

    channel: int
    cost: float
    accuracy: float
    loss: float


@dataclass(frozen=True)
class Ranking:
    """What each channel of a layer call is worth, the costliest first; before, none was off."""

    __pydantic_config__ = STRICT

    pictures: int
    of: int
    layer: str
    accuracy: float
    loss: float
    channels: list[Channel]


@dataclass(frozen=True)
class Trust:
    """How far a map can be trusted, each measure with a mark of its own; not every method is linear."""

    curves: Curves
    cascade: Cascade
    stability: Stability
    linearity: Linearity | None = None
    law: Law | None = None

    @property
    def pictures(self) -> int:
        """How many pictures were looked at: that of the map."""
        return 1

    @property
    def fails(self) -> bool:
        """Whether a measure says that the map is not to be trusted."""
        measures = (self.curves, self.cascade, self.stability, self.linearity, self.law)
        return any(measure is not None and measure.mark == FAIL for measure in measures)


@dataclass(frozen=True)
class Best:
    """The picture of a data set with the largest value of a number: its place, and over how many.

    `looked_at` are so many `of` all that it has; `value` is None where none could be read. `beside` are
    the further inputs of the network that got what is there for each picture.
    """

    __pydantic_config__ = STRICT

    data: str
    split: str
    looked_at: int
    of: int
    value: float | None = None
    place: int = 0
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unit:
    """A number of a network that is raised: its `target`, and what the network knows of it.

    `class_name` is that of the class whose logit it is; `is_mean` says whether without a cell it is the
    mean of a map.
    """

    __pydantic_config__ = STRICT

    target: Target
    class_name: str = ""
    is_mean: bool = False


@dataclass(frozen=True)
class Raised:
    """Pictures that raise a unit, as `synthesise` finds them, and the `best` one of a data set.

    They are of one `shape` (height, width, channels), each as text, `deflated`; `paths` are the values on
    the way to each, from the first, and `settings` the options of the synthesis.
    """

    __pydantic_config__ = STRICT

    unit: Unit
    shape: Shape
    deflated: list[str]
    paths: list[list[float]]
    settings: dict[str, int | float]
    best: Best

    @classmethod
    def of(
        cls,
        unit: Unit,
        found: Sequence[NDArray[np.uint8]],
        paths: Sequence[Sequence[float]],
        settings: Mapping[str, Any],
        best: Best,
    ) -> Raised:
        """Return the answer with pictures that were found, uint8 (height, width, channels) each."""
        height, width, channels = found[0].shape
        return cls(
            unit, (height, width, channels), [packed(one) for one in found],
            [[float(value) for value in path] for path in paths], dict(settings), best,
        )  # fmt: skip

    @property
    def found(self) -> list[NDArray[np.uint8]]:
        """The pictures, uint8 (height, width, channels) each."""
        return [unpacked(one, self.shape) for one in self.deflated]

    @property
    def pictures(self) -> int:
        """How many steps were made, which is what is counted while it is done."""
        return sum(map(len, self.paths))


@dataclass(frozen=True)
class KeptMap:
    """A map of attribution as a file holds it, or why there is none (`refusal`).

    `deflated` are the float32 numbers of its `shape`, in base64. Pictures that the method compared with
    are not kept.
    """

    __pydantic_config__ = STRICT

    method: str
    target: Target
    refusal: str = ""
    value: float = 0.0
    shape: tuple[int, ...] = ()
    deflated: str = ""
    settings: dict[str, int | float | str] = field(default_factory=dict)
    law: Law | None = None
    note: str = ""

    @classmethod
    def of(cls, made: Attribution) -> KeptMap:
        """Return a map to keep."""
        return cls(
            made.method, made.target, value=made.value, shape=made.map.shape,
            deflated=base64.b64encode(zlib.compress(made.map.tobytes())).decode(),
            settings=_plain(made.settings), law=made.law, note=made.note,
        )  # fmt: skip

    @property
    def attribution(self) -> Attribution | CnnError:
        """The map, or the error that says why there is none."""
        if self.refusal:
            return AttributionError(self.refusal)
        numbers = np.frombuffer(zlib.decompress(base64.b64decode(self.deflated)), np.float32)
        options = METHODS[self.method].options
        settings: dict[str, Any] = {name: self.settings.get(name, []) for name in options}
        plane = numbers.reshape(self.shape)
        return Attribution(
            self.method, self.target, self.value, plane, settings, self.law, self.note
        )


def _plain(settings: Mapping[str, object]) -> dict[str, int | float | str]:
    return {name: one for name, one in settings.items() if isinstance(one, int | float | str)}


@dataclass(frozen=True)
class Maps:
    """Maps of attribution of one picture, in the order in which they were asked for."""

    __pydantic_config__ = STRICT

    maps: list[KeptMap]

    @property
    def pictures(self) -> int:
        """How many pictures were looked at: that of the maps."""
        return 1


@dataclass(frozen=True)
class Turned:
    """A change into the class `target`, as `counterfactual` finds it.

    Both pictures are of one `shape` (height, width, channels), each as text; `probabilities` are what the
    network said of each picture of the way, and of the controls.
    """

    __pydantic_config__ = STRICT

    target: int
    norm: Norm
    shape: Shape
    before: str
    after: str
    probabilities: list[list[float]]

    @classmethod
    def of(cls, made: Counterfactual, said: NDArray[np.float32]) -> Turned:
        """Return a change to keep, with all that the network said."""
        height, width, channels = made.before.shape
        return cls(
            made.target, made.norm, (height, width, channels), packed(made.before),
            packed(made.after), [[float(one) for one in row] for row in said],
        )  # fmt: skip

    @property
    def found(self) -> Counterfactual:
        """The change."""
        before, after = (unpacked(one, self.shape) for one in (self.before, self.after))
        said = np.array(self.probabilities, np.float32)
        return Counterfactual.of(self.target, self.norm, before, after, said)

    @property
    def pictures(self) -> int:
        """How many pictures the network was asked of, which is what is counted while it is done."""
        return len(self.probabilities)


Answer = Evaluation | Ranking | Diagnosis | Trust | TopPictures | Raised | Maps | Turned
